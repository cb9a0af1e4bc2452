import type { DuckDBConnection } from "@duckdb/node-api";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import type { CollectionType } from "../../core/aggregation/feature-type.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields, Row, Value } from "../../core/schema/data-type.ts";
import type { ColumnsOptions, DescribedColumn, OfflineSession, WrittenFile } from "../../ports/offline-engine.ts";
import { appendBatches, createTableSql } from "./append-batches.ts";
import { CallGate } from "./call-gate.ts";
import { describeSql } from "./describe-sql.ts";
import { kindOf } from "./duckdb-type.ts";
import type { ParquetWriter } from "./parquet-writer.ts";
import { streamColumns } from "./stream-columns.ts";
import { writtenFile } from "./written-file.ts";

/** A session is a connection: temporary tables are its own. */
export class DuckDbSession implements OfflineSession {
  readonly #connection: DuckDBConnection;
  readonly #writer: ParquetWriter;
  readonly #gate: CallGate;
  readonly #onClose: () => void;
  #closing: Promise<void> | null = null;

  constructor(
    connection: DuckDBConnection,
    writer: ParquetWriter,
    signal: AbortSignal | undefined,
    onClose: () => void,
  ) {
    this.#connection = connection;
    this.#writer = writer;
    this.#gate = new CallGate(connection, signal);
    this.#onClose = onClose;
  }

  async run(sql: string, { onShare }: { readonly onShare?: (share: number) => void } = {}): Promise<number> {
    return this.#gate.call("run", async () => {
      const result = await this.#execute(sql, onShare);
      // DuckDB counts the rows of CREATE TABLE AS in its result only.
      if (result.rowsChanged > 0 || result.columnNames()[0] !== "Count") return result.rowsChanged;
      const [row] = await result.getRowsJS();
      return Number(row?.[0] ?? 0);
    });
  }

  async copy(
    query: string,
    folder: string,
    options: string,
    { onShare }: { readonly onShare?: (share: number) => void } = {},
  ): Promise<WrittenFile[]> {
    const sql = `COPY (${query}) TO ${sqlString(folder)} (FORMAT parquet, ${options}, RETURN_STATS)`;
    return this.#gate.call("copy", async () => {
      const result = await this.#execute(sql, onShare);
      return (await result.getRowsJson()).map(writtenFile);
    });
  }

  #execute(sql: string, onShare: ((share: number) => void) | undefined): ReturnType<DuckDBConnection["run"]> {
    const work = (): ReturnType<DuckDBConnection["run"]> => this.#connection.run(sql);
    return this.#gate.request(sql, onShare === undefined ? work : () => withShare(this.#connection, onShare, work));
  }

  async describe(sql: string): Promise<readonly DescribedColumn[]> {
    return this.#gate.call("describe", async () => {
      const columns = await this.#gate.request(sql, () => describeSql(this.#connection, sql));
      return columns.map(({ name, type, typeId }) => ({ name, engineType: type, kind: kindOf(typeId) }));
    });
  }

  async *columns(sql: string, fields: Fields, options: ColumnsOptions = {}): AsyncGenerator<Batch, void, undefined> {
    const leave = await this.#gate.enter("columns");
    try {
      yield* streamColumns(this.#connection, this.#gate, sql, fields, options);
    } finally {
      leave();
    }
  }

  async rows(sql: string, fields: Fields): Promise<Row[]> {
    const rows: Row[] = [];
    const read = async (): Promise<void> => {
      for await (const batch of streamColumns(this.#connection, this.#gate, sql, fields))
        for (const row of rowsOf(batch)) rows.push(row);
    };
    await this.#gate.call("rows", read);
    return rows;
  }

  async table(name: string, fields: Fields, batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<number> {
    return this.#gate.run("table", async () => {
      const run = async (sql: string): Promise<unknown> => this.#gate.request(sql, () => this.#connection.run(sql));
      await run(createTableSql(name, fields));
      try {
        return await appendBatches(this.#connection, name, fields, batches, () => this.#gate.check());
      } catch (error) {
        await run(`DROP TABLE temp.main.${sqlIdentifier(name)}`).catch(() => undefined);
        throw error;
      }
    });
  }

  async writeParquet(
    path: string,
    fields: Fields,
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    collections: Readonly<Record<string, CollectionType>> = {},
  ): Promise<number> {
    const { stopped } = this.#gate;
    return this.#gate.run("writeParquet", () => this.#writer.write(path, fields, batches, collections, stopped));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#gate.close();
    this.#connection.closeSync();
    this.#onClose();
  }
}

const SHARE_EVERY_MS = 200;
const PROGRESS = "SET enable_progress_bar = true; SET enable_progress_bar_print = false";

/** Does work on a connection and tells how much of it is done. */
async function withShare<T>(
  connection: DuckDBConnection,
  onShare: (share: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  // DuckDB keeps count only where it would show it.
  await connection.run(PROGRESS);
  const timer = setInterval(() => {
    const { percentage } = connection.progress;
    if (percentage >= 0) onShare(percentage / 100);
  }, SHARE_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function* rowsOf(batch: Batch): Iterable<Row> {
  const columns = Object.entries(batch.columns);
  for (let i = 0; i < batch.rows; i++) {
    yield Object.fromEntries(
      columns.map(([name, { type, values, valid }]): [string, Value] => {
        if (valid?.[i] === 0) return [name, null];
        return [name, type.kind === "boolean" ? values[i] === 1 : values[i]];
      }),
    );
  }
}
