import {
  type Algebra,
  type Contributed,
  type FeatureValue,
  isCollection,
  type OrderKey,
} from "../aggregation/aggregation.ts";
import { assert } from "../assert.ts";
import { ExactSum } from "../aggregation/exact-sum.ts";
import type { Column } from "../schema/column.ts";
import type { Value } from "../schema/data-type.ts";
import type { LayoutFeature, Slot } from "../tile/view-layout.ts";
import { windowEnd, windowStart } from "../time/window.ts";
import { RunSorter } from "./group.ts";
import { MergeTree } from "./merge-tree.ts";
import type { KeyMoments, KeyRecords } from "./walk.ts";
import { walkVisible, walkVisibleIntegers, withdrawnOf } from "./walk-withdrawn.ts";
import type { Withdrawals } from "./withdrawals.ts";

/** A feature's results by row of the spine: numbers, or objects of any type; null where not valid. */
export interface FeatureOutput {
  readonly numbers: Float64Array | null;
  readonly objects: FeatureValue[] | null;
  readonly valid: Uint8Array;
}

/** About how many numbers the output of a feature takes for a row. */
export function outputSize({ type, elements }: LayoutFeature): number {
  if (elements !== null) return elements.length + OBJECT_SIZE;
  return isCollection(type) ? COLLECTION_SIZE : 1;
}

/** An array's own room, and that of a collection of which nothing is known but that people read it. */
const OBJECT_SIZE = 8;
const COLLECTION_SIZE = 32;

/** By place the sum of the values that stand before it: in half the memory where all of them fit into 32 bits. */
export type Sums = Int32Array | Float64Array;

/** Records grouped by key, each key's in the order in which they become visible. All arrays are by place. */
export interface RecordTable {
  /** Key k has the places [first[k], first[k + 1]). */
  readonly first: Uint32Array;
  /** When each becomes visible; or, where that is as long after its event for all, how long: exactly. */
  readonly visible: Float64Array | number;
  readonly event: Float64Array;
  /** For each key its places by ascending event time; null where the places are in that order already. */
  readonly byEvent: Uint32Array | null;
  /**
   * For each slot of the layout what the records contribute, null where one contributes nothing; null for a slot to
   * which every record contributes itself.
   */
  readonly slots: readonly (Column | null)[];
  /** For each slot that has keys those of the records, null where one contributes nothing. */
  readonly keys?: readonly (Column | null)[];
  /** Prefix sums of some slots, where whoever made the table was asked for them. */
  readonly sums?: ReadonlyMap<number, Sums | null>;
  /** The tie-break of the record at a place; only where the layout has ordered aggregations. */
  readonly order?: (place: number) => OrderKey;
  /** What was withdrawn of the records; null where nothing was. */
  readonly withdrawn?: Withdrawals | null;
}

/** The moments asked about, grouped by key, each key's ascending. */
export interface MomentTable {
  /** Key k has the places [first[k], first[k + 1]). */
  readonly first: Uint32Array;
  /** By place: the moment, and the row of the spine that asks about it. */
  readonly t: Float64Array;
  readonly row: Float64Array;
}

/** When each record of a table becomes visible, made once where the table says only how long after its event. */
export function visibleTimes(records: RecordTable): Float64Array {
  const { visible, event } = records;
  if (typeof visible !== "number") return visible;
  if (visible === 0) return event;
  let made = madeTimes.get(records);
  if (made === undefined) madeTimes.set(records, (made = event.map((at) => at + visible)));
  return made;
}

const madeTimes = new WeakMap<RecordTable, Float64Array>();

