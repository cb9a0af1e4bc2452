import { AsofError } from "../errors.ts";

/**
 * Reads stored JSON: an object whose `format` is at most the newest that this version knows; gives the object
 * without it. @param what what is read, for messages, such as "a load in the log"
 * @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function decodeStoredJson(bytes: Uint8Array, what: string, newest: number): unknown {
  let stored: unknown;
  try {
    stored = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AsofError("ASOF_CORRUPT", `${what} is damaged: it is not JSON`, { what }, cause);
  }
  if (typeof stored !== "object" || stored === null || !("format" in stored))
    throw new AsofError("ASOF_CORRUPT", `${what} is damaged: it names no format`, { what });
  const { format, ...data } = stored;
  checkFormat(format, what, newest);
  return data;
}

/** Refuses a format that this version does not know. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function checkFormat(format: unknown, what: string, newest: number): void {
  if (typeof format !== "number" || !Number.isInteger(format) || format < 1)
    throw new AsofError("ASOF_CORRUPT", `${what} is damaged: ${String(format)} is no format`, { what });
  if (format > newest)
    throw new AsofError("ASOF_FORMAT", `${what} has format ${format}; this version reads up to ${newest}`, {
      what,
      version: format,
    });
}
