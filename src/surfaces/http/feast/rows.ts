import { AsofError } from "../../../core/errors.ts";
import type { Fields, Kind } from "../../../core/schema/data-type.ts";
import { SECOND } from "../../../core/time/timestamp.ts";
import type { RequestRow } from "../row-reader.ts";
import { type Columns, rowsIn } from "./read-fields.ts";

/**
 * Turns columns into rows of fields: `named` says which field a column holds, null where it is to be passed over.
 * Numbers in timestamp fields are whole seconds since the epoch, as Feast sends them; text is ISO 8601, UTC where it
 * names no zone. Whether values fit their fields is the store's to judge.
 * @throws ASOF_REQUEST for two columns of one field, or values that are no plain ones
 */
export function rowsOf(columns: Columns, fields: Fields, named: (column: string) => string | null): RequestRow[] {
  const taken = new Map<string, string>();
  const rows = Array.from({ length: rowsIn(columns) }, (): Record<string, RequestRow[string]> => ({}));
  for (const [column, values] of columns) {
    const field = named(column);
    if (field === null) continue;
    const other = taken.get(field);
    if (other !== undefined)
      throw new AsofError("ASOF_REQUEST", `the columns ${other} and ${column} both hold ${field}`, { column, field });
    taken.set(field, column);
    const { kind } = fields[field];
    values.forEach((value, i) => (rows[i][field] = plain(value, kind, column, i)));
  }
  return rows;
}

function plain(value: unknown, kind: Kind, column: string, row: number): RequestRow[string] {
  if (typeof value === "object" && value !== null)
    throw new AsofError("ASOF_REQUEST", `row ${row}: ${column} is no plain value`, { column, row });
  if (kind === "timestamp" && (typeof value === "number" || typeof value === "bigint")) {
    const at = Number(value) * SECOND;
    if (Number.isSafeInteger(at) && Number.isInteger(Number(value))) return at;
    throw new AsofError(
      "ASOF_TIMESTAMP",
      `row ${row}: ${column}: ${value} is not a number of whole seconds since the epoch: send finer times as text`,
      { column, row },
    );
  }
  if (typeof value === "bigint" && kind !== "int64") return Number(value);
  return value as RequestRow[string];
}
