import { AsofError } from "../errors.ts";
import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Algebra, Keyed } from "./algebra.ts";

const HELD = 0;
const OVERFLOWN = 1;

/** A state for each key that occurs; null once there are more keys than the declared limit. */
export interface Buckets<S> {
  byKey: Map<Value, S> | null;
}

/**
 * Another aggregation for each key: a map by the keys' text, in the canonical order of the keys, of at most `limit`.
 * Above that it is null (OVERFLOW); no key is in it without a value; empty where there is nothing.
 *
 * What is stored lets go of all buckets once they are too many, as a window that holds such a tile has too many
 * already; no removal leads back from there, so that it is no group, whatever the base is. States that are never
 * stored can keep them: `sliding` is a group where the base is.
 */
export function bucketsOf<S>(base: Algebra<S>, key: DataType, limit: number): Algebra<Buckets<S>, Keyed> {
  const bounded = bucketAlgebra(base, key, limit, limit);
  const { remove } = base;
  if (remove === null) return bounded;
  return {
    ...bounded,
    sliding: {
      ...bucketAlgebra(base, key, limit, Infinity),
      remove: (state, { key, value }, order) => {
        const bucket = remove.call(base, state.byKey!.get(key)!, value, order);
        if (base.isEmpty(bucket)) state.byKey!.delete(key);
        else state.byKey!.set(key, bucket);
        return state;
      },
    },
  };
}

/** With at most `limit` keys in an answer and at most `held` in a state. */
function bucketAlgebra<S>(
  base: Algebra<S>,
  type: DataType,
  limit: number,
  held: number,
): Algebra<Buckets<S>, Keyed> & { readonly remove: null } {
  const put = (state: Buckets<S>, key: Value, bucket: S): void => {
    state.byKey!.set(key, bucket);
    if (state.byKey!.size > held) state.byKey = null;
  };
  const overflows = ({ byKey }: Buckets<S>): boolean => byKey === null || byKey.size > limit;
  return {
    ordered: base.ordered,
    empty: () => ({ byKey: new Map() }),
    add: (state, { key, value }, order) => {
      if (state.byKey !== null) put(state, key, base.add(state.byKey.get(key) ?? base.empty(), value, order));
      return state;
    },
    remove: null,
    merge: (into, from) => {
      if (from.byKey === null) into.byKey = null;
      else
        for (const [key, bucket] of from.byKey) {
          if (into.byKey === null) break;
          put(into, key, base.merge(into.byKey.get(key) ?? base.empty(), bucket));
        }
      return into;
    },
    finish: (state) => {
      if (overflows(state)) return null;
      // fromEntries defines own properties, also one named __proto__.
      return Object.fromEntries(
        inOrder(state.byKey!).map(([key, bucket]) => [String(key), base.finish(bucket) as Value]),
      );
    },
    isEmpty: ({ byKey }) => byKey !== null && byKey.size === 0,
    overflows,
    encode: (state, out) => {
      out.u8(overflows(state) ? OVERFLOWN : HELD);
      if (overflows(state)) return;
      out.varint(state.byKey!.size);
      for (const [key, bucket] of inOrder(state.byKey!)) {
        encodePresent(out, type, key);
        base.encode(bucket, out);
      }
    },
    decode: (input) => {
      const form = input.u8();
      if (form === OVERFLOWN) return { byKey: null };
      const size = form === HELD ? input.varint() : Infinity;
      if (size > limit) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no values by key", {});
      const byKey = new Map<Value, S>();
      for (let i = 0; i < size; i++) {
        const key = decodePresent(input, type);
        byKey.set(key, base.decode(input));
      }
      return { byKey };
    },
  };
}

function inOrder<S>(byKey: ReadonlyMap<Value, S>): (readonly [Value, S])[] {
  return [...byKey].sort(([a], [b]) => compareValues(a, b));
}
