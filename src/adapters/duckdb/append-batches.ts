import { DuckDBDataChunk } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { duckDbError } from "./duckdb-error.ts";
import { engineType } from "./duckdb-type.ts";
import { fillChunk } from "./fill-chunk.ts";
import { packColumn } from "./packed-column.ts";

/** Rows after which others have the event loop: some milliseconds' work. */
const BLOCK_ROWS = 2 * 2048;

/** A CREATE statement for a temporary table of these fields. */
export function createTableSql(name: string, fields: Fields): string {
  const columns = Object.entries(fields).map(([field, { kind }]) => `${sqlIdentifier(field)} ${engineType[kind]}`);
  return `CREATE TEMPORARY TABLE ${sqlIdentifier(name)} (${columns.join(", ")})`;
}

/**
 * Appends batches to a temporary table through one chunk, filled again and again: a new one each time costs more than
 * the copying. Appends on the calling thread, and lets others have it between blocks.
 */
export async function appendBatches(
  connection: DuckDBConnection,
  name: string,
  fields: Fields,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  checkpoint: () => void,
): Promise<number> {
  const names = Object.keys(fields);
  const appender = await connection.createAppender(name, "main", "temp");
  try {
    const types = names.map((_, index) => appender.columnType(index));
    const chunk = DuckDBDataChunk.create(types);
    let total = 0;
    for await (const batch of batches) {
      for (let from = 0; from < batch.rows; from += BLOCK_ROWS) {
        checkpoint();
        const rows = Math.min(BLOCK_ROWS, batch.rows - from);
        const columns = names.map((field) => packColumn(batch.columns[field], from, rows));
        ours(() => {
          for (let at = 0; at < rows;) {
            chunk.reset();
            at += fillChunk(chunk.chunk, columns, at, rows);
            appender.appendDataChunk(chunk);
          }
        });
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
      total += batch.rows;
    }
    ours(() => appender.closeSync());
    return total;
  } catch (error) {
    appender.clear();
    throw error;
  }
}

/** DuckDB's errors as ours; the producer's own errors pass. */
function ours(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw duckDbError(error);
  }
}
