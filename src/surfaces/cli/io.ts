import type { Readable, Writable } from "node:stream";

/** Everything of the process that a command touches. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted when the user wants the command to stop; the reason is an ASOF_INTERRUPTED that names the signal. */
  readonly signal: AbortSignal;
}
