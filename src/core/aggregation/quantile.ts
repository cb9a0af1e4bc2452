import type { Algebra } from "./algebra.ts";
import { QuantileSketch } from "./quantile-sketch.ts";

/**
 * The quantile q to within a relative error of `accuracy`; null where there is nothing. NaN counts as greater than
 * all numbers, magnitudes below 2^−126 as zero and from 2^128 on as infinite. A group.
 */
export function quantileOf(q: number, accuracy: number): Algebra<QuantileSketch> {
  let bits = 0;
  while (2 ** -(bits + 1) > accuracy) bits++;
  return {
    ordered: false,
    empty: () => new QuantileSketch(bits),
    add: (state, value) => {
      state.add(Number(value), 1);
      return state;
    },
    remove: (state, value) => {
      state.add(Number(value), -1);
      return state;
    },
    merge: (into, from) => {
      into.merge(from);
      return into;
    },
    finish: (state) => state.quantile(q),
    isEmpty: (state) => state.total === 0,
    overflows: null,
    encode: (state, out) => state.encode(out),
    decode: (input) => QuantileSketch.decode(input, bits),
  };
}