/** For each key the places by ascending event time, or null where no key needs it. */
export function orderByEvent(first: Uint32Array, event: Float64Array): Uint32Array | null {
  const sorter = new RunSorter();
  let order: Uint32Array | null = null;
  for (let k = 0; k + 1 < first.length; k++) {
    let i = first[k] + 1;
    while (i < first[k + 1] && event[i] >= event[i - 1]) i++;
    if (i >= first[k + 1]) continue;
    if (order === null) {
      order = new Uint32Array(event.length);
      for (let p = 0; p < order.length; p++) order[p] = p;
    }
    sorter.sort(order, first[k], first[k + 1], event);
  }
  return order;
}

/** Makes an output of a feature that is no series as it was when it was new. */
export function clearOutput(slot: Slot, { numbers, objects, valid }: FeatureOutput): void {
  const empty = slot.algebra.finish(slot.algebra.empty()) as Value;
  valid.fill(empty === null ? 0 : 1);
  numbers?.fill(empty === null ? 0 : Number(empty));
  objects?.fill(empty);
}

/** Output for a feature over a spine of `rows`, filled with what an unknown key answers. */
export function emptyOutput(feature: LayoutFeature, slot: Slot, rows: number): FeatureOutput {
  const single = slot.algebra.finish(slot.algebra.empty());
  const empty = feature.elements === null ? single : feature.elements.map(() => single as Value);
  const numeric = feature.type.kind === "float64" || feature.type.kind === "int32" || feature.type.kind === "timestamp";
  const valid = new Uint8Array(rows);
  if (empty !== null) valid.fill(1);
  if (!numeric) return { numbers: null, objects: Array.from({ length: rows }, () => empty), valid };
  const numbers = new Float64Array(rows);
  if (empty !== null) numbers.fill(Number(empty));
  return { numbers, objects: null, valid };
}

/**
 * Computes one feature at every moment: the windows of the records of each moment's key, as they were visible then.
 * Counts and sums of small integers run on plain numbers, other sums on `ExactSum`, everything else on the
 * aggregation's own algebra; all give what the algebra gives for the same multiset.
 */
export function aggregateMoments(
  feature: LayoutFeature,
  slot: Slot,
  records: RecordTable,
  moments: MomentTable,
  out: FeatureOutput,
): void {
  if (feature.elements !== null) return aggregateSeries(feature, feature.elements, slot, records, moments, out);
  const { first, event, byEvent, withdrawn = null } = records;
  const visible = visibleTimes(records);
  const run = chooseRun(feature, slot, records, moments, out);
  for (let k = 0; k + 1 < moments.first.length; k++) {
    const from = moments.first[k];
    const until = moments.first[k + 1];
    if (from === until || first[k] === first[k + 1]) continue;
    run({ from: first[k], until: first[k + 1], visible, event, byEvent, withdrawn }, { from, until, t: moments.t });
  }
}

/** A series: each of its windows for itself, then put together. */
function aggregateSeries(
  feature: LayoutFeature,
  elements: NonNullable<LayoutFeature["elements"]>,
  slot: Slot,
  records: RecordTable,
  moments: MomentTable,
  out: FeatureOutput,
): void {
  const { type } = feature;
  assert(type.kind === "list", "a series is a list");
  const rows = out.valid.length;
  const lists = Array.from({ length: rows }, (): Value[] => elements.map(() => null));
  elements.forEach((window, e) => {
    const element: LayoutFeature = { ...feature, window, elements: null, type: type.of };
    const { numbers, objects, valid } = emptyOutput(element, slot, rows);
    aggregateMoments(element, slot, records, moments, { numbers, objects, valid });
    for (let row = 0; row < rows; row++)
      if (valid[row] !== 0) lists[row][e] = numbers === null ? (objects![row] as Value) : numbers[row];
  });
  // Other rows are of keys that other tables of records have.
  for (const row of moments.row) out.objects![row] = lists[row];
}

type Run = (records: KeyRecords, moments: KeyMoments) => void;

