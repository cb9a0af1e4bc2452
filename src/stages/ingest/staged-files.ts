import type { LoadedFile } from "../../core/codec/load-entry.ts";
import { sideBySide } from "../../core/side-by-side.ts";
import { sqlString } from "../../core/expression/sql-text.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";

const time = { kind: "timestamp", nullable: true } as const;
const statistics: Fields = {
  file: { kind: "string", nullable: false },
  n: { kind: "int64", nullable: false },
  e0: time,
  e1: time,
  a0: time,
  a1: time,
};

/** So many files are read and synced side by side, while their footers are. */
const AT_ONCE = 4;

/** What Parquet files in a folder of the store hold, by their footers, and their checksums. Their contents are durable when this resolves. */
export async function stagedFiles(session: OfflineSession, files: FileStore, folder: string): Promise<LoadedFile[]> {
  const found = await files.list(folder);
  if (found.length === 0) return [];
  const bytes = new Map(found.map((file) => [files.path(file.file), file]));
  const all = sqlString(`${files.path(folder)}/**/*.parquet`);
  const checksums = sideBySide(found, AT_ONCE, async ({ file }) => {
    const checksum = await files.checksum(file);
    await files.sync(file);
    return [file, checksum] as const;
  });
  // Told when it is awaited.
  checksums.catch(() => {});
  const told = await session.rows(
    `SELECT file_name AS file, sum(row_group_num_rows) FILTER (path_in_schema = '${EVENT}') AS n,
            ${bounds("e", EVENT)}, ${bounds("a", AVAILABLE)}
     FROM parquet_metadata(${all}) WHERE path_in_schema IN ('${EVENT}', '${AVAILABLE}')
     GROUP BY file_name ORDER BY file_name`,
    statistics,
  );
  // Footers tell times as text, and not every text is read back.
  const read = told.every(({ e0, e1, a0, a1 }) => [e0, e1, a0, a1].every((at) => at !== null))
    ? told
    : await session.rows(
        `SELECT filename AS file, count(*) AS n, min(${EVENT}) AS e0, max(${EVENT}) AS e1, min(${AVAILABLE}) AS a0, max(${AVAILABLE}) AS a1
         FROM read_parquet(${all}, filename = true, hive_partitioning = false) GROUP BY filename ORDER BY filename`,
        statistics,
      );
  const checksum = new Map(await checksums);
  return read.map((row) => {
    const file = bytes.get(row.file as string)!;
    return {
      path: file.file,
      rows: Number(row.n),
      bytes: file.bytes,
      minEvent: row.e0 as number,
      maxEvent: row.e1 as number,
      minAvailable: row.a0 as number,
      maxAvailable: row.a1 as number,
      checksum: checksum.get(file.file)!,
    };
  });
}

/** The least and the greatest of a column as footers tell them; null where one of a file's is not told. */
function bounds(name: string, column: string): string {
  const of = (which: "min" | "max"): string => `TRY_CAST(stats_${which}_value AS TIMESTAMP)`;
  const all = (which: "min" | "max"): string =>
    `count(*) FILTER (path_in_schema = '${column}' AND ${of(which)} IS NULL) = 0`;
  return (["min", "max"] as const)
    .map(
      (which, i) =>
        `CASE WHEN ${all(which)} THEN ${which}(${of(which)}) FILTER (path_in_schema = '${column}') END AS ${name}${i}`,
    )
    .join(", ");
}
