import type { Fields } from "./data-type.ts";

/** What the offline store keeps of every record beside its own fields. */
export const EVENT = "__event";
export const AVAILABLE = "__available";
/** The position of the record in the log; null for rows of a load, which all have that of the load. */
export const POSITION = "__position";

/**
 * When the record was withdrawn: visible at t only where not `withdrawn < t`; null where it never was. Only sources
 * with an `id` have it.
 */
export const WITHDRAWN = "__withdrawn";

export const withdrawnColumn: Fields = { [WITHDRAWN]: { kind: "timestamp", nullable: true } };

export const systemColumns: Fields = {
  [EVENT]: { kind: "timestamp", nullable: false },
  [AVAILABLE]: { kind: "timestamp", nullable: false },
  [POSITION]: { kind: "int64", nullable: true },
};