function chooseRun(
  feature: LayoutFeature,
  slot: Slot,
  records: RecordTable,
  moments: MomentTable,
  out: FeatureOutput,
): Run {
  const { kind } = slot.spec;
  const exact = (): Run => algebraRun(feature, slot, records, moments, out);
  if (kind === "count") return integerRun(feature, "count", records, moments, out);
  if (kind === "sum" || kind === "avg") {
    const sums = slot.input?.kind === "int64" ? exact() : sumRun(feature, kind, records, moments, out);
    if (slot.input?.kind === "boolean") return integerRun(feature, kind, records, moments, out);
    if (slot.input?.kind !== "int32") return sums;
    const integers = integerRun(feature, kind, records, moments, out);
    return (r, m) => (r.until - r.from <= MAX_INT32_TERMS ? integers : sums)(r, m);
  }
  return exact();
}

/** So many int32 values cannot leave the integers that doubles hold exactly. */
const MAX_INT32_TERMS = 2 ** 21;

function integerRun(
  feature: LayoutFeature,
  kind: "count" | "sum" | "avg",
  records: RecordTable,
  moments: MomentTable,
  out: FeatureOutput,
): Run {
  const column = records.slots[feature.slot];
  const valid = column?.valid ?? null;
  const values = kind === "count" ? null : (column!.values as Float64Array);
  const counts = new Float64Array(moments.t.length);
  const sums = kind === "count" ? null : new Float64Array(moments.t.length);
  const rows = moments.row;
  const numbers = out.numbers!;
  return (r, m) => {
    walkVisibleIntegers(r, m, feature.window, values, valid, counts, sums);
    for (let i = m.from; i < m.until; i++) {
      const row = rows[i];
      const n = counts[i];
      if (kind === "count") numbers[row] = n;
      else {
        out.valid[row] = n === 0 ? 0 : 1;
        numbers[row] = kind === "sum" ? sums![i] : n === 0 ? 0 : sums![i] / n;
      }
    }
  };
}

function sumRun(
  feature: LayoutFeature,
  kind: "sum" | "avg",
  records: RecordTable,
  moments: MomentTable,
  out: FeatureOutput,
): Run {
  const { values, valid } = records.slots[feature.slot] as Column & { values: Float64Array };
  const rows = moments.row;
  const numbers = out.numbers!;
  const sum = new ExactSum();
  let n = 0;
  const enter = (i: number): void => {
    if (valid !== null && valid[i] === 0) return;
    n++;
    sum.add(values[i]);
  };
  const leave = (i: number): void => {
    if (valid !== null && valid[i] === 0) return;
    n--;
    sum.subtract(values[i]);
  };
  const emit = (m: number): void => {
    const row = rows[m];
    out.valid[row] = n === 0 ? 0 : 1;
    if (n !== 0) numbers[row] = kind === "sum" ? sum.value() : sum.value() / n + 0;
  };
  return (r, m) => {
    sum.clear();
    n = 0;
    walkVisible(r, m, feature.window, enter, leave, emit);
  };
}

function algebraRun(
  feature: LayoutFeature,
  slot: Slot,
  records: RecordTable,
  moments: MomentTable,
  out: FeatureOutput,
): Run {
  const algebra = slot.algebra.sliding ?? slot.algebra;
  const column = records.slots[feature.slot];
  const keys = records.keys?.[feature.slot] ?? null;
  assert((keys === null) === (slot.per === null), "a slot has the keys of its records where it is computed per key");
  const valid = validIn(column?.valid ?? null, keys?.valid ?? null);
  const value = contributionReader(valueReader(slot.input === null ? null : column), keys);
  const contributes = (i: number): boolean => valid === null || valid[i] !== 0;
  const order = (i: number): OrderKey | undefined => (algebra.ordered ? records.order!(i) : undefined);
  const put = outputWriter(moments.row, out);
  const { remove } = algebra;
  if (remove !== null) {
    let state = algebra.empty();
    return (r, m) => {
      state = algebra.empty();
      walkVisible(
        r,
        m,
        feature.window,
        (i) => void (contributes(i) && (state = algebra.add(state, value(i), order(i)))),
        (i) => void (contributes(i) && (state = remove.call(algebra, state, value(i), order(i)))),
        (i) => put(i, algebra.finish(state)),
      );
    };
  }
  return (r, m) =>
    treeWalk(
      algebra,
      feature,
      r,
      m,
      (i) => (contributes(i) ? algebra.add(algebra.empty(), value(i), order(i)) : undefined),
      put,
    );
}

