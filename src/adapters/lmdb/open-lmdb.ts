import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { AsofError } from "../../core/errors.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import { checkDataFile } from "./check-data-file.ts";
import { checkFormat, hasChecksums } from "./format-marker.ts";
import { freeSome } from "./free-pages.ts";
import { openDatabase } from "./lmdb-database.ts";
import type { LmdbOptions } from "./lmdb-database.ts";
import { codedError } from "./lmdb-error.ts";
import { LmdbStore } from "./lmdb-store.ts";
import { OpenGuard } from "./open-guard.ts";
import { finishMove } from "./rewritten-store.ts";

/**
 * Opens the online store in a folder of its own, which is made where it is missing.
 * @throws ASOF_HOME where the folder cannot be used, or to a reader holds no store; ASOF_CORRUPT where its file is
 * damaged or another's; ASOF_FORMAT where it is of a newer version.
 */
export async function openLmdb(folder: string, options: LmdbOptions = {}): Promise<OnlineStore> {
  const readOnly = options.readOnly ?? false;
  const file = join(folder, "data.mdb");
  try {
    if (!readOnly) finishMove(folder);
    if (existsSync(file)) checkDataFile(file, folder);
    else if (readOnly) throw new AsofError("ASOF_HOME", `there is no online store in ${folder} yet`, { path: folder });
    else mkdirSync(folder, { recursive: true });
    const guard = new OpenGuard(folder);
    const database = openDatabase(folder, options, guard);
    const prepare = (): number => {
      const found = checkFormat(database, folder, readOnly);
      if (!readOnly) freeSome(database);
      return found;
    };
    let version: number;
    try {
      version = readOnly ? prepare() : guard.whileCommittingNow(prepare);
    } catch (cause) {
      await database.close();
      throw cause;
    }
    return new LmdbStore(database, folder, options, guard, hasChecksums(version));
  } catch (cause) {
    throw codedError(cause, "open", folder);
  }
}
