import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";
import type { DataType } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import { compareOrdered, decodeOrdered, encodeOrdered, type Ordered } from "./order-key.ts";

const EMPTY = 0;
const PRESENT = 1;

/** The value of the first record that has one, in the order of records; null where there is none. No group. */
export function firstOf(type: DataType): Algebra<Ordered | null> {
  return endOf(type, -1);
}

/** The value of the last record that has one, in the order of records; null where there is none. No group. */
export function lastOf(type: DataType): Algebra<Ordered | null> {
  return endOf(type, 1);
}

function endOf(type: DataType, sign: 1 | -1): Algebra<Ordered | null> {
  const further = (a: Ordered | null, b: Ordered): Ordered => (a === null || sign * compareOrdered(b, a) > 0 ? b : a);
  return {
    ordered: true,
    empty: () => null,
    add: (state, value, key) => {
      assert(key !== undefined, "an ordered aggregation is given order keys");
      return further(state, { value, key });
    },
    remove: null,
    merge: (into, from) => (from === null ? into : further(into, from)),
    finish: (state) => (state === null ? null : state.value),
    isEmpty: (state) => state === null,
    overflows: null,
    encode: (state, out) => {
      out.u8(state === null ? EMPTY : PRESENT);
      if (state !== null) encodeOrdered(out, type, state);
    },
    decode: (input) => {
      const marker = input.u8();
      if (marker > PRESENT) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no first or last value", {});
      return marker === EMPTY ? null : decodeOrdered(input, type);
    },
  };
}
