import { assert } from "../assert.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Algebra, Contributed, OrderKey } from "./algebra.ts";
import { type Kept, type KeptCodec, KeptValues } from "./kept-values.ts";
import { compareOrdered, decodeOrdered, encodeOrdered } from "./order-key.ts";

/** What an aggregation without `remove` needs so that it can: its own state, and beside it everything that was added. */
interface RemovableState {
  /** The aggregation's own state of all of it; undefined after a removal, until it is asked for. */
  total: unknown;
  readonly values: KeptValues<unknown>;
  /** More values, as they were stored or as they came: who only reads never sorts them in. */
  stored: readonly Uint8Array[];
  added: Kept[];
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
  const codec = base.ordered ? orderedCodec(type) : valueCodec(type);
  return keepingValues(base as Algebra<unknown>, codec) as Algebra<unknown, Contributed>;
}

function keepingValues(base: Algebra<unknown>, codec: KeptCodec): Algebra<RemovableState> {
  const { ordered } = base;
  const writer = new ByteWriter();
  const encoded = (values: KeptValues<unknown>): Uint8Array => {
    writer.reset();
    values.encode(writer);
    return writer.view();
  };
  const ofPage = (items: readonly Kept[]): unknown => {
    let total = base.empty();
    for (const { value, key, times } of items) {
      const order = key ?? undefined;
      if (times < MANY) for (let i = 0; i < times; i++) total = base.add(total, value, order);
      else total = base.merge(total, repeated(base, base.add(base.empty(), value, order), times));
    }
    return total;
  };
  /** All values, sorted in. */
  const valuesOf = (state: RemovableState): KeptValues<unknown> => {
    const { values } = state;
    for (const bytes of state.stored)
      if (values.isEmpty) values.restore(bytes);
      else {
        const more = new KeptValues(codec);
        more.restore(bytes);
        for (const kept of more) values.add(kept);
      }
    for (const kept of state.added) values.add(kept);
    state.stored = [];
    state.added = [];
    return values;
  };
  const totalOf = (state: RemovableState): unknown => {
    if (state.total === undefined)
      state.total = valuesOf(state).total(base.empty(), ofPage, (into, from) => base.merge(into, from));
    return state.total;
  };
  const one = (value: Value, order: OrderKey | undefined): Kept => {
    assert(!ordered || order !== undefined, "an ordered aggregation is given order keys");
    return { value, key: ordered ? order! : null, times: 1 };
  };

  return {
    ordered,
    empty: () => ({ total: base.empty(), values: new KeptValues(codec), stored: [], added: [] }),
    add: (state, value, order) => {
      if (state.total !== undefined) state.total = base.add(state.total, value, order);
      state.added.push(one(value, order));
      return state;
    },
    remove: (state, value, order) => {
      valuesOf(state).remove(one(value, order));
      state.total = undefined;
      return state;
    },
    merge: (into, from) => {
      if (into.total !== undefined) into.total = base.merge(into.total, totalOf(from));
      const sorted = from.values.isEmpty ? [] : [encoded(from.values).slice()];
      into.stored = [...into.stored, ...from.stored, ...sorted];
      for (const kept of from.added) into.added.push(kept);
      return into;
    },
    finish: (state) => base.finish(totalOf(state)),
    isEmpty: ({ values, stored, added }) => values.isEmpty && stored.length === 0 && added.length === 0,
    overflows: base.overflows === null ? null : (state) => base.overflows!(totalOf(state)),
    encode: (state, out) => {
      base.encode(totalOf(state), out);
      const { values, stored, added } = state;
      if (values.isEmpty && added.length === 0 && stored.length === 1) out.bytes(stored[0]);
      else out.bytes(encoded(valuesOf(state)));
    },
    decode: (input) => {
      const total = base.decode(input);
      const bytes = input.bytes();
      return { total, values: new KeptValues(codec), stored: bytes.length === 0 ? [] : [bytes], added: [] };
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

function valueCodec(type: DataType): KeptCodec {
  return {
    compare: (a, b) => compareValues(a.value, b.value),
    encode: (out, { value }) => encodePresent(out, type, value),
    decode: (input) => ({ value: decodePresent(input, type), key: null }),
  };
}

function orderedCodec(type: DataType): KeptCodec {
  return {
    compare: (a, b) => compareOrdered({ value: a.value, key: a.key! }, { value: b.value, key: b.key! }),
    encode: (out, { value, key }) => encodeOrdered(out, type, { value, key: key! }),
    decode: (input) => decodeOrdered(input, type),
  };
}
