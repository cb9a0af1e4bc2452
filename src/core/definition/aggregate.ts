import { aggregationDefaults, type AggregationSpec } from "../aggregation/aggregation.ts";
import type { Column, Expr } from "../expression/expr.ts";
import type { Expression } from "../expression/tree.ts";
import { AsofError } from "../errors.ts";
import {
  type NamedSeries,
  namedWindow,
  type NamedWindow,
  type SeriesSuffixOf,
  type SuffixOf,
  type WindowInput,
} from "./named-window.ts";

/** Stands for "the type of the source's field C" until the source is known. */
export interface FieldValue<out C extends string> {
  readonly $field: C;
}

/** Stands for "a list of what the source's field C holds, without nulls" until the source is known. */
export interface FieldList<out C extends string> {
  readonly $listOf: C;
}

/** Stands for "what the source's field C holds by the text of a key, without nulls" until the source is known. */
export interface FieldMap<out C extends string> {
  readonly $mapOf: C;
}

/** What a map has of E under each key. */
type MapOf<E> = E extends FieldValue<infer C> ? FieldMap<C> : never;
export type PerKey<E> = [E] extends [FieldValue<string>] ? MapOf<E> : Readonly<Record<string, E>>;

/** What `per` takes: nothing where what is aggregated gives a collection already. */
type Separable<E> = [E] extends [never] ? never : unknown;

/** What names an entry of a map. */
type Nameable = string | boolean | number | bigint | null;

/** Above how many different keys in a window the answer is null and its status OVERFLOW: 1000 unless stated. */
export interface PerOptions {
  readonly limit?: number;
}

/**
 * An aggregation of the records of a key. R is what it requires of the source's row, V what it gives, E what it gives
 * of records there are, never where that is a collection.
 * It becomes features by `over`: one for each window, named `feature_window`.
 */
export class Aggregate<in R, out V, out E = Exclude<V, null>> {
  readonly spec: AggregationSpec;
  readonly of: Expression | null;
  readonly filter: Expression | null;
  readonly key: Expression | null;
  declare readonly $requires: (row: R) => void;
  declare readonly $value: V;
  declare readonly $each: E;

  constructor(
    spec: AggregationSpec,
    of: Expression | null,
    filter: Expression | null = null,
    key: Expression | null = null,
  ) {
    this.spec = spec;
    this.of = of;
    this.filter = filter;
    this.key = key;
  }

  /** Leaves out the records for which the condition is not true. */
  where<const C extends string, Q>(condition: Column<C, Q>): Aggregate<R & Q & Requires<C, boolean | null>, V, E>;
  where<Q>(condition: Expr<Q, boolean | null>): Aggregate<R & Q, V, E>;
  where({ expression }: { readonly expression: Expression }): Aggregate<never, V, E> {
    return new Aggregate(
      this.spec,
      this.of,
      this.filter === null ? expression : { op: "and", args: [this.filter, expression] },
      this.key,
    );
  }

  /**
   * The aggregation for each value of a field or an expression: a map from the value's text, in the order of the
   * values. Records of which that value is null do not count.
   */
  per<const C extends string>(
    by: C & Separable<E>,
    options?: PerOptions,
  ): Aggregate<R & Requires<C, Nameable>, PerKey<E> | null, never>;
  per<const C extends string, Q>(
    by: Column<C, Q> & Separable<E>,
    options?: PerOptions,
  ): Aggregate<R & Q & Requires<C, Nameable>, PerKey<E> | null, never>;
  per<Q>(by: Expr<Q, Nameable> & Separable<E>, options?: PerOptions): Aggregate<R & Q, PerKey<E> | null, never>;
  per(by: Argument, { limit = aggregationDefaults.limit }: PerOptions = {}): Aggregate<never, PerKey<E> | null, never> {
    if (this.spec.kind === "per") throw new AsofError("ASOF_DEFINITION", "an aggregation has one per", {});
    return new Aggregate({ kind: "per", each: this.spec, limit }, this.of, this.filter, argument(by));
  }

  /** The windows it is computed over. */
  over<const W extends readonly WindowInput[]>(
    ...windows: W
  ): Windowed<R, V, SuffixOf<W[number]>, SeriesSuffixOf<W[number]>> {
    if (windows.length === 0) throw new AsofError("ASOF_WINDOW", "name at least one window", {});
    return { aggregate: this, windows: windows.map(namedWindow) };
  }
}

/** An aggregate with its windows: a feature for each; those of the suffixes Q are lists of what the others are. */
export interface Windowed<in R, out V, S extends string, Q extends string = never> {
  readonly aggregate: Aggregate<R, V, unknown>;
  readonly windows: readonly (NamedWindow | NamedSeries)[];
  readonly $suffix?: S;
  readonly $series?: Q;
}

/** A row with a field C that holds T. */
export type Requires<C extends string, T> = { readonly [P in C]: T };

/** A field by its name, or an expression. */
export type Argument = string | { readonly expression: Expression };

export function argument(of: Argument): Expression {
  return typeof of === "string" ? { op: "column", name: of } : of.expression;
}