/** Aggregations that cannot remove: visible records stand in a merge tree in order of event time. */
function treeWalk(
  algebra: Algebra<unknown, Contributed>,
  feature: LayoutFeature,
  records: KeyRecords,
  moments: KeyMoments,
  leaf: (place: number) => unknown,
  put: (moment: number, value: FeatureValue) => void,
): void {
  const { from, until, visible, event, byEvent } = records;
  const tree = new MergeTree<unknown>(until - from, (a, b) => algebra.merge(algebra.merge(algebra.empty(), a), b));
  const eventAt = (rank: number): number => event[byEvent === null ? from + rank : byEvent[from + rank]];
  const rankOf = rankByPlace(records);
  const rank = (place: number): number => (rankOf === null ? place - from : rankOf[place - from]);
  const withdrawn = withdrawnOf(records);
  let going = from;
  let arriving = from;
  let low = 0;
  let high = 0;
  let result = algebra.finish(algebra.empty());
  let lastT = -Infinity;
  for (let m = moments.from; m < moments.until; m++) {
    const t = moments.t[m];
    if (t !== lastT) {
      for (; arriving < until && visible[arriving] < t; arriving++) {
        if (withdrawn !== null && withdrawn.at[arriving] < t) continue;
        const state = leaf(arriving);
        if (state !== undefined) tree.put(rank(arriving), state);
      }
      if (withdrawn !== null)
        for (; going < until && withdrawn.at[withdrawn.order[going]] < t; going++)
          tree.put(rank(withdrawn.order[going]), undefined);
      const start = windowStart(feature.window, t);
      const end = windowEnd(feature.window, t);
      while (low < until - from && eventAt(low) < start) low++;
      while (high < until - from && eventAt(high) < end) high++;
      const state = low < high ? tree.range(low, high) : undefined;
      result = algebra.finish(state ?? algebra.empty());
      lastT = t;
    }
    put(m, result);
  }
}

/** The rank of each record in order of event time; null where it is its place. */
function rankByPlace({ from, until, byEvent }: KeyRecords): Uint32Array | null {
  if (byEvent === null) return null;
  const rank = new Uint32Array(until - from);
  for (let i = from; i < until; i++) rank[byEvent[i] - from] = i - from;
  return rank;
}

function valueReader(column: Column | null): (place: number) => Value {
  if (column === null) return () => true;
  const { values } = column;
  if (column.type.kind === "boolean") return (i) => values[i] !== 0;
  return (i) => values[i];
}

/** What counts: a byte a record, 0 where it has no value or no key. */
function validIn(values: Uint8Array | null, keys: Uint8Array | null): Uint8Array | null {
  if (values === null || keys === null) return values ?? keys;
  return values.map((valid, i) => (valid === 0 ? 0 : keys[i]));
}

/** The values of records, under their keys where there are any. */
function contributionReader(value: (place: number) => Value, keys: Column | null): (place: number) => Contributed {
  if (keys === null) return value;
  const key = valueReader(keys);
  return (i) => ({ key: key(i), value: value(i) });
}

function outputWriter(rows: Float64Array, out: FeatureOutput): (place: number, value: FeatureValue) => void {
  const { numbers, objects, valid } = out;
  return (place, value) => {
    const row = rows[place];
    valid[row] = value === null ? 0 : 1;
    if (numbers !== null) numbers[row] = value === null ? 0 : Number(value);
    else objects![row] = value;
  };
}
