import { accessSync, constants, realpathSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { AsofError } from "../../core/errors.ts";

/** How long one waits for the other, in milliseconds. */
const PATIENCE = 30_000;
const PAUSE = 1;
const SQLITE_BUSY = 5;

interface Connection {
  readonly database: DatabaseSync;
  readonly begin: StatementSync;
  readonly read: StatementSync;
}

/**
 * Keeps commits to a store and its openings by other processes apart.
 *
 * The driver (lmdb 3.5.6) sets what all processes share, the number of the newest transaction, to what it read in the
 * file a moment before, whenever a process opens a store (`mdb_env_open2`). Of a commit that came between, readers see
 * half, and the next writes over it or tears the file: one opening in some tens, where commits never pause.
 *
 * The guard is SQLite's lock on an empty file beside the store's folder, the only file lock that Node offers: shared
 * while one commits, which takes 3 µs, exclusive while one opens. The kernel gives it up when its holder dies. It is
 * not in the folder, which is replaced when the store is rewritten.
 */
export class OpenGuard {
  readonly #folder: string;
  #connection: Connection | null = null;

  /** @param folder of the store, which must exist */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens a store while nobody commits to it. Blocks until those that do are done. @throws ASOF_BUSY after 30 s */
  whileOpening<T>(work: () => T): T {
    let database: DatabaseSync | null = null;
    try {
      try {
        database = this.#open(PATIENCE);
        // Of a file that cannot be written SQLite would give what it can, which excludes nobody.
        accessSync(this.#file, constants.W_OK);
        database.exec("begin exclusive");
      } catch (error) {
        if (isBusy(error)) throw this.#busy("commits to", error);
        // Where nobody can write nobody commits, and there may be no such file.
        if (!isReadOnly(this.#folder)) throw error;
      }
      return work();
    } finally {
      database?.close();
    }
  }

  /** Commits while nobody opens the store. One at a time. @throws ASOF_BUSY after 30 s */
  async whileCommitting<T>(work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE;
    while (!this.#tryShare()) {
      if (performance.now() > deadline) throw this.#busy("opens");
      await sleep(PAUSE);
    }
    try {
      return await work();
    } finally {
      this.#connection!.database.exec("rollback");
    }
  }

  /** The same for a commit that is made at once; blocks. @throws ASOF_BUSY after 30 s */
  whileCommittingNow<T>(work: () => T): T {
    let database: DatabaseSync | null = null;
    try {
      database = this.#open(PATIENCE);
      database.exec("begin; select 1 from sqlite_schema");
      return work();
    } catch (error) {
      throw isBusy(error) ? this.#busy("opens", error) : error;
    } finally {
      database?.close();
    }
  }

  close(): void {
    this.#connection?.database.close();
    this.#connection = null;
  }

  #tryShare(): boolean {
    try {
      this.#connection ??= this.#connect();
      const { database, begin, read } = this.#connection;
      begin.run();
      try {
        read.get();
        return true;
      } catch (error) {
        database.exec("rollback");
        throw error;
      }
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
  }

  #connect(): Connection {
    const database = this.#open(0);
    try {
      return {
        database,
        begin: database.prepare("begin"),
        read: database.prepare("select 1 from sqlite_schema"),
      };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get #file(): string {
    return `${realpathSync(this.#folder)}.lock`;
  }

  #open(timeout: number): DatabaseSync {
    const database = new DatabaseSync(this.#file, { timeout });
    try {
      // Nothing is ever written, so there is nothing to keep a journal of. This looks at the file, and finds it locked.
      database.exec("pragma journal_mode = memory");
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #busy(does: string, cause?: unknown): AsofError {
    const what = `another process ${does} the online store in ${this.#folder}, for more than ${PATIENCE / 1000} s`;
    return new AsofError("ASOF_BUSY", what, { path: this.#folder }, cause);
  }
}

/** Whether a folder is in a file system that is mounted to read only. */
function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}
