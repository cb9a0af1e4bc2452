import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { AsofError } from "../../core/errors.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { ColumnsOptions } from "../../ports/offline-engine.ts";
import type { CallGate } from "./call-gate.ts";
import { CollectionPace } from "./collection-pace.ts";
import { batchRows, ColumnReader } from "./column-reader.ts";
import { columnsSql } from "./columns-sql.ts";
import { describeSql } from "./describe-sql.ts";

const pace = new CollectionPace();

/**
 * Runs a query as a stream and gathers its chunks, 2048 rows each, into batches. The engine makes a chunk when it is asked for
 * one: the next while we copy the last.
 *
 * A result that the engine cannot finish ends as if it were whole: the driver has no way to ask why. What fits into the
 * engine's buffer is made, and fails, before the first chunk is there; of what has more than one chunk the rows are counted.
 */
export async function* streamColumns(
  connection: DuckDBConnection,
  gate: CallGate,
  sql: string,
  fields: Fields,
  { lend = false, count }: ColumnsOptions = {},
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
  let [rows, chunks] = [0, 0];
  try {
    for (;;) {
      const chunk = await next;
      ended = chunk === null || chunk.rowCount === 0;
      if (chunk === null || ended) break;
      next = fetch();
      rows += chunk.rowCount;
      chunks++;
      reader.add(chunk.chunk);
      if (!reader.isFull) continue;
      if (!isLong) {
        isLong = true;
        pace.enter();
      }
      yield reader.take();
      gate.check();
    }
    if (chunks > 1 && rows !== (count ?? (await countOf(connection, gate, select))))
      await refuse(connection, gate, select);
    if (reader.rows > 0) yield reader.take();
    gate.check();
  } finally {
    if (isLong) pace.leave();
    await next.catch(() => undefined);
    // A result left half read holds its buffers until the next statement.
    if (!ended) await gate.request("SELECT 1", () => connection.run("SELECT 1")).catch(() => undefined);
  }
}

async function countOf(connection: DuckDBConnection, gate: CallGate, select: string): Promise<number> {
  const sql = `SELECT count(*) FROM (${select})`;
  const [[count]] = await gate.request(sql, async () => (await connection.run(sql)).getRows());
  return Number(count);
}

/** Tells why a result has ended early: what runs as a whole fails with its reason. */
async function refuse(connection: DuckDBConnection, gate: CallGate, select: string): Promise<never> {
  const sql = `EXPLAIN ANALYZE ${select}`;
  await gate.request(select, () => connection.run(sql));
  throw new AsofError("ASOF_INTERNAL", "the engine ended a result before it was whole", { sql: select });
}
