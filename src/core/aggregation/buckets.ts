import { assert } from "../assert.ts";
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
 * A state lets go of all buckets once they are too many, as a window that holds such a tile has too many already; no
 * removal leads back from there, so that it is no group, whatever the base is. States that keep them all are one.
 */
export function bucketsOf<S>(base: Algebra<S>, key: DataType, limit: number): Algebra<Buckets<S>, Keyed> {
  const each = base as Algebra<unknown>;
  const group = each.remove === null ? each.sliding : each;
  return {
    ...bucketAlgebra(base, key, limit, limit),
    ...(group === undefined ? {} : { sliding: keepingAll(group, key, limit) }),
    removableBy: (group) => keepingAll(group(each), key, limit),
  };
}

/** With all keys in every state, over a base that can remove. */
function keepingAll<S>(base: Algebra<S>, key: DataType, limit: number): Algebra<unknown, Keyed> {
  const { remove } = base;
  assert(remove !== null, "what is under a key can be removed");
  const algebra: Algebra<Buckets<S>, Keyed> = {
    ...bucketAlgebra(base, key, limit, Infinity),
    remove: (state, { key, value }, order) => {
      const present = state.byKey!.get(key);
      assert(present !== undefined, "what is removed was added");
      const bucket = remove.call(base, present, value, order);
      if (base.isEmpty(bucket)) state.byKey!.delete(key);
      else state.byKey!.set(key, bucket);
      return state;
    },
  };
  return algebra as Algebra<unknown, Keyed>;
}

/** With at most `limit` keys in an answer and at most `held` in a state. */
function bucketAlgebra<S>(base: Algebra<S>, type: DataType, limit: number, held: number): Algebra<Buckets<S>, Keyed> {
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
      out.u8(state.byKey === null ? OVERFLOWN : HELD);
      if (state.byKey === null) return;
      out.varint(state.byKey.size);
      for (const [key, bucket] of inOrder(state.byKey)) {
        encodePresent(out, type, key);
        base.encode(bucket, out);
      }
    },
    decode: (input) => {
      const form = input.u8();
      if (form === OVERFLOWN && held === limit) return { byKey: null };
      const size = form === HELD ? input.varint() : NaN;
      if (!(size <= held)) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no values by key", {});
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
