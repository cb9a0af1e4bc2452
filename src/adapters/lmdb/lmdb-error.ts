import { AsofError } from "../../core/errors.ts";

/** What LMDB returns where pages are missing, of the wrong kind, or a fault came before: see lmdb.h. */
const DAMAGED: ReadonlySet<unknown> = new Set([-30797, -30796, -30795, -30793]);
const VERSION_MISMATCH = -30794;

/** The coded error of what the driver or the file system threw. */
export function codedError(cause: unknown, action: string, folder: string): AsofError {
  if (cause instanceof AsofError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (DAMAGED.has(code)) return damaged(folder, why, cause);
  if (code === VERSION_MISMATCH) return new AsofError("ASOF_FORMAT", `${folder}: ${why}`, { path: folder }, cause);
  return new AsofError("ASOF_HOME", `cannot ${action} the online store in ${folder}: ${why}`, { path: folder }, cause);
}

export function damaged(file: string, why: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_CORRUPT", `${file} is no sound online store: ${why}`, { file }, cause);
}

/** A value is not what was put under its key. */
export function changed(folder: string, key: Uint8Array): AsofError {
  const shown = Buffer.from(key).toString("hex");
  const what = `the value under ${shown} in ${folder} is damaged: its checksum does not match`;
  return new AsofError("ASOF_CORRUPT", what, { file: folder, key: shown });
}

export function closed(folder: string): AsofError {
  return new AsofError("ASOF_CLOSED", `the online store in ${folder} is closed`, { path: folder });
}
