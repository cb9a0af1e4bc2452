import { AsofError } from "../../core/errors.ts";

/** The disk refused. The path and the system's own reason are in the details. */
export function diskRefused(action: string, path: string, cause: unknown): AsofError {
  if (cause instanceof AsofError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const details = { path, reason: systemCode(cause) ?? reason };
  return new AsofError("ASOF_HOME", `cannot ${action} ${path}: ${reason}`, details, cause);
}

/** Stored bytes are not what was written. `byte` is where the damaged part begins in the file. */
export function corrupt(file: string, byte: number, why: string): AsofError {
  return new AsofError("ASOF_CORRUPT", `${file} is damaged at byte ${byte}: ${why}`, { file, byte });
}

/** The system's name of an error, such as ENOENT. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
