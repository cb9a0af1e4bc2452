import { DatabaseSync } from "node:sqlite";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AsofError } from "../../core/errors.ts";
import { diskRefused, systemCode } from "./storage-error.ts";
import { thisProcess, isRunning, type ProcessIdentity } from "./process-identity.ts";

export interface WriterLock {
  /** Gives the lock up. Idempotent. */
  release(): Promise<void>;
}

/** An open connection is the lock: one that nobody refers to would be collected, and the lock given up with it. */
const held = new Set<DatabaseSync>();

const PATIENCE = 10;
const PAUSE_MS = 20;

/**
 * Takes the lock whose file is `path`, for as long as this process lives or until it is released.
 *
 * The lock is the kernel's: SQLite's RESERVED lock on an empty file, the only file lock Node offers. The kernel gives
 * it up when its holder dies, in whatever way, so that no lock is ever stale and nothing is decided by guessing
 * whether a process is alive: takeover has no race, a reused pid and another container's pids do no harm.
 *
 * POSIX locks have one trap: a process that opens and closes the lock's file by other means (a copy of the folder)
 * loses its lock without notice. Therefore the holder also writes who it is into `path.holder`, and one who gets the
 * lock still yields to a holder that is seen to be running. The file itself stays: deleting it would let two
 * processes lock two files of one name.
 *
 * @throws AsofError ASOF_HOME_LOCKED, naming the holder's pid where it is known; ASOF_HOME.
 */
export async function takeWriterLock(path: string): Promise<WriterLock> {
  const holderPath = `${path}.holder`;
  const me = await thisProcess();
  for (let attempt = 1; ; attempt++) {
    const database = lock(path);
    if (database === null) {
      const holder = await readHolder(holderPath);
      // A holder that has only just got the lock has not told yet who it is.
      if ((holder === null || !(await isRunning(holder, me))) && attempt < PATIENCE) await sleep(PAUSE_MS);
      else throw locked(path, holder);
      continue;
    }
    try {
      const holder = await readHolder(holderPath);
      if (holder !== null && holder.pid !== me.pid && (await isRunning(holder, me))) throw locked(path, holder);
      await writeFile(`${holderPath}.new`, `${JSON.stringify(me)}\n`);
      await rename(`${holderPath}.new`, holderPath);
    } catch (error) {
      database.close();
      throw diskRefused("write", holderPath, error);
    }
    held.add(database);
    return {
      async release() {
        if (!held.delete(database)) return;
        await rm(holderPath, { force: true }).catch(() => {});
        database.close();
      },
    };
  }
}

/** The connection that holds the lock, or null where another one does. */
function lock(path: string): DatabaseSync | null {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // Nothing is ever written, so there is nothing to keep a journal of.
    database.exec("pragma journal_mode = memory; begin immediate");
    return database;
  } catch (error) {
    database?.close();
    const SQLITE_BUSY = 5;
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return null;
    throw diskRefused("lock", path, error);
  }
}

/** Who holds a lock, by its own account; null where nobody does. */
export async function readHolder(path: string): Promise<ProcessIdentity | null> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, "utf8"));
    const known = typeof holder === "object" && holder !== null && "pid" in holder && typeof holder.pid === "number";
    return known ? (holder as ProcessIdentity) : null;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === "ENOENT") return null;
    throw diskRefused("read", path, error);
  }
}

function locked(path: string, holder: ProcessIdentity | null): AsofError {
  const who = holder === null ? "another process" : `process ${holder.pid}`;
  return new AsofError("ASOF_HOME_LOCKED", `${who} holds ${path}`, { path, pid: holder?.pid ?? null });
}
