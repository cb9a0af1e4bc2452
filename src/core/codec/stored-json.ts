import { AsofError } from "../errors.ts";
import type { Shape } from "./shape.ts";

/**
 * Reads stored JSON: an object whose `format` is at most the newest that this version knows; gives the object
 * without it. @param what what is read, for messages, such as "a load in the log"
 * @throws AsofError ASOF_CORRUPT, also where it is not of the shape; ASOF_FORMAT
 */
export function decodeStoredJson(bytes: Uint8Array, what: string, newest: number, shape: Shape): unknown {
  let stored: unknown;
  try {
    stored = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw notJson(what, cause);
  }
  if (typeof stored !== "object" || stored === null || !Object.hasOwn(stored, "format"))
    throw new AsofError("ASOF_CORRUPT", `${what} is damaged: it names no format`, { what });
  const { format, ...data } = stored as { readonly format: unknown };
  checkFormat(format, what, newest);
  checkShape(data, what, shape);
  return data;
}

/** Reads stored JSON that names no format. @throws AsofError ASOF_CORRUPT */
export function parseStored(text: string, what: string, shape: Shape): unknown {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    throw notJson(what, cause);
  }
  checkShape(stored, what, shape);
  return stored;
}

/** @throws AsofError ASOF_CORRUPT where a parsed value is not of a shape */
export function checkShape(stored: unknown, what: string, shape: Shape): void {
  const fault = shape(stored, "");
  if (fault !== null)
    throw new AsofError("ASOF_CORRUPT", `${what} is damaged: ${fault === "" ? "it" : fault} is not what it should be`, {
      what,
      at: fault,
    });
}

/** Refuses a format that this version does not know. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function checkFormat(format: unknown, what: string, newest: number): void {
  if (typeof format !== "number" || !Number.isInteger(format) || format < 1)
    throw new AsofError("ASOF_CORRUPT", `${what} is damaged: ${described(format)} is no format`, { what });
  if (format > newest)
    throw new AsofError("ASOF_FORMAT", `${what} has format ${format}; this version reads up to ${newest}`, {
      what,
      version: format,
    });
}

/** Of any JSON: an object may say that it cannot be made a string. */
function described(format: unknown): string {
  return typeof format === "object" && format !== null ? "an object" : String(format);
}

function notJson(what: string, cause: unknown): AsofError {
  return new AsofError("ASOF_CORRUPT", `${what} is damaged: it is not JSON`, { what }, cause);
}
