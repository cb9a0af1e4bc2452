import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { DataType } from "../../core/schema/data-type.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { inRange, ROW, type RowRange, type SpineTable } from "./spine-table.ts";

/** What asks for keys: the input of the spine for each key of a view. */
interface KeyUse {
  readonly inputs: Readonly<Record<string, string>>;
}

/** The keys that a spine asks about in a view, numbered from 0: the engine joins them, the kernel counts on them. */
export class DenseKeys {
  readonly count: number;
  private readonly table: string;
  private readonly keys: readonly string[];

  private constructor(table: string, count: number, keys: readonly string[]) {
    this.table = table;
    this.count = count;
    this.keys = keys;
  }

  /** Makes the table `name` of the session. `keys` are the view's. */
  static async of(
    session: OfflineSession,
    name: string,
    keys: readonly string[],
    uses: readonly KeyUse[],
    spine: SpineTable,
  ): Promise<DenseKeys> {
    const asked = new Set(
      uses.map(({ inputs }) => {
        const columns = keys.map((key) => sqlIdentifier(inputs[key]));
        return `SELECT DISTINCT ${columns.map((column, i) => `${column} AS k${i}`).join(", ")} FROM ${spine.name}
                WHERE ${columns.map((column) => `${column} IS NOT NULL`).join(" AND ")}`;
      }),
    );
    const count = await session.run(
      `CREATE OR REPLACE TEMP TABLE ${name} AS
       SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS k, * FROM (${[...asked].join(" UNION ")})`,
    );
    return new DenseKeys(name, count, keys);
  }

  /** Joins the rows `r` of a table that has the keys under the names given; `d.k` is then the number. */
  joinRecords(columnOf: (key: string) => string): string {
    return `JOIN ${this.table} d ON ${this.keys.map((key, i) => `r.${sqlIdentifier(columnOf(key))} = d.k${i}`).join(" AND ")}`;
  }

  /** Joins the spine `s` as `alias`: `alias.k` is then the number, null where the row has no key. */
  joinSpine(use: KeyUse, alias: string): string {
    const on = this.keys.map((key, i) => `s.${sqlIdentifier(use.inputs[key])} = ${alias}.k${i}`);
    return `LEFT JOIN ${this.table} ${alias} ON ${on.join(" AND ")}`;
  }

  drop(session: OfflineSession): Promise<number> {
    return session.run(`DROP TABLE IF EXISTS ${this.table}`);
  }
}

/** A use whose keys are asked for. */
export interface NumberedUse {
  readonly alias: string;
  readonly keys: DenseKeys;
  readonly use: KeyUse;
}

/**
 * The number of each row's key, for each alias, by row of the range; −1 where it has none. The rows are read in
 * whatever order the engine joins them: to keep the spine's would cost it a sort.
 */
export async function keyNumbers(
  session: OfflineSession,
  spine: string,
  range: RowRange,
  uses: readonly NumberedUse[],
): Promise<ReadonlyMap<string, Int32Array>> {
  const joins = [...Map.groupBy(uses, ({ keys, use }) => keys.joinSpine(use, "n")).values()].map((same, i) => ({
    name: `n${i}`,
    same,
    numbers: new Int32Array(range.until - range.from),
  }));
  if (joins.length === 0) return new Map();
  const sql = `SELECT CAST(s.${ROW} - ${range.from} AS INTEGER) AS row,
                 ${joins.map(({ name }) => `COALESCE(${name}.k, -1) AS ${name}`).join(", ")}
               FROM ${spine} s ${joins.map(({ name, same: [{ keys, use }] }) => keys.joinSpine(use, name)).join(" ")}
               WHERE ${inRange(range)}`;
  const fields = { row: int32, ...Object.fromEntries(joins.map(({ name }) => [name, int32])) };
  for await (const { rows, columns } of session.columns(sql, fields)) {
    const row = columns.row.values as Float64Array;
    for (const { name, numbers } of joins) put(columns[name].values as Float64Array, numbers, row, rows);
  }
  return new Map(joins.flatMap(({ same, numbers }) => same.map(({ alias }) => [alias, numbers] as const)));
}

function put(from: Float64Array, into: Int32Array, row: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) into[row[i]] = from[i];
}

const int32: DataType = { kind: "int32", nullable: false };
