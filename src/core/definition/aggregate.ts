import type { AggregationSpec } from "../aggregation/aggregation.ts";
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
  over<const W extends readonly WindowInput[]>(
    ...windows: W
  ): Windowed<R, V, SuffixOf<W[number]>, SeriesSuffixOf<W[number]>> {
    if (windows.length === 0) throw new AsofError("ASOF_WINDOW", "name at least one window", {});
    return { aggregate: this, windows: windows.map(namedWindow) };
  }
}

/** An aggregate with its windows: a feature for each; those of the suffixes Q are lists of what the others are. */
export interface Windowed<in R, out V, S extends string, Q extends string = never> {
  readonly aggregate: Aggregate<R, V>;
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
