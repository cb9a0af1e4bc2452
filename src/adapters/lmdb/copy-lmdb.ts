import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { AsofError } from "../../core/errors.ts";
import { checkDataFile } from "./check-data-file.ts";
import { openDatabase } from "./lmdb-database.ts";
import { codedError } from "./lmdb-error.ts";
import { OpenGuard } from "./open-guard.ts";

/**
 * Copies an online store, which may be in use by any process, into an empty folder: one snapshot, without the pages
 * that it no longer uses. @throws ASOF_HOME where there is none, ASOF_CORRUPT
 */
export async function copyLmdb(folder: string, to: string): Promise<void> {
  const file = join(folder, "data.mdb");
  try {
    if (!existsSync(file)) throw new AsofError("ASOF_HOME", `there is no online store in ${folder}`, { path: folder });
    checkDataFile(file, folder);
    mkdirSync(to, { recursive: true });
    const database = openDatabase(folder, { readOnly: true }, new OpenGuard(folder));
    try {
      await database.backup(to, true);
    } finally {
      await database.close();
    }
  } catch (cause) {
    throw codedError(cause, "copy", folder);
  }
}
