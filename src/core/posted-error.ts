import { AsofError } from "./errors.ts";

/** An error as it goes from thread to thread. */
export type PostedError = Pick<AsofError, "code" | "message" | "details">;

export function postedError(error: unknown): PostedError {
  if (error instanceof AsofError) return error.toJSON();
  return { code: "ASOF_INTERNAL", message: error instanceof Error ? error.message : String(error), details: {} };
}

export function receivedError({ code, message, details }: PostedError): AsofError {
  return new AsofError(code, message, details);
}
