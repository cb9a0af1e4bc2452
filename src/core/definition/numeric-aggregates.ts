import { aggregationDefaults, type AggregationSpec } from "../aggregation/aggregation.ts";
import type { Column, Expr } from "../expression/expr.ts";
import { Aggregate, type Argument, argument, type Requires } from "./aggregate.ts";

type Numeric = number | bigint | boolean | null;
type Measurable = number | bigint | null;

/** How many records there are. */
export function count(): Aggregate<unknown, number> {
  return new Aggregate({ kind: "count" }, null);
}

/** The exact sum, rounded once; null where there is nothing. Booleans count as 0 and 1. */
export function sum<const C extends string>(field: C): Aggregate<Requires<C, Numeric>, number | null>;
export function sum<const C extends string, Q>(of: Column<C, Q>): Aggregate<Q & Requires<C, Numeric>, number | null>;
export function sum<R>(of: Expr<R, Numeric>): Aggregate<R, number | null>;
export function sum(of: Argument): Aggregate<never, number | null> {
  return new Aggregate({ kind: "sum" }, argument(of));
}

/** The rounded exact sum divided by how many; null where there is nothing. */
export function avg<const C extends string>(field: C): Aggregate<Requires<C, Numeric>, number | null>;
export function avg<const C extends string, Q>(of: Column<C, Q>): Aggregate<Q & Requires<C, Numeric>, number | null>;
export function avg<R>(of: Expr<R, Numeric>): Aggregate<R, number | null>;
export function avg(of: Argument): Aggregate<never, number | null> {
  return new Aggregate({ kind: "avg" }, argument(of));
}

/** The sample variance, from exact sums, rounded once; null below two values. */
export function variance<const C extends string>(
  field: C,
): Aggregate<Requires<C, Numeric>, number | null, number | null>;
export function variance<const C extends string, Q>(
  of: Column<C, Q>,
): Aggregate<Q & Requires<C, Numeric>, number | null, number | null>;
export function variance<R>(of: Expr<R, Numeric>): Aggregate<R, number | null, number | null>;
export function variance(of: Argument): Aggregate<never, number | null, number | null> {
  return new Aggregate({ kind: "var" }, argument(of));
}

/** The root of the sample variance; null below two values. */
export function stddev<const C extends string>(field: C): Aggregate<Requires<C, Numeric>, number | null, number | null>;
export function stddev<const C extends string, Q>(
  of: Column<C, Q>,
): Aggregate<Q & Requires<C, Numeric>, number | null, number | null>;
export function stddev<R>(of: Expr<R, Numeric>): Aggregate<R, number | null, number | null>;
export function stddev(of: Argument): Aggregate<never, number | null, number | null> {
  return new Aggregate({ kind: "stddev" }, argument(of));
}

/** How close a quantile must come, as a relative error: 0.01 unless stated. */
export interface QuantileOptions {
  readonly accuracy?: number;
}

/** The quantile q, 0 to 1, of a sketch (DDSketch) that answers within a stated relative error; null where there is nothing. */
export function quantile<const C extends string>(
  field: C,
  q: number,
  options?: QuantileOptions,
): Aggregate<Requires<C, Measurable>, number | null>;
export function quantile<const C extends string, Q>(
  of: Column<C, Q>,
  q: number,
  options?: QuantileOptions,
): Aggregate<Q & Requires<C, Measurable>, number | null>;
export function quantile<R>(of: Expr<R, Measurable>, q: number, options?: QuantileOptions): Aggregate<R, number | null>;
export function quantile(of: Argument, q: number, options: QuantileOptions = {}): Aggregate<never, number | null> {
  return new Aggregate(quantileSpec(q, options), argument(of));
}

/** The quantile 0.5. */
export function median<const C extends string>(
  field: C,
  options?: QuantileOptions,
): Aggregate<Requires<C, Measurable>, number | null>;
export function median<const C extends string, Q>(
  of: Column<C, Q>,
  options?: QuantileOptions,
): Aggregate<Q & Requires<C, Measurable>, number | null>;
export function median<R>(of: Expr<R, Measurable>, options?: QuantileOptions): Aggregate<R, number | null>;
export function median(of: Argument, options: QuantileOptions = {}): Aggregate<never, number | null> {
  return new Aggregate(quantileSpec(0.5, options), argument(of));
}

function quantileSpec(q: number, { accuracy = aggregationDefaults.accuracy }: QuantileOptions): AggregationSpec {
  return { kind: "quantile", q, accuracy };
}
