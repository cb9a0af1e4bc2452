import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { AsofError } from "../../core/errors.ts";
import { codedError } from "./sqlite-error.ts";

/**
 * Copies a registry, which may be in use by any process, into a new file: one snapshot, without what it no longer
 * uses. @throws ASOF_HOME where there is none, ASOF_CORRUPT, ASOF_BUSY
 */
export function copyRegistry(path: string, to: string): void {
  if (!existsSync(path)) throw new AsofError("ASOF_HOME", `there is no registry ${path}`, { path });
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      database.prepare("vacuum into ?").run(to);
    } finally {
      database.close();
    }
  } catch (cause) {
    throw codedError(cause, path);
  }
}
