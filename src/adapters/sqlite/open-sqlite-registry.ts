import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { RegistryStore } from "../../ports/registry-store.ts";
import { definitionTable } from "./definition-table.ts";
import { erasure } from "./erasure.ts";
import { keyTable } from "./key-table.ts";
import { migrate } from "./migrate.ts";
import { modelTable } from "./model-table.ts";
import { noteTable } from "./note-table.ts";
import { offlineFileTable } from "./offline-file-table.ts";
import { runTable } from "./run-table.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { codedError, damaged } from "./sqlite-error.ts";
import { trailTable } from "./trail-table.ts";

/**
 * Opens the registry in one file, which is made where it is missing, with its folder.
 * @throws ASOF_HOME where it cannot be written, ASOF_CORRUPT where it is damaged or another's, ASOF_FORMAT where it
 * is of a newer version, ASOF_BUSY where another process holds it for 5 s.
 */
export async function openSqliteRegistry(path: string): Promise<RegistryStore> {
  const connection = connect(path);
  try {
    await migrate(connection);
    const tables = await connection.patiently(() => prepareTables(connection));
    return { ...tables, close: async () => connection.close() };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function connect(path: string): SqliteConnection {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return new SqliteConnection(path);
  } catch (error) {
    throw codedError(error, path);
  }
}

function prepareTables(connection: SqliteConnection): Omit<RegistryStore, "close"> {
  try {
    return {
      ...definitionTable(connection),
      ...runTable(connection),
      ...offlineFileTable(connection),
      ...modelTable(connection),
      ...noteTable(connection),
      ...keyTable(connection),
      ...trailTable(connection),
      ...erasure(connection),
    };
  } catch (error) {
    // What the schema says must be there is not: SQLite's plain error is "no such table".
    if (error instanceof Error && "errcode" in error && error.errcode === 1)
      throw damaged(connection.path, error.message, error);
    throw error;
  }
}
