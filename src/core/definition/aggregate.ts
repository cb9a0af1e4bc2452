import type { AggregationSpec } from "../aggregation/aggregation.ts";
import type { Column, Expr } from "../expression/expr.ts";
import type { Expression } from "../expression/tree.ts";
import { AsofError } from "../errors.ts";
import type { Value } from "../schema/data-type.ts";
import { type DurationText, parseDuration } from "../time/duration.ts";
import { makeWindow, type Window } from "../time/window.ts";

/** Stands for "the type of the source's field C" until the source is known. */
export interface FieldValue<out C extends string> {
  readonly $field: C;
}

/** A window with a name of its own, or with a hop or an offset that is not the default. */
export interface NamedWindow<S extends string = string> {
  readonly suffix: S;
  readonly window: Window;
}

/** Lengths that stand for themselves: `"3h"`, or all of history. */
export type WindowText = DurationText | "lifetime";

export type SuffixOf<W> = W extends NamedWindow<infer S> ? S : W extends string ? W : never;

/**
 * An aggregation of the records of a key. R is what it requires of the source's row, V what it gives.
 * It becomes features by `over`: one for each window, named `feature_window`.
 */
export class Aggregate<in R, out V> {
  readonly spec: AggregationSpec;
  readonly of: Expression | null;
  readonly filter: Expression | null;
  declare readonly $requires: (row: R) => void;
  declare readonly $value: V;

  constructor(spec: AggregationSpec, of: Expression | null, filter: Expression | null = null) {
    this.spec = spec;
    this.of = of;
    this.filter = filter;
  }

  /** Leaves out the records for which the condition is not true. */
  where<const C extends string, Q>(condition: Column<C, Q>): Aggregate<R & Q & Requires<C, boolean | null>, V>;
  where<Q>(condition: Expr<Q, boolean | null>): Aggregate<R & Q, V>;
  where({ expression }: { readonly expression: Expression }): Aggregate<never, V> {
    return new Aggregate(
      this.spec,
      this.of,
      this.filter === null ? expression : { op: "and", args: [this.filter, expression] },
    );
  }

  /** The windows it is computed over. */
  over<const W extends readonly (WindowText | NamedWindow)[]>(...windows: W): Windowed<R, V, SuffixOf<W[number]>> {
    if (windows.length === 0) throw new AsofError("ASOF_WINDOW", "name at least one window", {});
    return { aggregate: this, windows: windows.map(namedWindow) };
  }
}

/** An aggregate with its windows: a feature for each. */
export interface Windowed<in R, out V, S extends string> {
  readonly aggregate: Aggregate<R, V>;
  readonly windows: readonly NamedWindow[];
  readonly $suffix?: S;
}

/** A window whose hop, offset or name is stated: `window("7d", { offset: "7d", name: "week_before" })`. */
export function window<const S extends string>(
  length: WindowText,
  options: { readonly name: S; readonly hop?: DurationText; readonly offset?: DurationText },
): NamedWindow<S> {
  const { name, hop, offset } = options;
  if (!/^[a-z0-9](?:_?[a-z0-9])*$/.test(name))
    throw new AsofError("ASOF_WINDOW", `${JSON.stringify(name)} is not a name for a window`, { name });
  return {
    suffix: name,
    window: makeWindow(length === "lifetime" ? null : parseDuration(length), {
      ...(hop === undefined ? {} : { hop: parseDuration(hop) }),
      ...(offset === undefined ? {} : { offset: parseDuration(offset) }),
    }),
  };
}

function namedWindow(given: WindowText | NamedWindow): NamedWindow {
  if (typeof given !== "string") return given;
  if (given === "lifetime") return { suffix: given, window: makeWindow(null) };
  return { suffix: given, window: makeWindow(parseDuration(given)) };
}

type Requires<C extends string, T> = { readonly [P in C]: T };
type Numeric = number | bigint | boolean | null;
/** A field by its name, or an expression. */
type Argument = string | { readonly expression: Expression };

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
export function variance<const C extends string>(field: C): Aggregate<Requires<C, Numeric>, number | null>;
export function variance<const C extends string, Q>(
  of: Column<C, Q>,
): Aggregate<Q & Requires<C, Numeric>, number | null>;
export function variance<R>(of: Expr<R, Numeric>): Aggregate<R, number | null>;
export function variance(of: Argument): Aggregate<never, number | null> {
  return new Aggregate({ kind: "var" }, argument(of));
}

/** The root of the sample variance; null below two values. */
export function stddev<const C extends string>(field: C): Aggregate<Requires<C, Numeric>, number | null>;
export function stddev<const C extends string, Q>(of: Column<C, Q>): Aggregate<Q & Requires<C, Numeric>, number | null>;
export function stddev<R>(of: Expr<R, Numeric>): Aggregate<R, number | null>;
export function stddev(of: Argument): Aggregate<never, number | null> {
  return new Aggregate({ kind: "stddev" }, argument(of));
}

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

function argument(of: Argument): Expression {
  return typeof of === "string" ? { op: "column", name: of } : of.expression;
}
