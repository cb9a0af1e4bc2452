import type { Kind } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import { Moments } from "./moments.ts";
import { parts, splitOf } from "./number-sum.ts";

/** The sample variance, from exact sums, rounded once; null below two values. A group. */
export function varianceOf(kind: Kind): Algebra<Moments> {
  return overMoments(kind, (state) => state.variance());
}

/** The root of the sample variance; null below two values. A group. */
export function stddevOf(kind: Kind): Algebra<Moments> {
  return overMoments(kind, (state) => {
    const variance = state.variance();
    return variance === null ? null : Math.sqrt(variance);
  });
}

function overMoments(kind: Kind, finish: (state: Moments) => number | null): Algebra<Moments> {
  const split = splitOf(kind);
  return {
    ordered: false,
    empty: () => new Moments(),
    add: (state, value) => {
      split(value);
      state.add(parts.high, parts.low, 1);
      return state;
    },
    remove: (state, value) => {
      split(value);
      state.add(parts.high, parts.low, -1);
      return state;
    },
    merge: (into, from) => {
      into.merge(from);
      return into;
    },
    finish,
    isEmpty: (state) => state.count === 0,
    overflows: null,
    encode: (state, out) => state.encode(out),
    decode: (input) => Moments.decode(input),
  };
}
