import type { LoadedFile } from "../../core/codec/load-entry.ts";
import { sqlString } from "../../core/expression/sql-text.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { sideBySide } from "../../core/side-by-side.ts";
import { parseTimestamp, type Timestamp } from "../../core/time/timestamp.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession, WrittenFile } from "../../ports/offline-engine.ts";

type Times = Pick<LoadedFile, "minEvent" | "maxEvent" | "minAvailable" | "maxAvailable">;

const time = { kind: "timestamp", nullable: false } as const;
const read: Fields = {
  file: { kind: "string", nullable: false },
  minEvent: time,
  maxEvent: time,
  minAvailable: time,
  maxAvailable: time,
};

/** So many files are read side by side. */
const AT_ONCE = 4;

/** What files that were written to a folder of the store hold, and their checksums. */
export async function stagedFiles(
  session: OfflineSession,
  files: FileStore,
  folder: string,
  written: readonly WrittenFile[],
): Promise<LoadedFile[]> {
  const root = files.path(folder);
  // Times are told as text, and not every text is read back.
  const told = new Map(written.map((file) => [file.path, toldTimes(file)]));
  const times = [...told.values()].includes(null) ? await readTimes(session, root) : told;
  const inOrder = written.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return sideBySide(inOrder, AT_ONCE, async ({ path, rows, bytes }): Promise<LoadedFile> => {
    const file = folder + path.slice(root.length);
    return { path: file, rows, bytes, ...times.get(path)!, checksum: await files.checksum(file) };
  });
}

function toldTimes({ bounds }: WrittenFile): Times | null {
  const of = (column: string): (Timestamp | null)[] => (bounds.get(column) ?? ["", ""]).map(timeIn);
  const [minEvent, maxEvent] = of(EVENT);
  const [minAvailable, maxAvailable] = of(AVAILABLE);
  if (minEvent === null || maxEvent === null || minAvailable === null || maxAvailable === null) return null;
  return { minEvent, maxEvent, minAvailable, maxAvailable };
}

function timeIn(text: string): Timestamp | null {
  try {
    return parseTimestamp(text);
  } catch {
    return null;
  }
}

async function readTimes(session: OfflineSession, root: string): Promise<Map<string, Times>> {
  const rows = await session.rows(
    `SELECT filename AS file, min(${EVENT}) AS "minEvent", max(${EVENT}) AS "maxEvent",
            min(${AVAILABLE}) AS "minAvailable", max(${AVAILABLE}) AS "maxAvailable"
     FROM read_parquet(${sqlString(`${root}/**/*.parquet`)}, filename = true, hive_partitioning = false) GROUP BY filename`,
    read,
  );
  return new Map(rows.map(({ file, ...times }) => [file as string, times as unknown as Times]));
}
