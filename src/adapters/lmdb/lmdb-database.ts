import { statSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import { AsofError } from "../../core/errors.ts";
import type { OpenGuard } from "./open-guard.ts";

type Database = RootDatabase<Uint8Array, Uint8Array>;

/** The driver's handle, with bytes for keys and values, and what its types leave out. */
export type LmdbDatabase = Database & {
  sync(done: (error: Error | null | undefined) => void): void;
  getBinaryFast(
    key: Uint8Array,
    options: { readonly transaction: ReturnType<Database["useReadTransaction"]> },
  ): Uint8Array | undefined;
};

export interface LmdbOptions {
  /** Looks only: the store must exist, and `commit` and `clear` must not be called. Default false. */
  readonly readOnly?: boolean;
  /** Nobody else writes: what was read is as new as the last commit of this store. Default false. */
  readonly onlyWriter?: boolean;
  /** Address space to reserve at first, in bytes; it grows by itself. Default 1 GiB: it costs neither memory nor disk. */
  readonly mapSize?: number;
}

/**
 * The driver begins a batch of more than 1,000 changes while they are still being put, and holds the lock of all writers
 * until the last: for ever, where the thread that puts them ends before. One that may end before its process does begins
 * a batch once it is whole.
 */
const BEGINNING = isMainThread ? {} : { batchStartThreshold: Number.MAX_SAFE_INTEGER };

/** Resolves once all that is committed to a database, by whomever, would survive a loss of power. */
export function flush(database: LmdbDatabase): Promise<void> {
  return new Promise((resolve, reject) =>
    database.sync((error) => (error === null || error === undefined ? resolve() : reject(error))),
  );
}

/** The number of the data file of a folder; null where there is none. */
export function inodeOf(folder: string): number | null {
  return statSync(join(folder, "data.mdb"), { throwIfNoEntry: false })?.ino ?? null;
}

/** Data files that this process has open, by their numbers: all openings of one share what the first was opened for. */
const openFiles = new Map<number, { readonly readOnly: boolean; openings: number }>();

/**
 * Opens what `checkDataFile` has passed: the driver crashes on a file that is not its own.
 * @param guard of the folder; null where nobody else knows of it
 * @throws ASOF_BUSY to write, while this process has the file open to read only
 */
export function openDatabase(folder: string, options: LmdbOptions, guard: OpenGuard | null): LmdbDatabase {
  const { readOnly = false } = options;
  const before = inodeOf(folder);
  if (!readOnly && before !== null && openFiles.get(before)?.readOnly === true)
    throw new AsofError(
      "ASOF_BUSY",
      `this process is reading the online store in ${folder} (a backup, asof doctor, or a store that was opened to read only): it can be opened to write once that has ended`,
      { path: folder },
    );
  const openFile = (): LmdbDatabase =>
    open<Uint8Array, Uint8Array>(folder, {
      keyEncoding: "binary",
      encoding: "binary",
      readOnly,
      mapSize: options.mapSize ?? 2 ** 30,
      maxReaders: 512,
      noSubdir: false,
      // One commit is one batch. Batching by turns of the event loop besides would, where a commit fails, leave
      // behind a promise that nobody holds: an unhandled rejection.
      eventTurnBatching: false,
      ...BEGINNING,
      // A commit resolves when it is visible and a crash of the process cannot lose it; `flushed` waits for the disk.
      separateFlushed: true,
    }) as LmdbDatabase;
  // A file that this process has open already is not opened again: our own commits must not keep us waiting.
  const isShared = before !== null && openFiles.has(before);
  const database = guard === null || isShared ? openFile() : guard.whileOpening(openFile);
  count(database, inodeOf(folder)!, readOnly);
  return database;
}

/** Counts an opening until it is closed. */
function count(database: LmdbDatabase, inode: number, readOnly: boolean): void {
  const file = openFiles.get(inode) ?? { readOnly, openings: 0 };
  openFiles.set(inode, file);
  file.openings++;
  const close = database.close.bind(database);
  let closing: Promise<void> | null = null;
  database.close = () =>
    (closing ??= close().finally(() => {
      if (--file.openings === 0) openFiles.delete(inode);
    }));
}
