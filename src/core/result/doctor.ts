import type { ErrorCode } from "../errors.ts";

export type StorePart = "log" | "registry" | "offline" | "online" | "models" | "schedule" | "values" | "leftovers";

/** Something that is wrong with a store. */
export interface Finding {
  readonly part: StorePart;
  /** The error that whoever meets it gets. */
  readonly code: ErrorCode;
  readonly what: string;
  readonly file: string | null;
  /** What mends it, with the command. */
  readonly remedy: string;
  /** Whether `--fix` mends it, and did. */
  readonly fixable: boolean;
  readonly fixed: boolean;
}

/** What was looked at, and what was found. */
export interface DoctorOutcome {
  readonly home: string;
  /** The process that writes to the store meanwhile; null where none does. */
  readonly writer: number | null;
  readonly log: { readonly segments: number; readonly bytes: number; readonly start: number; readonly end: number };
  readonly registry: { readonly revision: number | null; readonly archived: number | null };
  readonly offline: { readonly files: number; readonly rows: number; readonly bytes: number };
  readonly online: { readonly entries: number; readonly bytes: number; readonly position: number | null };
  readonly models: { readonly versions: number; readonly bytes: number };
  /** Values of sampled keys that were compared with history; null where they could not be. */
  readonly compared: number | null;
  readonly findings: readonly Finding[];
  readonly seconds: number;
}
