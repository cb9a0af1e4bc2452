import type { AggregationSpec, PlainSpec } from "../aggregation/aggregation.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import type { DataType, Fields, Row, Value } from "../schema/data-type.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { rowCodec } from "../codec/row-codec.ts";
import type { Window } from "../time/window.ts";
import { exactSum, exactVariance } from "./exact.ts";
import { typeOf } from "../expression/expression.ts";
import { interpret } from "./expression-interpreter.ts";
import { naiveDistinct, naiveQuantile } from "./naive-sketches.ts";

/**
 * The contract, read literally: every feature is computed by looking at every record. It shares data types and the
 * canonical bytes of rows with the product and, with the code that it judges, nothing.
 */

/** A record as history holds it. */
export interface OracleRecord {
  readonly event: number;
  readonly available: number;
  readonly row: Row;
  /** From when on its withdrawal is known. */
  readonly withdrawn?: number;
}

/** What an aggregate view answers for a key at t. */
export interface OracleAnswer {
  readonly features: readonly OracleValue[];
  /** The newest visible event since the farthest window's start; null without one. */
  readonly eventTime: number | null;
}

export type OracleValue = Value | readonly Value[] | Readonly<Record<string, Value>>;

/** The greatest multiple of `step` that is ≤ x. */
export function floorMultiple(x: bigint, step: bigint): bigint {
  const rest = ((x % step) + step) % step;
  return x - rest;
}

/** The bounds of a window at t: [start, end), null where it has no start. */
export function naiveBounds(window: Window, t: number): { readonly start: bigint | null; readonly end: bigint } {
  const [hop, offset, at] = [BigInt(window.hop), BigInt(window.offset), BigInt(t)];
  return {
    start: window.length === null ? null : floorMultiple(at - offset - BigInt(window.length), hop),
    end: offset === 0n ? at : floorMultiple(at - offset, hop),
  };
}

/**
 * Visible at t: it has happened before t, was known before t, and not known before t to be withdrawn. In hindsight what
 * is known is what was known at another moment, `known`: the present.
 */
export function naiveVisible({ event, available, withdrawn }: OracleRecord, t: number, known = t): boolean {
  return available < known && event < t && !(withdrawn !== undefined && withdrawn < known);
}

/** Those of the records that a window sees at t. */
export function naiveWindow(records: readonly OracleRecord[], window: Window, t: number, known = t): OracleRecord[] {
  const { start, end } = naiveBounds(window, t);
  return records.filter((record) => {
    const event = BigInt(record.event);
    return naiveVisible(record, t, known) && (start === null || event >= start) && event < end;
  });
}

/** The records of one key; a record with a null key belongs to none. */
export function naiveKey(view: AggregateViewDefinition, records: readonly OracleRecord[], key: Row): OracleRecord[] {
  return records.filter(({ row }) =>
    Object.entries(view.keys).every(([name, field]) => row[field] !== null && Object.is(row[field], key[name])),
  );
}

/** Every feature of a view for one key at t, in the order of the definition; in hindsight, by what is known at `known`. */
export function naiveView(
  view: AggregateViewDefinition,
  fields: Fields,
  records: readonly OracleRecord[],
  key: Row,
  t: number,
  known = t,
): OracleAnswer {
  const mine = naiveKey(view, records, key);
  return {
    features: view.features.map((feature) => naiveFeature(feature, fields, mine, t, view.order ?? null, known)),
    eventTime: naiveEventTime(view, mine, t, known),
  };
}

/** One feature over the records of one key. */
export function naiveFeature(
  feature: AggregateFeature,
  fields: Fields,
  records: readonly OracleRecord[],
  t: number,
  order: string | null = null,
  known = t,
): OracleValue {
  const { of, where, per, aggregation, window, series } = feature;
  if (series !== undefined)
    return Array.from(
      { length: series },
      (_, i) => naiveFeature(seriesElement(feature, i), fields, records, t, order, known) as Value,
    );
  const counted = naiveWindow(records, window, t, known).filter(
    ({ row }) => where === null || interpret(where, fields, row) === true,
  );
  const { kind } = aggregation.kind === "per" ? aggregation.each : aggregation;
  if (kind === "first" || kind === "last" || kind === "lastN") counted.sort(recordOrder(fields, order));
  return naiveResult(
    aggregation,
    counted.map(({ row }) => ({
      key: per === undefined ? null : interpret(per, fields, row),
      value: of === null ? true : interpret(of, fields, row),
    })),
    naiveArgumentType(feature, fields),
  );
}

