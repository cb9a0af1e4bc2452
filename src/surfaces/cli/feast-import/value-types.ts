import type { Kind } from "../../../core/schema/data-type.ts";

/** Feast's value types by their numbers, as far as there is a type for them here. */
const kinds: Readonly<Record<number, Kind>> = {
  2: "string",
  3: "int32",
  4: "int64",
  5: "float64",
  6: "float64",
  7: "boolean",
  8: "timestamp",
  // JSON, UUID and time UUID are text.
  32: "string",
  36: "string",
  37: "string",
};

/** The kind of a value type of Feast's; null where there is none. */
export function kindOf(valueType: number | undefined): Kind | null {
  return kinds[valueType ?? 0] ?? null;
}
