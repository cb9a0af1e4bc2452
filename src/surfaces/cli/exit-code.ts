import { AsofError } from "../../core/errors.ts";

/** As shells count: 128 and the signal's number. */
const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof signalCodes;

export function exitCodeOf(signal: StopSignal): number {
  return signalCodes[signal];
}

/** Why a command's AbortSignal was aborted. */
export function interruption(signal: StopSignal): AsofError {
  return new AsofError("ASOF_INTERRUPTED", `interrupted by ${signal}`, { signal });
}

/** The exit code of a command that was stopped, or null where it was not. */
export function interruptedCode(signal: AbortSignal): number | null {
  if (!signal.aborted) return null;
  const name: unknown = signal.reason instanceof AsofError ? signal.reason.details["signal"] : undefined;
  return name === "SIGTERM" ? signalCodes.SIGTERM : signalCodes.SIGINT;
}
