import type { LoadedFile } from "../../core/codec/load-entry.ts";
import { HISTORY, STAGING } from "../../core/plan/folders.ts";
import { sqlList } from "../../core/plan/sql.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { stagedFiles } from "./staged-files.ts";

/** Rows on their way into history. */
export interface PlacedRows {
  readonly stream: string;
  /** Names their files; no others have it. */
  readonly id: string;
  /** The fields of the stream. */
  readonly fields: readonly string[];
  /** A query that gives the fields, `__event`, `__available` and `__position`. */
  readonly sql: string;
  /** Whether the rows come nearly in the order of their days, and are written as they come. */
  readonly inOrder?: boolean;
  /** Told how much of the writing is done, from 0 to 1. */
  readonly onShare?: (share: number) => void;
}

const DAY = "__day";

/**
 * Writes rows aside and moves them into history, where nothing refers to them yet; resolves to their files by paths
 * within history. Files that nothing ever refers to are removed at the next start.
 */
export async function placeRows(files: FileStore, session: OfflineSession, rows: PlacedRows): Promise<LoadedFile[]> {
  const staging = `${STAGING}/${rows.id}`;
  try {
    const staged = await stage(files, session, rows, staging);
    const moves = staged.map((file, i) => ({
      from: file.path,
      to: `${HISTORY}/${rows.stream}/${dayOf(file.path, staging)}/${rows.id}-${i}.parquet`,
    }));
    await files.move(moves);
    return staged.map((file, i) => ({ ...file, path: moves[i].to.slice(HISTORY.length + 1) }));
  } finally {
    await files.remove(staging);
  }
}

async function stage(
  files: FileStore,
  session: OfflineSession,
  rows: PlacedRows,
  staging: string,
): Promise<LoadedFile[]> {
  const folder = files.path(staging);
  await files.makeFolder(staging);
  const written = await session.copy(
    `SELECT ${sqlList(rows.fields)}, ${EVENT}, ${AVAILABLE}, CAST(${POSITION} AS BIGINT) AS ${POSITION},
            CAST(${EVENT} AS DATE) AS ${DAY}
     FROM (${rows.sql})${rows.inOrder === true ? "" : ` ORDER BY ${EVENT}, ${AVAILABLE}`}`,
    folder,
    `PARTITION_BY (${DAY}), COMPRESSION zstd, COMPRESSION_LEVEL 1, OVERWRITE_OR_IGNORE`,
    rows.onShare === undefined ? {} : { onShare: rows.onShare },
  );
  return stagedFiles(session, files, staging, written);
}

function dayOf(path: string, staging: string): string {
  return path
    .slice(staging.length + 1)
    .split("/")[0]
    .replace(`${DAY}=`, "day=");
}
