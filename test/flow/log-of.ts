import path from "node:path";
import { readFileLog } from "../../src/adapters/file-log/read-file-log.ts";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import { ByteReader } from "../../src/core/codec/bytes.ts";
import { decodeRecords, ENTRY } from "../../src/core/codec/record-batch.ts";
import { decodeRetractions } from "../../src/core/codec/retractions.ts";
import { StreamSchemas } from "../../src/core/codec/stream-schemas.ts";
import { decodeWithdrawals, type Withdrawal } from "../../src/core/codec/withdrawals.ts";
import type { SourceDefinition } from "../../src/core/definition/data.ts";
import { withdrawalStream } from "../../src/core/definition/stream.ts";
import type { Row } from "../../src/core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns, WITHDRAWN } from "../../src/core/schema/system-columns.ts";

/** A record of a source with an `id`, wherever it is, with the moment from which on it is withdrawn. */
export interface Found {
  readonly position: number;
  readonly event: number;
  readonly available: number;
  withdrawn: number | null;
  readonly row: Row;
}

export interface LogOf {
  readonly records: readonly Found[];
  readonly withdrawals: readonly Withdrawal[];
  /** Ids that were waited for, with their moments. */
  readonly waiting: readonly { readonly id: Row; readonly since: number }[];
  /** The records that count, as texts of their first fields, sorted. */
  readonly live: string[];
}

/** All that a store's folder holds of a source, read plainly: Parquet files first, then the log behind them. */
export async function logOf(home: string, source: SourceDefinition): Promise<LogOf> {
  const log = await readFileLog(path.join(home, "log"));
  const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(home, "temporary") });
  const session = await engine.session();
  try {
    const schemas = new StreamSchemas();
    schemas.restore(await registry.note("schemas"));
    const records: Found[] = [];
    const marks: { position: number; row: Row; withdrawn: number }[] = [];
    const { archived } = await registry.offlineState();
    const parquet = (file: string): string => `read_parquet('${path.join(home, "offline", file)}')`;
    for (const file of await registry.files(source.name)) {
      const found = await session.describe(`SELECT * FROM ${parquet(file.path)}`);
      const own = found.some(({ name }) => name === WITHDRAWN) ? WITHDRAWN : "NULL::TIMESTAMP";
      for (const row of await session.rows(
        `SELECT * REPLACE (coalesce(${POSITION}, ${file.position}) AS ${POSITION}), ${own} AS own FROM ${parquet(file.path)}`,
        { ...source.fields, ...systemColumns, own: { kind: "timestamp", nullable: true } },
      ))
        records.push({
          position: Number(row[POSITION]),
          event: row[EVENT] as number,
          available: row[AVAILABLE] as number,
          withdrawn: row["own"] as number | null,
          row,
        });
    }
    const stream = withdrawalStream(source)!;
    for (const file of await registry.files(stream.name))
      for (const row of await session.rows(`SELECT * FROM ${parquet(file.path)}`, {
        ...stream.fields,
        ...systemColumns,
      }))
        marks.push({ position: Number(row["__target"]), row, withdrawn: row[AVAILABLE] as number });

    const withdrawals: Withdrawal[] = [];
    const waiting: LogOf["waiting"][number][] = [];
    for await (const { stream: name, kind, position, stamp, count, payload } of log.read(log.start)) {
      if (name !== source.name) continue;
      if (kind === ENTRY.records && position >= archived)
        for (const [i, { event, row }] of decodeRecords(new ByteReader(payload), count, schemas.codecOf).entries())
          records.push({
            position: position + i,
            event,
            available: Math.max(event, stamp + i),
            withdrawn: null,
            row,
          });
      if (kind === ENTRY.withdrawals) {
        const all = decodeWithdrawals(new ByteReader(payload), count, schemas.codecOf);
        withdrawals.push(...all);
        if (position >= archived)
          for (const { origin, target, row, withdrawn } of all)
            if (origin !== "nowhere") marks.push({ position: target, row, withdrawn });
      }
      if (kind === ENTRY.retractions)
        for (const [i, id] of decodeRetractions(new ByteReader(payload), schemas).waiting.entries())
          waiting.push({ id, since: stamp + i });
    }
    const idOf = (row: Row): string => source.id!.map((name) => String(row[name])).join(" ");
    for (const mark of marks) {
      const targets = records.filter(({ position, row }) => position === mark.position && idOf(row) === idOf(mark.row));
      if (targets.length !== 1) throw new Error(`a withdrawal of ${idOf(mark.row)} has ${targets.length} targets`);
      targets[0].withdrawn = Math.min(targets[0].withdrawn ?? Infinity, mark.withdrawn);
    }
    const live = records
      .filter(({ withdrawn }) => withdrawn === null)
      .map(({ row }) => `${idOf(row)} ${String(row["amount"])}`)
      .sort();
    return { records, withdrawals, waiting, live };
  } finally {
    await session.close();
    await Promise.all([engine.close(), registry.close()]);
  }
}
