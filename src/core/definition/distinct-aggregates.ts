import { aggregationDefaults } from "../aggregation/aggregation.ts";
import type { Column, Expr } from "../expression/expr.ts";
import type { Value } from "../schema/data-type.ts";
import { Aggregate, type Argument, argument, type FieldList, type Requires } from "./aggregate.ts";

/** Up to how many different values are counted exactly; beyond it they are estimated (HyperLogLog). 1000 unless stated. */
export interface CountDistinctOptions {
  readonly exact?: number;
}

/** How many different values there are. */
export function countDistinct<const C extends string>(
  field: C,
  options?: CountDistinctOptions,
): Aggregate<Requires<C, Value>, number>;
export function countDistinct<const C extends string, Q>(
  of: Column<C, Q>,
  options?: CountDistinctOptions,
): Aggregate<Q & Requires<C, Value>, number>;
export function countDistinct<R>(of: Expr<R, Value>, options?: CountDistinctOptions): Aggregate<R, number>;
export function countDistinct(of: Argument, options: CountDistinctOptions = {}): Aggregate<never, number> {
  const { exact = aggregationDefaults.exact } = options;
  return new Aggregate({ kind: "countDistinct", exact }, argument(of));
}

/** How many different values a window may hold: above it the answer is null and its status OVERFLOW. 1000 unless stated. */
export interface DistinctLimit {
  readonly limit?: number;
}

/** The k most frequent values, the most frequent first, ties in the order of the values. */
export function topK<const C extends string>(
  field: C,
  k: number,
  options?: DistinctLimit,
): Aggregate<Requires<C, Value>, FieldList<C> | null, never>;
export function topK<const C extends string, Q>(
  of: Column<C, Q>,
  k: number,
  options?: DistinctLimit,
): Aggregate<Q & Requires<C, Value>, FieldList<C> | null, never>;
export function topK<R, T extends Value>(
  of: Expr<R, T>,
  k: number,
  options?: DistinctLimit,
): Aggregate<R, readonly Exclude<T, null>[] | null, never>;
export function topK(
  of: Argument,
  k: number,
  options: DistinctLimit = {},
): Aggregate<never, readonly Value[] | FieldList<string> | null, never> {
  const { limit = aggregationDefaults.limit } = options;
  return new Aggregate({ kind: "topK", k, limit }, argument(of));
}

/** How often each value occurs, by the value as text. */
export function histogram<const C extends string>(
  field: C,
  options?: DistinctLimit,
): Aggregate<Requires<C, Value>, Readonly<Record<string, number>> | null, never>;
export function histogram<const C extends string, Q>(
  of: Column<C, Q>,
  options?: DistinctLimit,
): Aggregate<Q & Requires<C, Value>, Readonly<Record<string, number>> | null, never>;
export function histogram<R>(
  of: Expr<R, Value>,
  options?: DistinctLimit,
): Aggregate<R, Readonly<Record<string, number>> | null, never>;
export function histogram(
  of: Argument,
  options: DistinctLimit = {},
): Aggregate<never, Readonly<Record<string, number>> | null, never> {
  const { limit = aggregationDefaults.limit } = options;
  return new Aggregate({ kind: "histogram", limit }, argument(of));
}
