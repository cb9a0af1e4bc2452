import { AsofError } from "../errors.ts";
import type { DataType, Kind } from "../schema/data-type.ts";
import type { Algebra, Contributed } from "./algebra.ts";
import { bucketsOf } from "./buckets.ts";
import { count } from "./count.ts";
import { countDistinctOf } from "./count-distinct.ts";
import { maxOf, minOf } from "./extremum.ts";
import { type FeatureType, isCollection } from "./feature-type.ts";
import { firstOf, lastOf } from "./first-last.ts";
import { histogramOf } from "./histogram.ts";
import { lastNOf } from "./last-n.ts";
import { quantileOf } from "./quantile.ts";
import { avgOf, sumOf } from "./sum.ts";
import { topKOf } from "./top-k.ts";
import { stddevOf, varianceOf } from "./variance.ts";

export type { Algebra, Contributed, Keyed, OrderKey } from "./algebra.ts";
export { isCollection } from "./feature-type.ts";
export type { CollectionType, FeatureType, FeatureValue } from "./feature-type.ts";

/**
 * An aggregation as plain data. It names every number that decides a value; `aggregationDefaults` has those that
 * suit most.
 */
export type AggregationSpec =
  | PlainSpec
  /** Another aggregation for each of at most `limit` different keys. */
  | { readonly kind: "per"; readonly each: PlainSpec; readonly limit: number };

/** An aggregation of all values alike. */
export type PlainSpec =
  /** Of records, or of an argument's values that are not null. */
  | { readonly kind: "count" }
  | { readonly kind: "sum" | "avg" | "var" | "stddev" | "min" | "max" | "first" | "last" }
  /** The newest first. */
  | { readonly kind: "lastN"; readonly n: number }
  /** Exact up to `exact` different values, then estimated to within about 1.6 %. */
  | { readonly kind: "countDistinct"; readonly exact: number }
  /** The quantile q, 0 to 1, to within a relative error of `accuracy`; the median is 0.5. */
  | { readonly kind: "quantile"; readonly q: number; readonly accuracy: number }
  /** The k most frequent of at most `limit` different values. */
  | { readonly kind: "topK"; readonly k: number; readonly limit: number }
  /** How often each of at most `limit` different values occurs. */
  | { readonly kind: "histogram"; readonly limit: number };

export const aggregationDefaults = { exact: 1000, accuracy: 0.01, limit: 1000 } as const;

const COUNT: DataType = { kind: "float64", nullable: false };
const ANY: readonly Kind[] = ["string", "boolean", "int32", "int64", "float64", "timestamp"];
const ADDABLE: readonly Kind[] = ["boolean", "int32", "int64", "float64"];
const MEASURABLE: readonly Kind[] = ["int32", "int64", "float64"];
/** What can name an entry of a map: kinds of which no two values have the same text. */
const NAMEABLE: readonly Kind[] = ["string", "boolean", "int32", "int64"];

/**
 * The algebra of an aggregation over values of type `input`; null where the record itself is what counts. `key` is
 * the type of what it is computed per.
 * @throws AsofError ASOF_DEFINITION where the aggregation has no meaning for the type, or a number is out of range
 */
export function algebraOf(
  spec: AggregationSpec,
  input: DataType | null,
  key: DataType | null = null,
): Algebra<unknown, Contributed> {
  return planOf(spec, input, key).algebra;
}

/**
 * The data type of an aggregation's result; nullable where an empty window, or one that overflows, is null. Finite
 * values may still sum up to an infinity, beyond 1.8e308. @throws AsofError ASOF_DEFINITION, as `algebraOf`
 */
export function outputType(spec: AggregationSpec, input: DataType | null, key: DataType | null = null): FeatureType {
  return planOf(spec, input, key).output;
}

/** Whether the order of records decides an aggregation's result. */
export function isOrdered(spec: AggregationSpec): boolean {
  const { kind } = spec.kind === "per" ? spec.each : spec;
  return kind === "first" || kind === "last" || kind === "lastN";
}

/** Whether an aggregation gives several values. */
export function givesCollection({ kind }: AggregationSpec): boolean {
  return kind === "per" || kind === "lastN" || kind === "topK" || kind === "histogram";
}

interface Plan {
  readonly output: FeatureType;
  readonly algebra: Algebra<unknown, Contributed>;
}

