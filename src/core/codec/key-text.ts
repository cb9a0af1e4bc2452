import type { SourceDefinition } from "../definition/data.ts";
import { AsofError } from "../errors.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import { canonicalize } from "./canonicalize.ts";

/**
 * How long a text may be that names something – a key of an entity, a field of a record's `id` –, in bytes of UTF-8.
 * What names is hashed, compared and kept in memory wherever it occurs; text that tells something has no such limit.
 */
export const LONGEST_KEY_TEXT = 4096;
export const TOO_LONG = "a text in a key or an id has at most 4,096 bytes of UTF-8";

const utf8 = new TextEncoder();

/** Whether a value is a text that is too long for a key. */
export function isTooLong(value: Value): boolean {
  // A unit of UTF-16 has one to three bytes of UTF-8.
  if (typeof value !== "string" || value.length * 3 <= LONGEST_KEY_TEXT) return false;
  return value.length > LONGEST_KEY_TEXT || utf8.encode(value).length > LONGEST_KEY_TEXT;
}

/** As `canonicalize`, for what names something. @throws AsofError as it, and ASOF_OVERFLOW for a text that is too long */
export function canonicalKey(type: DataType, value: unknown, field: string): Value {
  const canonical = canonicalize(type, value, field);
  if (isTooLong(canonical)) throw new AsofError("ASOF_OVERFLOW", `field ${field}: ${TOO_LONG}`, { field });
  return canonical;
}

/** The fields of a source that name something: of its `id`, and the keys of these views over it. */
export function namingFields(
  source: SourceDefinition,
  views: readonly { readonly keys: Readonly<Record<string, string>> }[],
): ReadonlySet<string> {
  return new Set([...(source.id ?? []), ...views.flatMap(({ keys }) => Object.values(keys))]);
}
