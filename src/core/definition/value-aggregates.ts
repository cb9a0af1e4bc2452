import type { Column, Expr } from "../expression/expr.ts";
import type { Value } from "../schema/data-type.ts";
import { Aggregate, type Argument, argument, type FieldList, type FieldValue, type Requires } from "./aggregate.ts";

/** The least value: numbers by size, strings by code point, false before true; null where there is nothing. */
export function min<const C extends string>(field: C): Aggregate<Requires<C, Value>, FieldValue<C>>;
export function min<const C extends string, Q>(of: Column<C, Q>): Aggregate<Q & Requires<C, Value>, FieldValue<C>>;
export function min<R, T extends Value>(of: Expr<R, T>): Aggregate<R, T | null>;
export function min(of: Argument): Aggregate<never, Value | FieldValue<string>> {
  return new Aggregate({ kind: "min" }, argument(of));
}

/** The greatest value, in the order of `min`; null where there is nothing. */
export function max<const C extends string>(field: C): Aggregate<Requires<C, Value>, FieldValue<C>>;
export function max<const C extends string, Q>(of: Column<C, Q>): Aggregate<Q & Requires<C, Value>, FieldValue<C>>;
export function max<R, T extends Value>(of: Expr<R, T>): Aggregate<R, T | null>;
export function max(of: Argument): Aggregate<never, Value | FieldValue<string>> {
  return new Aggregate({ kind: "max" }, argument(of));
}

/**
 * The value of the first record that has one, by event time; null where there is nothing. Ties go by the available
 * time, the source's `order` field, and last the bytes of the record.
 */
export function first<const C extends string>(field: C): Aggregate<Requires<C, Value>, FieldValue<C>>;
export function first<const C extends string, Q>(of: Column<C, Q>): Aggregate<Q & Requires<C, Value>, FieldValue<C>>;
export function first<R, T extends Value>(of: Expr<R, T>): Aggregate<R, T | null>;
export function first(of: Argument): Aggregate<never, Value | FieldValue<string>> {
  return new Aggregate({ kind: "first" }, argument(of));
}

/** The value of the last record that has one, in the order of `first`; null where there is nothing. */
export function last<const C extends string>(field: C): Aggregate<Requires<C, Value>, FieldValue<C>>;
export function last<const C extends string, Q>(of: Column<C, Q>): Aggregate<Q & Requires<C, Value>, FieldValue<C>>;
export function last<R, T extends Value>(of: Expr<R, T>): Aggregate<R, T | null>;
export function last(of: Argument): Aggregate<never, Value | FieldValue<string>> {
  return new Aggregate({ kind: "last" }, argument(of));
}

/** The values of the last n records that have one, in the order of `first`, the newest as element 0. */
export function lastN<const C extends string>(field: C, n: number): Aggregate<Requires<C, Value>, FieldList<C>, never>;
export function lastN<const C extends string, Q>(
  of: Column<C, Q>,
  n: number,
): Aggregate<Q & Requires<C, Value>, FieldList<C>, never>;
export function lastN<R, T extends Value>(of: Expr<R, T>, n: number): Aggregate<R, readonly Exclude<T, null>[], never>;
export function lastN(of: Argument, n: number): Aggregate<never, readonly Value[] | FieldList<string>, never> {
  return new Aggregate({ kind: "lastN", n }, argument(of));
}