function planOf(spec: AggregationSpec, input: DataType | null, key: DataType | null): Plan {
  if (spec.kind !== "per") return plainPlan(spec, input);
  const { each, limit } = spec;
  if (key === null || !NAMEABLE.includes(key.kind)) {
    const found = key === null ? "nothing" : key.kind;
    throw new AsofError(
      "ASOF_DEFINITION",
      `${each.kind} is computed per ${NAMEABLE.join(", ")}; it was given ${found}`,
      { aggregation: each.kind, expected: NAMEABLE, found },
    );
  }
  wholeNumber("per", "limit", limit, 1, 100_000);
  const { output, algebra } = plainPlan(each, input);
  if (isCollection(output))
    throw new AsofError(
      "ASOF_DEFINITION",
      `${each.kind} gives a collection, and a map of collections is no feature: per is for aggregations of one value`,
      { aggregation: each.kind },
    );
  // A key is there because it has a value; a variance needs two.
  const nullable = each.kind === "var" || each.kind === "stddev";
  return plan(
    { kind: "map", key: { ...key, nullable: false }, of: { ...output, nullable }, nullable: true },
    bucketsOf(algebra, key, limit),
  );
}

function plainPlan(spec: PlainSpec, input: DataType | null): Plan {
  switch (spec.kind) {
    case "count":
      return plan(COUNT, count);
    case "sum":
    case "avg":
    case "var":
    case "stddev": {
      const type = argument(spec, input, ADDABLE);
      const makers = { sum: sumOf, avg: avgOf, var: varianceOf, stddev: stddevOf } as const;
      return plan(number(type), makers[spec.kind](type.kind) as Algebra<unknown>);
    }
    case "min":
    case "max":
    case "first":
    case "last": {
      const type = argument(spec, input, ANY);
      const makers = { min: minOf, max: maxOf, first: firstOf, last: lastOf } as const;
      return plan({ ...type, nullable: true }, makers[spec.kind](type) as Algebra<unknown>);
    }
    case "lastN": {
      const type = argument(spec, input, ANY);
      wholeNumber(spec.kind, "n", spec.n, 1, 10_000);
      return plan(list(type, false), lastNOf(type, spec.n));
    }
    case "countDistinct": {
      const type = argument(spec, input, ANY);
      wholeNumber(spec.kind, "exact", spec.exact, 0, 100_000);
      return plan(COUNT, countDistinctOf(type, spec.exact));
    }
    case "quantile": {
      const type = argument(spec, input, MEASURABLE);
      within(spec.kind, "q", spec.q, 0, 1);
      within(spec.kind, "accuracy", spec.accuracy, 0.001, 0.5);
      return plan(number(type), quantileOf(spec.q, spec.accuracy));
    }
    case "topK": {
      const type = argument(spec, input, ANY);
      wholeNumber(spec.kind, "limit", spec.limit, 1, 100_000);
      wholeNumber(spec.kind, "k", spec.k, 1, spec.limit);
      return plan(list(type, true), topKOf(type, spec.k, spec.limit));
    }
    case "histogram": {
      const type = argument(spec, input, NAMEABLE);
      wholeNumber(spec.kind, "limit", spec.limit, 1, 100_000);
      return plan({ kind: "counts", of: { ...type, nullable: false }, nullable: true }, histogramOf(type, spec.limit));
    }
    default:
      return spec satisfies never;
  }
}

/** States are handed about by those who do not know them. */
function plan<S, V extends Contributed>(output: FeatureType, algebra: Algebra<S, V>): Plan {
  return { output, algebra: algebra as Algebra<unknown, Contributed> };
}

function number(input: DataType): DataType {
  return { kind: "float64", nullable: true, ...(input.nonFinite ? { nonFinite: true as const } : {}) };
}

function list(of: DataType, nullable: boolean): FeatureType {
  return { kind: "list", of: { ...of, nullable: false }, nullable };
}

function argument(spec: AggregationSpec, input: DataType | null, kinds: readonly Kind[]): DataType {
  if (input !== null && kinds.includes(input.kind)) return input;
  const found = input === null ? "nothing" : input.kind;
  throw new AsofError(
    "ASOF_DEFINITION",
    `${spec.kind} needs an argument of ${kinds.join(", ")}; it was given ${found}`,
    {
      aggregation: spec.kind,
      expected: kinds,
      found,
    },
  );
}

function wholeNumber(aggregation: string, name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value)) throw outOfRange(aggregation, name, value, `a whole number from ${least} to ${most}`);
  within(aggregation, name, value, least, most);
}

function within(aggregation: string, name: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) throw outOfRange(aggregation, name, value, `from ${least} to ${most}`);
}

function outOfRange(aggregation: string, name: string, value: number, expected: string): AsofError {
  return new AsofError("ASOF_DEFINITION", `${aggregation}: ${name} must be ${expected}, not ${String(value)}`, {
    aggregation,
    option: name,
    expected,
    found: String(value),
  });
}
