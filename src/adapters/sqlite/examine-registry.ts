import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { AsofError } from "../../core/errors.ts";
import { codedError } from "./sqlite-error.ts";

/**
 * Reads a registry whole and changes nothing; resolves to what SQLite finds wrong with it.
 * @throws ASOF_HOME where there is none, ASOF_CORRUPT where it cannot be read at all
 */
export function examineRegistry(path: string): string[] {
  if (!existsSync(path)) throw new AsofError("ASOF_HOME", `there is no registry ${path}`, { path });
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      const found = database.prepare("pragma integrity_check").all() as { integrity_check: string }[];
      const foreign = database.prepare("pragma foreign_key_check").all() as { table: string; parent: string }[];
      return [
        ...found.map((row) => row.integrity_check).filter((text) => text !== "ok"),
        ...foreign.map(({ table, parent }) => `a row of ${table} refers to what is not in ${parent}`),
      ];
    } finally {
      database.close();
    }
  } catch (cause) {
    throw codedError(cause, path);
  }
}
