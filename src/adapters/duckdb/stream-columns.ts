import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type duckdb from "@duckdb/node-bindings";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { CallGate } from "./call-gate.ts";
import { CollectionPace } from "./collection-pace.ts";
import { batchRows, CHUNK_ROWS, ColumnReader, rowsAhead } from "./column-reader.ts";
import { columnsSql } from "./columns-sql.ts";
import { describeSql } from "./describe-sql.ts";

const pace = new CollectionPace();

/**
 * Runs a query as a stream and gathers its chunks, 2048 rows each, into batches. The engine fills its buffer when it is
 * asked for a chunk and has none, and then we would wait for each other in turn: what is there already is taken first,
 * up to some batches of it, and worked on while the engine fills.
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
  const fetch = (): Promise<DuckDBDataChunk | null> => gate.request(sql, () => result.fetchChunk());
  const width = Object.keys(fields).length;
  const [limit, ahead] = [batchRows(width) / CHUNK_ROWS, rowsAhead(width) / CHUNK_ROWS];
  const reader = new ColumnReader(fields, lend ? batchRows(width) : null);
  const chunks: duckdb.DataChunk[] = [];
  let ended = false;
  let next = fetch();
  let isLong = false;
  try {
    while (!ended || chunks.length > 0) {
      while (!ended && chunks.length < ahead && (chunks.length < limit || (await isThere(next)))) {
        const chunk = await next;
        ended = chunk === null || chunk.rowCount === 0;
        if (ended) break;
        chunks.push(chunk!.chunk);
        next = fetch();
        next.catch(() => undefined);
      }
      if (chunks.length === 0) continue;
      if (!ended && !isLong) {
        isLong = true;
        pace.enter();
      }
      yield reader.read(chunks.splice(0, limit));
      gate.check();
    }
  } finally {
    if (isLong) pace.leave();
    await next.catch(() => undefined);
    // A result left half read holds its buffers until the next statement.
    if (!ended) await gate.request("SELECT 1", () => connection.run("SELECT 1")).catch(() => undefined);
  }
}

/** Whether what the engine is asked for was there; it takes longer where the engine has to work for it. */
async function isThere(next: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), AT_ONCE_MS)));
  const there = next.then(
    () => true,
    () => true,
  );
  const answer = await Promise.race([there, late]);
  clearTimeout(timer);
  return answer;
}

const AT_ONCE_MS = 1;
