import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { readFileLog } from "../../src/adapters/file-log/read-file-log.ts";
import { openFolder } from "../../src/adapters/folder/folder-store.ts";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import { StreamSchemas } from "../../src/core/codec/stream-schemas.ts";
import type { Stream } from "../../src/core/definition/stream.ts";
import type { Row } from "../../src/core/schema/data-type.ts";
import { systemColumns } from "../../src/core/schema/system-columns.ts";
import { OfflineStore } from "../../src/stages/offline/offline-store.ts";

/** Every record of a stream that the folder of a store holds, in Parquet and in the log, with both of its times. */
export async function offlineRecords(home: string, stream: Stream): Promise<Row[]> {
  const log = await readFileLog(path.join(home, "log"));
  const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(home, "temporary") });
  try {
    const schemas = new StreamSchemas();
    schemas.restore(await registry.note("schemas"));
    const store = new OfflineStore({ registry, files: await openFolder(home), log, schemas });
    const session = await engine.session();
    await store.attach(session, "history", stream, { cut: log.end });
    return await session.rows("SELECT * FROM history", { ...stream.fields, ...systemColumns });
  } finally {
    await Promise.all([engine.close(), registry.close()]);
  }
}

/** The Parquet files that history consists of, and those that lie in its folder or are being written: no other may. */
export async function historyFiles(home: string): Promise<{ known: string[]; found: string[]; staged: string[] }> {
  const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  try {
    const known = (await registry.files()).map((file) => file.path).sort();
    return { known, found: filesIn(path.join(home, "offline")), staged: filesIn(path.join(home, "staging")) };
  } finally {
    await registry.close();
  }
}

/** The files below a folder, by their paths within it. */
export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .sort();
}
