import type { Algebra } from "./algebra.ts";

/** How many records there are; of an argument, how many values that are not null. A group: counts add up. */
export const count: Algebra<number> = {
  ordered: false,
  empty: () => 0,
  add: (state) => state + 1,
  remove: (state) => state - 1,
  merge: (into, from) => into + from,
  finish: (state) => state,
  isEmpty: (state) => state === 0,
  overflows: null,
  encode: (state, out) => out.varint(state),
  decode: (input) => input.varint(),
  mergeEncoded: (into, input) => into + input.varint(),
};
