import { spawnSync } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { endianness } from "node:os";
import { join } from "node:path";
import { AsofError } from "../../core/errors.ts";
import { damaged } from "./lmdb-error.ts";

/** Where LMDB's struct MDB_meta (mdb.c of the driver's fork) keeps what is looked at here, behind a page's header. */
const HEADER = 24;
const [MAGIC_AT, VERSION_AT, PAGE_SIZE_AT, LAST_PAGE_AT, TRANSACTION_AT, META_BYTES] = [0, 4, 24, 120, 128, 144];
const MAGIC = 0xbeefc0de;
const VERSION = 2;

/**
 * Looks at a data file before LMDB maps it, because LMDB does not look: a foreign file crashes the driver when it
 * fails to open, and a file that was cut off kills the process with SIGBUS when a page beyond its end is touched.
 * A new (empty) file passes. @throws ASOF_CORRUPT, ASOF_FORMAT
 */
export function checkDataFile(file: string, folder: string): void {
  // LMDB may only be installed where numbers are little-endian; elsewhere the fields could not be told apart.
  if (endianness() !== "LE") return;
  const fd = openSync(file, "r");
  let expected: number;
  let found: number;
  try {
    if (fstatSync(fd).size === 0) return;
    expected = expectedBytes(fd, file);
    // In this order: a writer extends the file before it writes the meta page that counts on it.
    found = fstatSync(fd).size;
  } finally {
    closeSync(fd);
  }
  // Pages that were freed unwritten may be missing from the end of a sound file, so its length alone proves nothing.
  if (found < expected && !canBeWalked(folder)) throw damaged(file, `it is cut off: ${found} bytes of ${expected}`);
}

/** The file's length by the newest of its three meta pages: one in each of the first two pages, one between them. */
function expectedBytes(fd: number, file: string): number {
  const first = readMeta(fd, 0);
  if (first === null || first.getUint32(MAGIC_AT, true) !== MAGIC) throw damaged(file, "it is not an LMDB file");
  const version = first.getUint32(VERSION_AT, true) & 0xffff;
  if (version > VERSION)
    throw new AsofError("ASOF_FORMAT", `${file} has LMDB's data version ${version}, newer than ${VERSION}`, { file });
  if (version < VERSION) throw damaged(file, `it has LMDB's data version ${version}, not ${VERSION}`);
  const pageSize = first.getUint32(PAGE_SIZE_AT, true);
  const metas = [first, readMeta(fd, pageSize / 2), readMeta(fd, pageSize)];
  if (metas[2] === null) throw damaged(file, "it is cut off within its first pages");
  const newest = metas
    .filter((meta) => meta !== null)
    .reduce((a, b) => (a.getBigUint64(TRANSACTION_AT, true) >= b.getBigUint64(TRANSACTION_AT, true) ? a : b));
  return (Number(newest.getBigUint64(LAST_PAGE_AT, true)) + 1) * pageSize;
}

function readMeta(fd: number, page: number): DataView | null {
  const bytes = new Uint8Array(META_BYTES);
  const read = readSync(fd, bytes, 0, META_BYTES, page + HEADER);
  return read === META_BYTES ? new DataView(bytes.buffer) : null;
}

/** Looks at a store as `checkDataFile` does, and at every page of it. @throws ASOF_HOME, ASOF_CORRUPT, ASOF_FORMAT */
export function walkOnline(folder: string): void {
  const file = join(folder, "data.mdb");
  if (!existsSync(file)) throw new AsofError("ASOF_HOME", `there is no online store in ${folder}`, { path: folder });
  checkDataFile(file, folder);
  if (!canBeWalked(folder)) throw damaged(file, "its pages cannot all be read");
}

/**
 * Touches every page of the database in a process of its own, which dies where a page is missing. Where a page is
 * there in part, the walk ends early.
 */
function canBeWalked(folder: string): boolean {
  const driver = createRequire(import.meta.url).resolve("lmdb");
  const walk = `
    const database = require(${JSON.stringify(driver)}).open(${JSON.stringify(folder)}, { keyEncoding: "binary", encoding: "binary", noSubdir: false, readOnly: true });
    let entries = 0;
    for (const { value } of database.getRange()) {
      value.at(0);
      entries++;
    }
    if (entries === database.getStats().entryCount) process.stdout.write("sound");`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=commonjs", "-e", walk], { encoding: "utf8" });
  return stdout === "sound";
}
