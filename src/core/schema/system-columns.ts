import type { Fields } from "./data-type.ts";

/** What the offline store keeps of every record beside its own fields. */
export const EVENT = "__event";
export const AVAILABLE = "__available";
/** The position of the record in the log; null for rows of a load, which all have that of the load. */
export const POSITION = "__position";

export const systemColumns: Fields = {
  [EVENT]: { kind: "timestamp", nullable: false },
  [AVAILABLE]: { kind: "timestamp", nullable: false },
  [POSITION]: { kind: "int64", nullable: true },
};
