import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";
import type { DataType } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import { compareOrdered, decodeOrdered, encodeOrdered, type Ordered } from "./order-key.ts";

/**
 * The values of the last n records that have one, the newest first, so that element 0 is the same for every n.
 * Empty where there is none. No group: what falls out is forgotten.
 */
export function lastNOf(type: DataType, n: number): Algebra<Ordered[]> {
  return {
    ordered: true,
    empty: () => [],
    add: (state, value, key) => {
      assert(key !== undefined, "an ordered aggregation is given order keys");
      const item = { value, key };
      // Oldest first, so that records in their order, as they mostly come, go to the end.
      let at = state.length;
      while (at > 0 && compareOrdered(state[at - 1], item) > 0) at--;
      if (at === 0 && state.length === n) return state;
      state.splice(at, 0, item);
      if (state.length > n) state.shift();
      return state;
    },
    remove: null,
    merge: (into, from) => {
      if (from.length === 0) return into;
      const merged: Ordered[] = [];
      let i = into.length - 1;
      let j = from.length - 1;
      while (merged.length < n && (i >= 0 || j >= 0)) {
        const older = j < 0 || (i >= 0 && compareOrdered(into[i], from[j]) >= 0);
        merged.push(older ? into[i--] : from[j--]);
      }
      return merged.reverse();
    },
    finish: (state) => state.map(({ value }) => value).reverse(),
    isEmpty: (state) => state.length === 0,
    overflows: null,
    encode: (state, out) => {
      out.varint(state.length);
      for (const item of state) encodeOrdered(out, type, item);
    },
    decode: (input) => {
      const count = input.varint();
      if (count > n) throw new AsofError("ASOF_CORRUPT", `stored bytes hold ${count} values, not at most ${n}`, {});
      return Array.from({ length: count }, () => decodeOrdered(input, type));
    },
  };
}
