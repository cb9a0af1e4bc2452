import { AsofError } from "../../core/errors.ts";
import { LAST_KEY } from "./key-range.ts";
import type { LmdbDatabase } from "./lmdb-database.ts";
import { damaged } from "./lmdb-error.ts";

const FORMAT = "asof online store ";
/** From version 2 on each value has its checksum behind it. */
const VERSION = 2;

/** Whether the values of a store have checksums. */
export function hasChecksums(version: number): boolean {
  return version >= 2;
}

/** The marker of this version. */
export function marker(): Uint8Array {
  return Buffer.from(FORMAT + VERSION, "latin1");
}

/**
 * Makes sure that the database is an online store of a known version, and gives it; a new one is marked as of this.
 * @throws ASOF_FORMAT where it is of a newer version, ASOF_CORRUPT where it is something else, ASOF_HOME where a
 * reader finds nothing yet.
 */
export function checkFormat(database: LmdbDatabase, folder: string, readOnly: boolean): number {
  let found = database.get(LAST_KEY);
  // A thread that ends within a transaction like this leaves the lock of all writers taken: only a new store needs one.
  if (found === undefined && !readOnly)
    found = database.transactionSync(() => database.get(LAST_KEY) ?? mark(database));
  if (found === undefined) {
    if (database.getKeysCount({ limit: 1 }) > 0) throw damaged(folder, "it is a database of something else");
    throw new AsofError("ASOF_HOME", `there is no online store in ${folder} yet`, { path: folder });
  }
  const text = Buffer.from(found).toString("latin1");
  const version = text.startsWith(FORMAT) ? Number(text.slice(FORMAT.length)) : Number.NaN;
  if (Number.isNaN(version)) throw damaged(folder, "its format is unknown");
  if (version > VERSION)
    throw new AsofError("ASOF_FORMAT", `the online store in ${folder} has format ${version}, newer than ${VERSION}`, {
      path: folder,
      format: version,
    });
  return version;
}

function mark(database: LmdbDatabase): Uint8Array | undefined {
  if (database.getKeysCount() > 0) return undefined;
  const mark = marker();
  database.putSync(LAST_KEY, mark);
  return mark;
}
