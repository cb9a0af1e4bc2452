import { AsofError } from "../../core/errors.ts";

/** Answers of a server that will not take these credentials or these commands, however often it is asked. */
const REFUSALS =
  /^(NOAUTH|WRONGPASS|NOPERM|ERR (invalid password|AUTH|Client sent AUTH|DB index|unknown command|SELECT))/;

/**
 * The coded error of what the driver threw. Without it as the cause: it carries the command, which may be the one
 * with the password.
 */
export function codedError(cause: unknown, action: string, address: string): AsofError {
  if (cause instanceof AsofError) return cause;
  const why = reasonOf(cause);
  if (REFUSALS.test(why))
    return new AsofError(
      "ASOF_CONFIG",
      `Redis at ${address} refuses what the configuration's \`online\` says: ${why}`,
      {
        setting: "online",
      },
    );
  return unavailable(`cannot ${action} the online store in Redis at ${address}: ${why}`);
}

export function unavailable(message: string): AsofError {
  return new AsofError("ASOF_ONLINE_UNAVAILABLE", message, { part: "online" });
}

export function closed(address: string): AsofError {
  return new AsofError("ASOF_CLOSED", `the online store in Redis at ${address} is closed`);
}

export function lost(address: string, why: string): AsofError {
  return new AsofError("ASOF_ONLINE_LOST", `Redis at ${address} ${why}`, { part: "online" });
}

export function isTransient(error: unknown): error is AsofError {
  return error instanceof AsofError && error.code === "ASOF_ONLINE_UNAVAILABLE";
}

function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message || cause.name : String(cause);
  if (message.startsWith("Stream isn't writeable") || message.startsWith("Cluster isn't ready"))
    return "it is not connected";
  return message === "Command timed out" ? "it did not answer in time" : message;
}
