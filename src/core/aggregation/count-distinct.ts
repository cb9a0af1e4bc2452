import { AsofError } from "../errors.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import { HyperLogLog } from "./hyper-log-log.ts";
import { murmur3 } from "./murmur3.ts";
import { SlidingHyperLogLog } from "./sliding-hyper-log-log.ts";
import { slidingCountsOf, type ValueCounts } from "./value-counts.ts";

const EXACT = 0;
const SKETCH = 1;

/** The set of values itself while it has no more than the declared number, else a sketch of the whole set. */
export interface DistinctState {
  values: Set<Value> | null;
  sketch: HyperLogLog | null;
}

/** Every value, how often it is there, and a sketch once one was asked for. */
interface SlidingDistinct extends ValueCounts {
  sketch?: SlidingHyperLogLog;
}

/**
 * How many different values there are: exact up to `exact` of them, beyond that estimated by HyperLogLog over
 * MurmurHash3 of their canonical bytes. Which of both is a function of the set. No group: how often a value occurred
 * is not kept.
 */
export function countDistinctOf(type: DataType, exact: number): Algebra<DistinctState> {
  const bytes = new ByteWriter(64);
  const hash = new Uint32Array(4);

  const hashed = (value: Value): Uint32Array => {
    bytes.reset();
    encodePresent(bytes, type, value);
    murmur3(bytes.view(), hash);
    return hash;
  };
  const sketchValue = (sketch: HyperLogLog | SlidingHyperLogLog, value: Value): void => {
    sketch.add(hashed(value)[0], hash[1]);
  };
  const add = (state: DistinctState, value: Value): DistinctState => {
    if (state.sketch !== null) {
      sketchValue(state.sketch, value);
      return state;
    }
    state.values!.add(value);
    if (state.values!.size <= exact) return state;
    const sketch = new HyperLogLog();
    for (const each of state.values!) sketchValue(sketch, each);
    state.values = null;
    state.sketch = sketch;
    return state;
  };

  /** What the answer is above the bound. */
  const estimate = (sketch: HyperLogLog | SlidingHyperLogLog): number =>
    Math.max(exact + 1, Math.round(sketch.estimate()));

  const counting = slidingCountsOf(type, Infinity, () => null);
  const sliding: Algebra<SlidingDistinct> = {
    ...counting,
    add: (state, value) => {
      if (state.sketch !== undefined && !state.counts!.has(value)) sketchValue(state.sketch, value);
      return counting.add(state, value);
    },
    remove: (state, value) => {
      counting.remove!(state, value);
      if (state.sketch !== undefined && !state.counts!.has(value)) state.sketch.remove(hashed(value)[0], hash[1]);
      return state;
    },
    merge: (into, from) => {
      delete into.sketch;
      return counting.merge(into, from);
    },
    finish: (state) => {
      const { size } = state.counts!;
      if (size <= exact) return size;
      if (state.sketch === undefined) {
        state.sketch = new SlidingHyperLogLog();
        for (const value of state.counts!.keys()) sketchValue(state.sketch, value);
      }
      return estimate(state.sketch);
    },
  };

  return {
    ordered: false,
    empty: () => ({ values: new Set(), sketch: null }),
    add,
    remove: null,
    merge: (into, from) => {
      if (from.values !== null) {
        for (const value of from.values) add(into, value);
        return into;
      }
      const sketch = into.sketch ?? new HyperLogLog();
      if (into.values !== null) for (const value of into.values) sketchValue(sketch, value);
      sketch.merge(from.sketch!);
      into.values = null;
      into.sketch = sketch;
      return into;
    },
    finish: (state) => (state.values !== null ? state.values.size : estimate(state.sketch!)),
    isEmpty: (state) => state.values !== null && state.values.size === 0,
    overflows: null,
    encode: (state, out) => {
      if (state.values === null) {
        out.u8(SKETCH);
        state.sketch!.encode(out);
        return;
      }
      out.u8(EXACT);
      out.varint(state.values.size);
      for (const value of [...state.values].sort(compareValues)) encodePresent(out, type, value);
    },
    decode: (input) => {
      const form = input.u8();
      if (form === SKETCH) return { values: null, sketch: HyperLogLog.decode(input) };
      const count = form === EXACT ? input.varint() : Infinity;
      const values = new Set<Value>();
      if (count <= exact) for (let i = 0; i < count; i++) values.add(decodePresent(input, type));
      if (values.size !== count) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no set of distinct values", {});
      return { values, sketch: null };
    },
    sliding: sliding as Algebra<unknown>,
  };
}
