import type { AggregateViewDefinition } from "../definition/data.ts";
import { AsofError } from "../errors.ts";
import { compileColumns, compileRow } from "../expression/compile.ts";
import { columnsOf, type Expression, familyOf } from "../expression/tree.ts";
import type { Batch } from "../schema/column.ts";
import type { Fields, Row } from "../schema/data-type.ts";
import { isEventSlot, layoutOf } from "./view-layout.ts";

/** Operations whose result may lie outside its type. */
const FALLIBLE = new Set(["arithmetic", "sign", "rounding", "conversion"]);

/**
 * What views over a source compute of a record and what of it may overflow: a record that one of them cannot take is
 * refused when it comes, as it could never be counted afterwards.
 */
export class ContributionCheck {
  /** The fields that checking a batch reads. */
  readonly columns: readonly string[];
  private readonly rows: readonly { readonly view: string; readonly check: (row: Row) => unknown }[];
  private readonly batches: readonly { readonly view: string; readonly check: (batch: Batch) => unknown }[];

  constructor(views: readonly AggregateViewDefinition[], fields: Fields) {
    const fallible = views.flatMap((view) =>
      layoutOf(view, fields)
        .slots.filter((slot) => !isEventSlot(slot))
        .flatMap(({ of, where, per }) => [whereOnly(of, where), per === null ? null : whereOnly(per.of, where)])
        .filter((expression) => expression !== null && mayOverflow(expression))
        .map((expression) => ({ view: view.name, expression: expression! })),
    );
    this.columns = [...new Set(fallible.flatMap(({ expression }) => columnsOf(expression)))];
    this.rows = fallible.map(({ view, expression }) => ({ view, check: compileRow(expression, fields) }));
    this.batches = fallible.map(({ view, expression }) => ({ view, check: compileColumns(expression, fields) }));
  }

  /** @throws ASOF_OVERFLOW, naming the view */
  row(row: Row): void {
    for (const { view, check } of this.rows) naming(view, () => check(row));
  }

  /** @throws ASOF_OVERFLOW, naming the view and the first row of the batch */
  batch(batch: Batch): void {
    for (const { view, check } of this.batches) naming(view, () => check(batch));
  }
}

/** What a slot evaluates of a record; null where that is nothing. */
function whereOnly(of: Expression | null, where: Expression | null): Expression | null {
  if (where === null || of === null) return of ?? where;
  return { op: "if", args: [where, of, { op: "literal", kind: "null", value: null }] };
}

function mayOverflow(expression: Expression): boolean {
  if (expression.op === "column" || expression.op === "literal") return false;
  if (expression.op === "duration" || FALLIBLE.has(familyOf(expression.op) ?? "")) return true;
  return expression.args.some(mayOverflow);
}

function naming(view: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    throw new AsofError(error.code, `view ${view}: ${error.message}`, { ...error.details, view }, error);
  }
}
