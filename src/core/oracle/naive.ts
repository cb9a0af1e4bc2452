import type { AggregationSpec, PlainSpec } from "../aggregation/aggregation.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import type { DataType, Fields, Row, Value } from "../schema/data-type.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { rowCodec } from "../codec/row-codec.ts";
import type { Window } from "../time/window.ts";
import { exactSum, exactVariance } from "./exact.ts";
import { interpret } from "./expression-interpreter.ts";

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

/** Visible at t: it has happened before t, was known before t, and not known before t to be withdrawn. */
export function naiveVisible({ event, available, withdrawn }: OracleRecord, t: number): boolean {
  return available < t && event < t && !(withdrawn !== undefined && withdrawn < t);
}

/** Those of the records that a window sees at t. */
export function naiveWindow(records: readonly OracleRecord[], window: Window, t: number): OracleRecord[] {
  const { start, end } = naiveBounds(window, t);
  return records.filter((record) => {
    const event = BigInt(record.event);
    return naiveVisible(record, t) && (start === null || event >= start) && event < end;
  });
}

/** The records of one key; a record with a null key belongs to none. */
export function naiveKey(view: AggregateViewDefinition, records: readonly OracleRecord[], key: Row): OracleRecord[] {
  return records.filter(({ row }) =>
    Object.entries(view.keys).every(([name, field]) => row[field] !== null && Object.is(row[field], key[name])),
  );
}

/** Every feature of a view for one key at t, in the order of the definition. */
export function naiveView(
  view: AggregateViewDefinition,
  fields: Fields,
  records: readonly OracleRecord[],
  key: Row,
  t: number,
): OracleAnswer {
  const mine = naiveKey(view, records, key);
  return {
    features: view.features.map((feature) => naiveFeature(feature, fields, mine, t, view.order ?? null)),
    eventTime: naiveEventTime(view, mine, t),
  };
}

/** One feature over the records of one key. */
export function naiveFeature(
  feature: AggregateFeature,
  fields: Fields,
  records: readonly OracleRecord[],
  t: number,
  order: string | null = null,
): OracleValue {
  const { of, where, per, aggregation, window, series } = feature;
  if (series !== undefined)
    return Array.from(
      { length: series },
      (_, i) => naiveFeature(seriesElement(feature, i), fields, records, t, order) as Value,
    );
  const counted = naiveWindow(records, window, t).filter(
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
  );
}

/** What a record gives to a feature: a value, and the key it is computed per where it is. */
export interface OracleArgument {
  readonly key: Value;
  readonly value: Value;
}

/** A feature from what the records of its window give, in their order. */
export function naiveResult(spec: AggregationSpec, given: readonly OracleArgument[]): OracleValue {
  const present = (items: readonly OracleArgument[]): Exclude<Value, null>[] =>
    items.map(({ value }) => value).filter((value) => value !== null);
  if (spec.kind !== "per") return naiveAggregate(spec, present(given));
  const counted = given.filter(({ key, value }) => key !== null && value !== null);
  const keys = [...new Set(counted.map(({ key }) => key as Exclude<Value, null>))].sort(compare);
  if (keys.length > spec.limit) return null;
  return Object.fromEntries(
    keys.map((key) => {
      const mine = counted.filter((item) => Object.is(item.key, key));
      return [String(key), naiveAggregate(spec.each, present(mine)) as Value];
    }),
  );
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
  const bytes = ({ row }: OracleRecord): Uint8Array => {
    const out = new ByteWriter();
    codec.encode(out, row);
    return out.finish();
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
): number | null {
  const reach = ({ window, series }: AggregateFeature): number =>
    window.length === null ? Infinity : window.length * (series ?? 1) + window.offset;
  const farthest = view.features.reduce((a, b) => (reach(b) > reach(a) ? b : a));
  const { start } = naiveBounds(
    farthest.window.length === null ? farthest.window : { ...farthest.window, length: reach(farthest), offset: 0 },
    t,
  );
  const since = start === null ? -Infinity : Number(start);
  const events = records.filter((record) => naiveVisible(record, t) && record.event >= since).map(({ event }) => event);
  return events.length === 0 ? null : events.reduce((a, b) => (b > a ? b : a));
}

/** Whether `naiveAggregate` can say what an aggregation gives. */
export function naiveKnows(spec: AggregationSpec): boolean {
  return (spec.kind === "per" ? spec.each : spec).kind !== "quantile";
}

/** An aggregation of values that are not null, in the order of their records. Approximate ones have an oracle of their own. */
export function naiveAggregate(spec: PlainSpec, values: readonly Exclude<Value, null>[]): OracleValue {
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
    case "countDistinct": {
      const distinct = new Set(values).size;
      if (distinct > spec.exact) throw new Error("the oracle counts no more than the exact bound");
      return distinct;
    }
    case "topK":
    case "histogram": {
      const times = [...new Set(values)]
        .sort(compare)
        .map((value) => ({ value, n: values.filter((other) => Object.is(other, value)).length }));
      if (times.length > spec.limit) return null;
      if (spec.kind === "histogram") return Object.fromEntries(times.map(({ value, n }) => [String(value), n]));
      return times
        .sort((a, b) => b.n - a.n)
        .slice(0, spec.k)
        .map(({ value }) => value);
    }
    default:
      throw new Error(`the oracle knows no ${spec.kind}`);
  }
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

/** The row of a batch view that is read at t, and whether it is still alive; null where there is none. */
export function naiveBatchRead(
  versions: readonly OracleVersion[],
  t: number,
  ttl: number | null,
): { readonly version: OracleVersion; readonly alive: boolean } | null {
  const known = versions.filter(({ available }) => available <= t);
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
