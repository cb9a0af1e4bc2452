import { AsofError } from "./errors.ts";

/** Ends long work where its signal says so. @throws ASOF_INTERRUPTED */
export function checkInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new AsofError("ASOF_INTERRUPTED", "interrupted", {}, signal.reason);
}
