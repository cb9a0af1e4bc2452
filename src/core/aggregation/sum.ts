import type { Kind } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import type { FeatureValue } from "./feature-type.ts";
import { NumberSum, parts, splitOf } from "./number-sum.ts";

/** The exact sum, rounded once, half to even; null where there is nothing. A group. */
export function sumOf(kind: Kind): Algebra<NumberSum> {
  return overSum(kind, ({ sum }) => sum.value());
}

/** The rounded sum divided by how many, never −0; null where there is nothing. A group. */
export function avgOf(kind: Kind): Algebra<NumberSum> {
  return overSum(kind, ({ sum, count }) => sum.value() / count + 0);
}

function overSum(kind: Kind, finish: (state: NumberSum) => FeatureValue): Algebra<NumberSum> {
  const law = {
    ordered: false,
    empty: () => new NumberSum(),
    merge: (into: NumberSum, from: NumberSum): NumberSum => {
      into.merge(from);
      return into;
    },
    finish: (state: NumberSum) => (state.count === 0 ? null : finish(state)),
    isEmpty: (state: NumberSum) => state.count === 0,
    overflows: null,
    encode: (state, out) => state.encode(out),
    decode: (input) => NumberSum.decode(input),
    mergeEncoded: (into, input) => {
      into.mergeEncoded(input);
      return into;
    },
  } satisfies Omit<Algebra<NumberSum>, "add" | "remove">;

  // Most values are doubles already, and this is the hottest path there is.
  if (kind === "float64" || kind === "int32")
    return {
      ...law,
      add: (state, value) => {
        state.count++;
        state.sum.add(value as number);
        return state;
      },
      remove: (state, value) => {
        state.count--;
        state.sum.subtract(value as number);
        return state;
      },
    };
  const split = splitOf(kind);
  return {
    ...law,
    add: (state, value) => {
      split(value);
      state.count++;
      state.sum.add(parts.high);
      if (parts.low !== 0) state.sum.add(parts.low);
      return state;
    },
    remove: (state, value) => {
      split(value);
      state.count--;
      state.sum.subtract(parts.high);
      if (parts.low !== 0) state.sum.subtract(parts.low);
      return state;
    },
  };
}
