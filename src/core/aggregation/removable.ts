import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Algebra, Contributed, OrderKey } from "./algebra.ts";
import type { FeatureValue } from "./feature-type.ts";
import { compareOrdered, decodeOrdered, encodeOrdered } from "./order-key.ts";

/** A value that is in a state, and how often; with where its record stands, where that matters. */
interface Kept {
  readonly value: Value;
  readonly key: OrderKey | null;
  times: number;
}

/** What an aggregation without `remove` keeps instead of its own state: everything that was added. */
export interface KeptValues {
  kept: Kept[];
  /** Whether `kept` is in order, each value once. */
  isOrdered: boolean;
}

/**
 * An aggregation that can remove: itself where it can already, else over the multiset of its values (and order keys),
 * whose answer is that of the aggregation. Its state grows with the number of different values: it is for tiles of
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
  const inOrder = (state: KeptValues): readonly Kept[] => {
    if (!state.isOrdered) state.kept = joined(state.kept.sort(compare), compare);
    state.isOrdered = true;
    return state.kept;
  };
  const through = (state: KeptValues): unknown => {
    let total = base.empty();
    for (const { value, key, times } of state.kept) {
      const order = key ?? undefined;
      if (times < MANY) for (let i = 0; i < times; i++) total = base.add(total, value, order);
      else total = base.merge(total, repeated(base, base.add(base.empty(), value, order), times));
    }
    return total;
  };
  const item = (value: Value, order: OrderKey | undefined): Kept => {
    assert(!ordered || order !== undefined, "an ordered aggregation is given order keys");
    return { value, key: ordered ? order! : null, times: 1 };
  };

  return {
    ordered,
    empty: () => ({ kept: [], isOrdered: true }),
    add: (state, value, order) => {
      const added = item(value, order);
      // Records that come in order, and values that come again, leave what is in order so.
      const last = state.kept.at(-1);
      const place = last === undefined ? -1 : compare(last, added);
      if (place === 0) last!.times++;
      else {
        state.kept.push(added);
        if (place > 0) state.isOrdered = false;
      }
      return state;
    },
    remove: (state, value, order) => {
      const kept = inOrder(state);
      const wanted = item(value, order);
      const at = placeOf(kept, wanted, compare);
      assert(at < kept.length && compare(kept[at], wanted) === 0, "what is removed was added");
      if (--kept[at].times === 0) state.kept.splice(at, 1);
      return state;
    },
    merge: (into, from) => {
      if (from.kept.length === 0) return into;
      const last = into.kept.at(-1);
      into.isOrdered &&= from.isOrdered && (last === undefined || compare(last, from.kept[0]) < 0);
      for (const one of from.kept) into.kept.push({ ...one });
      return into;
    },
    finish: (state): FeatureValue => base.finish(through(state)),
    isEmpty: (state) => state.kept.length === 0,
    overflows: base.overflows === null ? null : (state) => base.overflows!(through(state)),
    encode: (state, out) => {
      const kept = inOrder(state);
      out.varint(kept.length);
      for (const one of kept) {
        out.varint(one.times);
        encodeItem(out, type, one);
      }
    },
    decode: (input) => {
      const kept: Kept[] = [];
      for (let n = input.varint(); n > 0; n--) {
        const times = input.varint();
        if (times === 0) throw new AsofError("ASOF_CORRUPT", "stored bytes hold a value that never occurs", {});
        kept.push({ ...decodeItem(input, type, ordered), times });
      }
      return { kept, isOrdered: true };
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

function encodeItem(out: ByteWriter, type: DataType, { value, key }: Kept): void {
  if (key === null) encodePresent(out, type, value);
  else encodeOrdered(out, type, { value, key });
}

function decodeItem(input: ByteReader, type: DataType, ordered: boolean): Omit<Kept, "times"> {
  return ordered ? decodeOrdered(input, type) : { value: decodePresent(input, type), key: null };
}
