import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import type { FeatureValue } from "./feature-type.ts";

const COUNTED = 0;
const OVERFLOWN = 1;

/** How often each value occurs; null once there are more different values than the declared limit. */
export interface ValueCounts {
  counts: Map<Value, number> | null;
}

/**
 * The algebra behind topK and histogram: exact counts of at most `limit` different values. Beyond that the answer is
 * null with status OVERFLOW, and the counts are let go: whatever is added, the window holds too many different values
 * already. That is also why it is no group: from there no removal leads back, unless counts are kept without bound, as
 * `sliding` does.
 */
export function valueCountsOf(
  type: DataType,
  limit: number,
  finish: (counts: ReadonlyMap<Value, number>) => FeatureValue,
): Algebra<ValueCounts> {
  const sliding = slidingCountsOf(type, limit, finish);
  return { ...countsOf(type, limit, limit, finish), sliding: sliding as Algebra<unknown> };
}

/** The same as a group, whose states count all values there are: not to be stored. */
export function slidingCountsOf(
  type: DataType,
  limit: number,
  finish: (counts: ReadonlyMap<Value, number>) => FeatureValue,
): Algebra<ValueCounts> {
  return {
    ...countsOf(type, limit, Infinity, finish),
    remove: (state, value) => {
      const times = state.counts!.get(value);
      assert(times !== undefined, "what is removed was added");
      if (times === 1) state.counts!.delete(value);
      else state.counts!.set(value, times - 1);
      return state;
    },
  };
}

/** With at most `limit` different values in an answer and at most `held` in a state. */
function countsOf(
  type: DataType,
  limit: number,
  held: number,
  finish: (counts: ReadonlyMap<Value, number>) => FeatureValue,
): Algebra<ValueCounts> {
  const add = (state: ValueCounts, value: Value, times: number): void => {
    if (state.counts === null) return;
    state.counts.set(value, (state.counts.get(value) ?? 0) + times);
    if (state.counts.size > held) state.counts = null;
  };
  const overflows = ({ counts }: ValueCounts): boolean => counts === null || counts.size > limit;
  return {
    ordered: false,
    empty: () => ({ counts: new Map() }),
    add: (state, value) => {
      add(state, value, 1);
      return state;
    },
    remove: null,
    merge: (into, from) => {
      if (from.counts === null) into.counts = null;
      else for (const [value, times] of from.counts) add(into, value, times);
      return into;
    },
    finish: (state) => (overflows(state) ? null : finish(state.counts!)),
    isEmpty: (state) => state.counts !== null && state.counts.size === 0,
    overflows,
    encode: (state, out) => encode(overflows(state) ? { counts: null } : state, type, out),
    decode: (input) => decode(input, type, limit),
  };
}

function encode({ counts }: ValueCounts, type: DataType, out: ByteWriter): void {
  out.u8(counts === null ? OVERFLOWN : COUNTED);
  if (counts === null) return;
  out.varint(counts.size);
  for (const [value, times] of [...counts].sort(([a], [b]) => compareValues(a, b))) {
    encodePresent(out, type, value);
    out.varint(times);
  }
}

function decode(input: ByteReader, type: DataType, limit: number): ValueCounts {
  const form = input.u8();
  if (form === OVERFLOWN) return { counts: null };
  const size = form === COUNTED ? input.varint() : Infinity;
  if (size > limit) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no counts of values", {});
  const counts = new Map<Value, number>();
  for (let i = 0; i < size; i++) {
    const value = decodePresent(input, type);
    counts.set(value, input.varint());
  }
  return { counts };
}
