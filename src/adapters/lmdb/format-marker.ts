import { AsofError } from "../../core/errors.ts";
import { LAST_KEY } from "./key-range.ts";
import type { LmdbDatabase } from "./lmdb-database.ts";
import { damaged } from "./lmdb-error.ts";

const FORMAT = "asof online store ";
const VERSION = 1;

/**
 * Makes sure that the database is an online store of this version; a new one is marked as such.
 * @throws ASOF_FORMAT where it is of a newer version, ASOF_CORRUPT where it is something else, ASOF_HOME where a
 * reader finds nothing yet.
 */
export function checkFormat(database: LmdbDatabase, folder: string, readOnly: boolean): void {
  const marker = readOnly
    ? database.get(LAST_KEY)
    : database.transactionSync(() => database.get(LAST_KEY) ?? mark(database));
  if (marker === undefined) {
    if (database.getKeysCount({ limit: 1 }) > 0) throw damaged(folder, "it is a database of something else");
    throw new AsofError("ASOF_HOME", `there is no online store in ${folder} yet`, { path: folder });
  }
  const text = Buffer.from(marker).toString("latin1");
  const version = text.startsWith(FORMAT) ? Number(text.slice(FORMAT.length)) : Number.NaN;
  if (Number.isNaN(version)) throw damaged(folder, "its format is unknown");
  if (version > VERSION)
    throw new AsofError("ASOF_FORMAT", `the online store in ${folder} has format ${version}, newer than ${VERSION}`, {
      path: folder,
      format: version,
    });
}

function mark(database: LmdbDatabase): Uint8Array | undefined {
  if (database.getKeysCount() > 0) return undefined;
  const marker = Buffer.from(FORMAT + VERSION, "latin1");
  database.putSync(LAST_KEY, marker);
  return marker;
}
