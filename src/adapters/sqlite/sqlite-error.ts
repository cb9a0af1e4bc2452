import { AsofError } from "../../core/errors.ts";

/** SQLite's primary result codes: https://sqlite.org/rescode.html */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** PERM, READONLY, IOERR, FULL, CANTOPEN */
const REFUSED: ReadonlySet<number | null> = new Set([3, 8, 10, 13, 14]);

/** True where another connection is in the way, so that the same may succeed later. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** The coded error of what SQLite or the file system threw; what no user can cause stays as it is. */
export function codedError(cause: unknown, path: string): unknown {
  if (!(cause instanceof Error) || cause instanceof AsofError) return cause;
  const code = resultCode(cause);
  const details = { path };
  if (code === BUSY) return new AsofError("ASOF_BUSY", `another process is writing to ${path}`, details, cause);
  if (code === CORRUPT || code === NOT_A_DATABASE) return damaged(path, cause.message, cause);
  if (REFUSED.has(code) || (code === null && "syscall" in cause))
    return new AsofError("ASOF_HOME", `the registry ${path} cannot be used: ${cause.message}`, details, cause);
  return cause;
}

export function damaged(path: string, why: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_CORRUPT", `${path} is no sound registry: ${why}`, { file: path }, cause);
}

/** Extended result codes carry their primary code in the lowest byte. */
function resultCode(error: unknown): number | null {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : null;
}
