import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { CallGate } from "./call-gate.ts";
import { CollectionPace } from "./collection-pace.ts";
import { batchRows, ColumnReader } from "./column-reader.ts";
import { columnsSql } from "./columns-sql.ts";
import { describeSql } from "./describe-sql.ts";

const pace = new CollectionPace();

/**
 * Runs a query as a stream and gathers its chunks, 2048 rows each, into batches. The engine makes a chunk when it is asked for
 * one: the next while we copy the last.
 */
export async function* streamColumns(
  connection: DuckDBConnection,
  gate: CallGate,
  sql: string,
  fields: Fields,
  lend = false,
): AsyncGenerator<Batch, void, undefined> {
  const columns = await gate.request(sql, () => describeSql(connection, sql));
  const select = columnsSql(sql, fields, columns);
  const result = await gate.request(sql, () => connection.stream(select));
  const reader = new ColumnReader(fields, batchRows(Object.keys(fields).length), lend);
  const fetch = (): Promise<DuckDBDataChunk | null> => {
    const next = gate.request(sql, () => result.fetchChunk());
    next.catch(() => undefined);
    return next;
  };
  let next = fetch();
  let isLong = false;
  let ended = false;
  try {
    for (;;) {
      const chunk = await next;
      ended = chunk === null || chunk.rowCount === 0;
      if (chunk === null || ended) break;
      next = fetch();
      reader.add(chunk.chunk);
      if (!reader.isFull) continue;
      if (!isLong) {
        isLong = true;
        pace.enter();
      }
      yield reader.take();
      gate.check();
    }
    if (reader.rows > 0) yield reader.take();
    gate.check();
  } finally {
    if (isLong) pace.leave();
    await next.catch(() => undefined);
    // A result left half read holds its buffers until the next statement.
    if (!ended) await gate.request("SELECT 1", () => connection.run("SELECT 1")).catch(() => undefined);
  }
}
