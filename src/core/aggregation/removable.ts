import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";
import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Algebra, Contributed, OrderKey } from "./algebra.ts";
import { compareOrdered, decodeOrdered, encodeOrdered } from "./order-key.ts";

/** A value that is in a state, and how often; with where its record stands, where that matters. */
interface Kept {
  readonly value: Value;
  readonly key: OrderKey | null;
  times: number;
}

/** What an aggregation without `remove` needs so that it can: its own state, and beside it everything that was added. */
export interface KeptValues {
  /** The aggregation's own state of all of it; undefined after a removal, until it is asked for. */
  total: unknown;
  kept: Kept[];
  /** Whether `kept` is in order, each value once. */
  isOrdered: boolean;
  /** More of what is kept, as it was stored: who only reads never looks inside. */
  stored: readonly Uint8Array[];
}

/**
 * An aggregation that can remove: itself where it can already, else beside the multiset of its values (and order keys),
 * from which it is made again after a removal. Its state grows with the number of different values: it is for tiles of
 * records that may be withdrawn.
 */
export function removable<V extends Contributed>(
  base: Algebra<unknown, V>,
  type: DataType | null,
): Algebra<unknown, V> {
  if (base.remove !== null) return base;
  if (base.removableBy !== undefined) return base.removableBy((each) => removable(each, type));
  assert(type !== null, "an aggregation that keeps values has an argument");
  return keptValuesOf(base as Algebra<unknown>, type) as Algebra<unknown, Contributed>;
}

function keptValuesOf(base: Algebra<unknown>, type: DataType): Algebra<KeptValues> {
  const { ordered } = base;
  const compare = ordered ? compareKeyed : compareKept;
  const writer = new ByteWriter();

  /** All that is kept, in order. */
  const inOrder = (state: KeptValues): Kept[] => {
    if (state.stored.length > 0) {
      // What is stored mostly comes before what was added since.
      const added = state.kept;
      state.kept = [];
      for (const bytes of state.stored) append(state, decodeKept(bytes, type, ordered), compare);
      append(state, added, compare);
      state.stored = [];
    }
    if (!state.isOrdered) state.kept = joined(state.kept.sort(compare), compare);
    state.isOrdered = true;
    return state.kept;
  };
  const totalOf = (state: KeptValues): unknown => {
    if (state.total !== undefined) return state.total;
    let total = base.empty();
    for (const { value, key, times } of inOrder(state)) {
      const order = key ?? undefined;
      if (times < MANY) for (let i = 0; i < times; i++) total = base.add(total, value, order);
      else total = base.merge(total, repeated(base, base.add(base.empty(), value, order), times));
    }
    state.total = total;
    return total;
  };
  const item = (value: Value, order: OrderKey | undefined): Kept => {
    assert(!ordered || order !== undefined, "an ordered aggregation is given order keys");
    return { value, key: ordered ? order! : null, times: 1 };
  };

  return {
    ordered,
    empty: () => ({ total: base.empty(), kept: [], isOrdered: true, stored: [] }),
    add: (state, value, order) => {
      if (state.total !== undefined) state.total = base.add(state.total, value, order);
      append(state, [item(value, order)], compare);
      return state;
    },
    remove: (state, value, order) => {
      const kept = inOrder(state);
      const wanted = item(value, order);
      const at = placeOf(kept, wanted, compare);
      assert(at < kept.length && compare(kept[at], wanted) === 0, "what is removed was added");
      if (--kept[at].times === 0) kept.splice(at, 1);
      state.total = undefined;
      return state;
    },
    merge: (into, from) => {
      if (into.total !== undefined) into.total = base.merge(into.total, totalOf(from));
      into.stored = into.stored.length === 0 ? from.stored : [...into.stored, ...from.stored];
      append(into, from.kept, compare);
      return into;
    },
    finish: (state) => base.finish(totalOf(state)),
    isEmpty: (state) => state.kept.length === 0 && state.stored.length === 0,
    overflows: base.overflows === null ? null : (state) => base.overflows!(totalOf(state)),
    encode: (state, out) => {
      base.encode(totalOf(state), out);
      if (state.kept.length === 0 && state.stored.length === 1) return out.bytes(state.stored[0]);
      writer.reset();
      for (const one of inOrder(state)) {
        writer.varint(one.times);
        if (one.key === null) encodePresent(writer, type, one.value);
        else encodeOrdered(writer, type, { value: one.value, key: one.key });
      }
      out.bytes(writer.view());
    },
    decode: (input) => {
      const total = base.decode(input);
      const bytes = input.bytes();
      return { total, kept: [], isOrdered: true, stored: bytes.length === 0 ? [] : [bytes] };
    },
  };
}

/** So often the same value is added by doubling. */
const MANY = 8;

/** A state with so many copies of what is in one. */
function repeated(base: Algebra<unknown>, one: unknown, times: number): unknown {
  let total = base.empty();
  let power = one;
  for (let rest = times; ;) {
    if (rest % 2 === 1) total = base.merge(total, power);
    rest = Math.floor(rest / 2);
    if (rest === 0) return total;
    power = base.merge(base.merge(base.empty(), power), power);
  }
}

function compareKept(a: Kept, b: Kept): number {
  return compareValues(a.value, b.value);
}

function compareKeyed(a: Kept, b: Kept): number {
  return compareOrdered({ value: a.value, key: a.key! }, { value: b.value, key: b.key! });
}

/** Adds what belongs to someone else. What comes in order, as most records do, leaves what is in order so. */
function append(state: KeptValues, added: readonly Kept[], compare: (a: Kept, b: Kept) => number): void {
  for (const one of added) {
    const last = state.kept.at(-1);
    const place = last === undefined ? -1 : compare(last, one);
    if (place === 0) last!.times += one.times;
    else state.kept.push({ ...one });
    if (place > 0) state.isOrdered = false;
  }
}

/** What is equal stands together: makes one of it. */
function joined(kept: readonly Kept[], compare: (a: Kept, b: Kept) => number): Kept[] {
  const result: Kept[] = [];
  for (const one of kept) {
    const last = result.at(-1);
    if (last !== undefined && compare(last, one) === 0) last.times += one.times;
    else result.push(one);
  }
  return result;
}

/** The first place whose value is not below. */
function placeOf(kept: readonly Kept[], wanted: Kept, compare: (a: Kept, b: Kept) => number): number {
  let low = 0;
  let high = kept.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(kept[middle], wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @throws AsofError ASOF_CORRUPT */
function decodeKept(bytes: Uint8Array, type: DataType, ordered: boolean): Kept[] {
  const input = new ByteReader(bytes);
  const kept: Kept[] = [];
  while (input.remaining > 0) {
    const times = input.varint();
    if (times === 0) throw new AsofError("ASOF_CORRUPT", "stored bytes hold a value that never occurs", {});
    const item = ordered ? decodeOrdered(input, type) : { value: decodePresent(input, type), key: null };
    kept.push({ ...item, times });
  }
  return kept;
}
