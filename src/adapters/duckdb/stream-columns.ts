import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type duckdb from "@duckdb/node-bindings";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { CallGate } from "./call-gate.ts";
import { CollectionPace } from "./collection-pace.ts";
import { batchRows, CHUNK_ROWS, ColumnReader } from "./column-reader.ts";
import { columnsSql } from "./columns-sql.ts";
import { describeSql } from "./describe-sql.ts";

const pace = new CollectionPace();

/** Runs a query as a stream and gathers its chunks, 2048 rows each, into batches; one chunk is fetched ahead. */
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
  const fetch = (): Promise<DuckDBDataChunk | null> => gate.request(sql, () => result.fetchChunk());
  const limit = batchRows(Object.keys(fields).length);
  const reader = new ColumnReader(fields, lend ? limit : null);
  let ended = false;
  let next = fetch();
  let isLong = false;
  try {
    for (let chunks: duckdb.DataChunk[] = [], rows = 0; !ended;) {
      const chunk = await next;
      const size = chunk === null ? 0 : chunk.rowCount;
      ended = size === 0;
      if (!ended) {
        chunks.push(chunk!.chunk);
        rows += size;
        next = fetch();
        next.catch(() => undefined);
        if (rows + CHUNK_ROWS <= limit) continue;
      }
      if (rows === 0) continue;
      if (!ended && !isLong) {
        isLong = true;
        pace.enter();
      }
      yield reader.read(chunks);
      gate.check();
      [chunks, rows] = [[], 0];
    }
  } finally {
    if (isLong) pace.leave();
    await next.catch(() => undefined);
    // A result left half read holds its buffers until the next statement.
    if (!ended) await gate.request("SELECT 1", () => connection.run("SELECT 1")).catch(() => undefined);
  }
}