/** What a record gives to a feature: a value, and the key it is computed per where it is. */
export interface OracleArgument {
  readonly key: Value;
  readonly value: Value;
}

/** A feature from what the records of its window give, in their order. */
export function naiveResult(
  spec: AggregationSpec,
  given: readonly OracleArgument[],
  type: DataType | null = null,
): OracleValue {
  const present = (items: readonly OracleArgument[]): Exclude<Value, null>[] =>
    items.map(({ value }) => value).filter((value) => value !== null);
  if (spec.kind !== "per") return naiveAggregate(spec, present(given), type);
  return naivePer(
    spec,
    given.filter(({ key, value }) => key !== null && value !== null),
    ({ key }) => key as Exclude<Value, null>,
    (mine) => naiveAggregate(spec.each, present(mine), type) as Value,
  );
}

/** An aggregation for each key that items have, by the key as text; null where there are more keys than its limit. */
export function naivePer<T>(
  { limit }: Extract<AggregationSpec, { readonly kind: "per" }>,
  items: readonly T[],
  keyOf: (item: T) => Exclude<Value, null>,
  aggregate: (items: readonly T[]) => Value,
): OracleValue {
  const groups = new Map<Exclude<Value, null>, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  if (groups.size > limit) return null;
  const keys = [...groups.keys()].sort(compare);
  return Object.fromEntries(keys.map((key) => [String(key), aggregate(groups.get(key)!)]));
}

/** The type of what is aggregated; null where it is the record itself. */
export function naiveArgumentType({ of }: AggregateFeature, fields: Fields): DataType | null {
  if (of === null) return null;
  const { kind } = typeOf(of, fields);
  if (kind === "duration" || kind === "null") throw new Error(`no feature aggregates a ${kind}`);
  return { kind, nullable: false };
}

/** Element i of a series of step s: [floor(t − (i + 1)s), floor(t − i s)), the newest up to t itself; less its offset. */
function seriesElement({ name, aggregation, of, where, window }: AggregateFeature, i: number): AggregateFeature {
  return { name, aggregation, of, where, window: { ...window, offset: window.offset + i * window.length! } };
}

/** The windows of a feature: one, or those of its series, newest first. */
export function naiveWindows(feature: AggregateFeature): Window[] {
  const { series, window } = feature;
  return series === undefined ? [window] : Array.from({ length: series }, (_, i) => seriesElement(feature, i).window);
}

/** By event, available, the `order` field with null first, and last the canonical bytes of the whole record. */
export function recordOrder(fields: Fields, order: string | null): (a: OracleRecord, b: OracleRecord) => number {
  const codec = rowCodec(
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { ...type, nullable: true }])),
  );
  const known = new WeakMap<Row, Uint8Array>();
  const bytes = ({ row }: OracleRecord): Uint8Array => {
    let found = known.get(row);
    if (found === undefined) {
      const out = new ByteWriter();
      codec.encode(out, row);
      known.set(row, (found = out.finish()));
    }
    return found;
  };
  const byOrder = (a: Value, b: Value): number =>
    a === null || b === null ? Number(a !== null) - Number(b !== null) : compare(a, b);
  return (a, b) =>
    a.event - b.event ||
    a.available - b.available ||
    (order === null ? 0 : byOrder(a.row[order], b.row[order])) ||
    compareBytes(bytes(a), bytes(b));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** The newest visible event since the start of the view's farthest window. */
export function naiveEventTime(
  view: AggregateViewDefinition,
  records: readonly OracleRecord[],
  t: number,
  known = t,
): number | null {
  const reach = ({ window, series }: AggregateFeature): number =>
    window.length === null ? Infinity : window.length * (series ?? 1) + window.offset;
  const farthest = view.features.reduce((a, b) => (reach(b) > reach(a) ? b : a));
  const { start } = naiveBounds(
    farthest.window.length === null ? farthest.window : { ...farthest.window, length: reach(farthest), offset: 0 },
    t,
  );
  const since = start === null ? -Infinity : Number(start);
  const events = records
    .filter((record) => naiveVisible(record, t, known) && record.event >= since)
    .map(({ event }) => event);
  return events.length === 0 ? null : events.reduce((a, b) => (b > a ? b : a));
}

