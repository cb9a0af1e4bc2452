import { StatementType } from "@duckdb/node-api";
import type { DuckDBConnection, DuckDBTypeId } from "@duckdb/node-api";
import { AsofError } from "../../core/errors.ts";

export interface SqlColumn {
  readonly name: string;
  readonly type: string;
  readonly typeId: DuckDBTypeId;
}

/** The columns of a query, by preparing it. */
export async function describeSql(connection: DuckDBConnection, sql: string): Promise<SqlColumn[]> {
  const prepared = await connection.prepare(sql);
  try {
    if (prepared.statementType !== StatementType.SELECT)
      throw new AsofError("ASOF_SQL", "a query is wanted here, not another statement", { sql });
    return Array.from({ length: prepared.columnCount }, (_, index) => ({
      name: prepared.columnName(index),
      type: prepared.columnType(index).toString(),
      typeId: prepared.columnTypeId(index),
    }));
  } finally {
    prepared.destroySync();
  }
}
