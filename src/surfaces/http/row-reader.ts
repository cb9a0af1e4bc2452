import { AsofError, type ErrorDetails } from "../../core/errors.ts";
import type { Fields, Kind, Value } from "../../core/schema/data-type.ts";

/** A row as the store takes it. */
export type RequestRow = Record<string, Value>;

/** Reads one parsed row in place. `where` and `index` say where it stands, as in "line 3" or "entities 0". */
export type RowReader = (row: unknown, where: string, index: number) => RequestRow;

/**
 * Makes a reader of rows that are to have these fields. It has an integer that JSON carried exactly as a bigint in
 * int64 fields and as a number in all others. Whether values fit their fields is the store's to judge.
 * The reader throws ASOF_REQUEST for what is not an object of plain values.
 */
export function rowReader(fields: Fields): RowReader {
  let reader = readers.get(fields);
  if (reader === undefined) readers.set(fields, (reader = makeReader(fields)));
  return reader;
}

/** One for each set of fields, as each request asks for its own. */
const readers = new WeakMap<Fields, RowReader>();

function makeReader(fields: Fields): RowReader {
  const kinds: ReadonlyMap<string, Kind> = new Map(Object.entries(fields).map(([name, type]) => [name, type.kind]));
  return (row, where, index) => {
    if (row === null || typeof row !== "object" || Array.isArray(row))
      throw refused(`${where} ${index} is ${nameOf(row)}, not an object`, { [where]: index });
    const values = row as Record<string, unknown>;
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (name === "__proto__") throw refused(`${where} ${index} has a field ${name}`, { [where]: index, field: name });
      if (typeof value === "bigint") {
        if (kinds.get(name) !== "int64") values[name] = Number(value);
      } else if (value !== null && typeof value === "object")
        throw refused(`${where} ${index}: ${name} is ${nameOf(value)}, not a plain value`, {
          [where]: index,
          field: name,
        });
    }
    return values as RequestRow;
  };
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function refused(message: string, details: ErrorDetails): AsofError {
  return new AsofError("ASOF_REQUEST", message, details);
}
