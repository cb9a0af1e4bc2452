import { assert } from "../../core/assert.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { inRange, MOMENT, ROW, type RowRange } from "./spine-table.ts";

/** A query over a spine `s`, with the moment of each row, and what is joined to it: all rows, in their order. */
export class SpineQuery {
  private readonly spine: string;
  private readonly fields: Record<string, DataType> = { [MOMENT]: { kind: "float64", nullable: false } };
  private readonly selected = [`CAST(s.${MOMENT} AS DOUBLE) AS ${MOMENT}`];
  private readonly joins: string[] = [];

  constructor(spine: string) {
    this.spine = spine;
  }

  /** A column of the result; once under each name. */
  add(name: string, type: DataType, sql: string): void {
    if (Object.hasOwn(this.fields, name)) return;
    this.fields[name] = type;
    this.selected.push(`${sql} AS ${sqlIdentifier(name)}`);
  }

  /** The inputs that are the keys of a use. */
  addKeys({ keys, inputs }: { readonly keys: Fields; readonly inputs: Readonly<Record<string, string>> }): void {
    for (const [key, type] of Object.entries(keys))
      this.add(inputs[key], { ...type, nullable: true }, `s.${sqlIdentifier(inputs[key])}`);
  }

  /** Joins at most one row to each. */
  join(clause: string): void {
    this.joins.push(clause);
  }

  /** A range of the spine's rows, or all there are. A table or a file alone comes in its order; joins do not. */
  async *read(session: OfflineSession, range: RowRange, all: number, lend = false): AsyncGenerator<Batch> {
    const { selected, spine, joins } = this;
    const order = joins.length === 0 ? "" : `ORDER BY s.${ROW}`;
    const where = range.from === 0 && range.until === all ? "" : `WHERE ${inRange(range)}`;
    const sql = `SELECT ${selected.join(", ")} FROM ${spine} s ${joins.join(" ")} ${where} ${order}`;
    let at = range.from;
    for await (const batch of session.columns(sql, this.fields, { lend, count: range.until - range.from })) {
      yield batch;
      at += batch.rows;
    }
    assert(at === range.until, "a spine has every row once");
  }
}
