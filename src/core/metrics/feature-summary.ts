import { type FeatureType, isCollection } from "../aggregation/feature-type.ts";
import { murmur3 } from "../aggregation/murmur3.ts";
import { QuantileSketch } from "../aggregation/quantile-sketch.ts";
import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { count, listOf, matching, objectOf, oneOf, type Shape, text } from "../codec/shape.ts";
import { checkShape } from "../codec/stored-json.ts";
import type { Value } from "../schema/data-type.ts";

/** Numbers fall into buckets 1/32 of a power of two wide: their relative error is at most 1/64. */
const BITS = 5;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Different values that are counted one by one; the others are counted together. */
const CATEGORIES = 50;

/** How the values of a feature are distributed, in little room: numbers by buckets, the rest by value. */
export type FeatureSummary = NumberSummary | CategorySummary;

export interface NumberSummary {
  readonly kind: "numbers";
  readonly sketch: QuantileSketch;
  nulls: number;
}

export interface CategorySummary {
  readonly kind: "categories";
  /** By the hash of the value: who may see how often values occur need not see the values. */
  readonly counts: Map<string, number>;
  /** Values that are not counted one by one. */
  others: number;
  nulls: number;
  /** Whether further values are counted one by one. */
  readonly open: boolean;
}

/** A summary as JSON. */
export type SummaryData =
  | { readonly kind: "numbers"; readonly sketch: string; readonly nulls: number }
  | {
      readonly kind: "categories";
      readonly counts: readonly (readonly [hash: string, count: number])[];
      readonly others: number;
      readonly nulls: number;
    };

/** The summary of no values; null for timestamps and collections, which have none. */
export function emptySummary(type: FeatureType): FeatureSummary | null {
  if (isCollection(type) || type.kind === "timestamp") return null;
  return type.kind === "string" || type.kind === "boolean"
    ? { kind: "categories", counts: new Map(), others: 0, nulls: 0, open: true }
    : { kind: "numbers", sketch: new QuantileSketch(BITS), nulls: 0 };
}

/** The summary of no values that counts by the values of another, so that the two can be compared. */
export function emptyLike(summary: FeatureSummary): FeatureSummary {
  if (summary.kind === "numbers") return { kind: "numbers", sketch: new QuantileSketch(BITS), nulls: 0 };
  const counts = new Map([...summary.counts.keys()].map((value) => [value, 0]));
  return { kind: "categories", counts, others: 0, nulls: 0, open: false };
}

export function addToSummary(summary: FeatureSummary, value: Value): void {
  if (value === null) {
    summary.nulls++;
  } else if (summary.kind === "numbers") {
    summary.sketch.add(Number(value), 1);
  } else {
    const category = categoryOf(value);
    const count = summary.counts.get(category);
    if (count !== undefined || summary.open) summary.counts.set(category, (count ?? 0) + 1);
    else summary.others++;
  }
}

/** Adds what another of the same kind counted; values that the first does not count one by one are others. */
export function mergeSummary(into: FeatureSummary, from: FeatureSummary): void {
  into.nulls += from.nulls;
  if (into.kind === "numbers" && from.kind === "numbers") into.sketch.merge(from.sketch);
  if (into.kind !== "categories" || from.kind !== "categories") return;
  into.others += from.others;
  for (const [value, count] of from.counts)
    if (into.open || into.counts.has(value)) into.counts.set(value, (into.counts.get(value) ?? 0) + count);
    else into.others += count;
}

/** Counts only the most frequent values one by one, from now on too; of equally frequent ones the first by hash. */
export function closeSummary(summary: FeatureSummary): FeatureSummary {
  if (summary.kind === "numbers") return summary;
  const ranked = [...summary.counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const rest = ranked.slice(CATEGORIES).reduce((sum, [, count]) => sum + count, summary.others);
  const counts = new Map(ranked.slice(0, CATEGORIES));
  return { kind: "categories", counts, others: rest, nulls: summary.nulls, open: false };
}

const encoder = new TextEncoder();
const hash = new Uint32Array(4);

function categoryOf(value: Value): string {
  murmur3(encoder.encode(String(value)), hash);
  return `${hash[0].toString(36)}-${hash[1].toString(36)}`;
}

/** How many values were added, nulls too. */
export function summaryRows(summary: FeatureSummary): number {
  if (summary.kind === "numbers") return summary.sketch.total + summary.nulls;
  return [...summary.counts.values()].reduce((sum, count) => sum + count, summary.others + summary.nulls);
}

export function summaryToJson(summary: FeatureSummary): SummaryData {
  const { kind, nulls } = summary;
  if (kind === "categories") return { kind, counts: [...summary.counts], others: summary.others, nulls };
  const out = new ByteWriter();
  summary.sketch.encode(out);
  let text = "";
  for (const byte of out.view()) text += String.fromCharCode(byte);
  return { kind, sketch: btoa(text), nulls };
}

const numbers = objectOf({ kind: oneOf("numbers"), sketch: matching(BASE64), nulls: count });
const counted: Shape = (value, at) =>
  Array.isArray(value) && value.length === 2 ? (text(value[0], at) ?? count(value[1], at)) : at;
const categories = objectOf({ kind: oneOf("categories"), counts: listOf(counted), others: count, nulls: count });

/** What a `SummaryData` looks like. */
export const summaryShape: Shape = (value, at) => (numbers(value, at) === null ? null : categories(value, at));

/** @throws AsofError ASOF_CORRUPT */
export function summaryFromJson(data: SummaryData): FeatureSummary {
  checkShape(data, "the summary of a feature", summaryShape);
  if (data.kind === "categories") return { ...data, counts: new Map(data.counts), open: false };
  const input = new ByteReader(Uint8Array.from(atob(data.sketch), (character) => character.charCodeAt(0)));
  const sketch = QuantileSketch.decode(input, BITS);
  input.end();
  return { kind: "numbers", sketch, nulls: data.nulls };
}
