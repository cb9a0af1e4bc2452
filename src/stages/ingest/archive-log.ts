import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { LogPosition, LogReader } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { OfflineFile } from "../../ports/registry-store.ts";
import { type LoadInLog, LogRows } from "./log-rows.ts";
import { placeRows } from "./place-rows.ts";

/** What is to be archived; `id` names the files. */
export interface ArchiveRange {
  readonly id: string;
  readonly from: LogPosition;
  readonly cut: LogPosition;
}

/** What of the log is in Parquet, in files that nothing refers to yet. */
export interface ArchivedLog {
  readonly records: number;
  readonly files: readonly OfflineFile[];
  readonly loads: readonly LoadInLog[];
}

export interface ArchivingParts {
  readonly engine: OfflineEngine;
  readonly log: Pick<LogReader, "start" | "read">;
  readonly files: FileStore;
  readonly schemas: StreamSchemas;
  /** Where the withdrawals of a source are kept; null for a source whose records have no id. */
  readonly withdrawals: (source: string) => Stream | null;
}

/** Brings records of the log into Parquet. `rests` says whether it may rest for the sake of others. */
export async function archiveLog(
  { engine, log, files, schemas, withdrawals }: ArchivingParts,
  { id, from, cut }: ArchiveRange,
  rests: () => boolean,
): Promise<ArchivedLog> {
  const rows = new LogRows(schemas, withdrawals);
  const placed: OfflineFile[] = [];
  let records = 0;
  const session = await engine.session();
  try {
    for await (const portion of rows.portions(log, from, cut, rests))
      for (const [i, group] of portion.groups.entries()) {
        records += group.rows;
        const table = "asof_archive";
        await session.table(table, group.columns, group.batches(rests));
        const { stream, fields } = group;
        const wanted = {
          stream,
          id: `${id}-${portion.from}-${i}`,
          fields: Object.keys(fields),
          sql: `SELECT * FROM ${table}`,
        };
        for (const file of await placeRows(files, session, wanted))
          placed.push({ ...file, stream, kind: "archive", position: portion.from, end: portion.until });
        await session.run(`DROP TABLE ${table}`);
      }
  } finally {
    await session.close();
  }
  return { records, files: placed, loads: rows.loads };
}
