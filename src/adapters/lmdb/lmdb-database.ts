import { open } from "lmdb";
import type { RootDatabase } from "lmdb";

type Database = RootDatabase<Uint8Array, Uint8Array>;

/** The driver's handle, with bytes for keys and values, and what its types leave out. */
export type LmdbDatabase = Database & {
  getBinaryFast(
    key: Uint8Array,
    options: { readonly transaction: ReturnType<Database["useReadTransaction"]> },
  ): Uint8Array | undefined;
};

export interface LmdbOptions {
  /** Looks only: the store must exist, and `commit` and `clear` must not be called. Default false. */
  readonly readOnly?: boolean;
  /** Address space to reserve at first, in bytes; it grows by itself. Default 1 GiB: it costs neither memory nor disk. */
  readonly mapSize?: number;
}

/** Opens what `checkDataFile` has passed: the driver crashes on a file that is not its own. */
export function openDatabase(folder: string, options: LmdbOptions): LmdbDatabase {
  const database: Database = open<Uint8Array, Uint8Array>(folder, {
    keyEncoding: "binary",
    encoding: "binary",
    readOnly: options.readOnly ?? false,
    mapSize: options.mapSize ?? 2 ** 30,
    maxReaders: 512,
    noSubdir: false,
    // One commit is one batch. Batching by turns of the event loop besides would, where a commit fails, leave
    // behind a promise that nobody holds: an unhandled rejection.
    eventTurnBatching: false,
    // A commit resolves when it is visible and a crash of the process cannot lose it; `flushed` waits for the disk.
    separateFlushed: true,
  });
  return database;
}