/**
 * An aggregation of values that are not null, in the order of their records.
 * @param type of the values, where there are more different ones than are counted exactly
 */
export function naiveAggregate(
  spec: PlainSpec,
  values: readonly Exclude<Value, null>[],
  type: DataType | null = null,
): OracleValue {
  const numbers = values.map((value) => (typeof value === "boolean" ? Number(value) : value)) as (number | bigint)[];
  switch (spec.kind) {
    case "count":
      return values.length;
    case "sum":
      return values.length === 0 ? null : exactSum(numbers);
    case "avg":
      // A quotient that rounds to zero is a zero without a sign.
      return values.length === 0 ? null : exactSum(numbers) / values.length + 0;
    case "var":
      return exactVariance(numbers);
    case "stddev": {
      const variance = exactVariance(numbers);
      return variance === null ? null : Math.sqrt(variance);
    }
    case "min":
      return values.length === 0 ? null : values.reduce((a, b) => (compare(b, a) < 0 ? b : a));
    case "max":
      return values.length === 0 ? null : values.reduce((a, b) => (compare(b, a) > 0 ? b : a));
    case "first":
      return values[0] ?? null;
    case "last":
      return values.at(-1) ?? null;
    case "lastN":
      return [...values].reverse().slice(0, spec.n);
    case "countDistinct":
      return naiveDistinct(values, spec.exact, type);
    case "quantile":
      return naiveQuantile(numbers, spec.q, spec.accuracy);
    case "topK":
    case "histogram": {
      const counts = new Map<Exclude<Value, null>, number>();
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
      const times = [...counts].map(([value, n]) => ({ value, n })).sort((a, b) => compare(a.value, b.value));
      if (times.length > spec.limit) return null;
      if (spec.kind === "histogram") return Object.fromEntries(times.map(({ value, n }) => [String(value), n]));
      return times
        .sort((a, b) => b.n - a.n)
        .slice(0, spec.k)
        .map(({ value }) => value);
    }
    default:
      return spec satisfies never;
  }
}

/** Whether a feature's value says that its window holds more different values than are counted: empty ones are not null. */
export function naiveOverflows({ aggregation: { kind } }: AggregateFeature, value: OracleValue): boolean {
  return (kind === "topK" || kind === "histogram" || kind === "per") && value === null;
}

/** NaN above all numbers, strings by their UTF-8 bytes. */
function compare(a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  if (typeof a === "string") return compareCodePoints(Array.from(a), Array.from(b as string));
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a)) return 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : 1;
}

/** UTF-8 bytes are ordered as code points are. */
function compareCodePoints(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a[i].codePointAt(0)!, b[i].codePointAt(0)!];
    if (x !== y) return x - y;
  }
  return a.length - b.length;
}

/** A version of a batch view's row. */
export interface OracleVersion {
  readonly event: number;
  readonly available: number;
  readonly entry: number;
  readonly features: Row;
}

/**
 * The row of a batch view that is read at t, and whether it is still alive; null where there is none. In hindsight the
 * versions that are there at `hindsight` count from their own time on.
 */
export function naiveBatchRead(
  versions: readonly OracleVersion[],
  t: number,
  ttl: number | null,
  hindsight: number | null = null,
): { readonly version: OracleVersion; readonly alive: boolean } | null {
  const known = versions.filter(({ event, available }) =>
    hindsight === null ? available <= t : event <= t && available <= hindsight,
  );
  const best = known.find((a) =>
    known.every(
      (b) =>
        b.event < a.event ||
        (b.event === a.event && (b.available < a.available || (b.available === a.available && b.entry <= a.entry))),
    ),
  );
  if (best === undefined) return null;
  return { version: best, alive: ttl === null || BigInt(t) - BigInt(ttl) <= BigInt(best.event) };
}

/** The types of the fields that keys stand in, by key: what an entity of a view looks like. */
export function keyFields(view: AggregateViewDefinition, fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(view.keys).map(([key, field]): [string, DataType] => [key, { ...fields[field], nullable: false }]),
  );
}
