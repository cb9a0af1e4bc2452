import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { Kind } from "../../core/schema/data-type.ts";

/** A column of a PostgreSQL table. `type` is that of a domain's values, "enum" for any enumeration. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
}

const integers = ["int2", "int4", "int8"];
const times = ["timestamptz", "timestamp", "date"];

/** The types of columns whose text a field of each kind reads as it is. */
const asText: Readonly<Record<Kind, readonly string[]>> = {
  string: ["text", "varchar", "bpchar", "name", "citext", "uuid", "enum"],
  boolean: ["bool"],
  // A numeric with a fraction, and what is out of range, the field refuses.
  int32: [...integers, "numeric"],
  int64: [...integers, "numeric"],
  float64: ["int2", "int4", "float8"],
  timestamp: times,
};

/**
 * A column as SQL whose text the field's kind reads without loss, or refuses.
 * @throws ASOF_TYPE where it never could
 */
export function columnSql(table: string, { name, type }: TableColumn, field: string, kind: Kind): string {
  const column = sqlIdentifier(name);
  if (asText[kind].includes(type)) return column;
  if (kind === "float64") {
    // The double nearest to a single is the single itself; its shortest text would be another number's.
    if (type === "float4") return `${column}::float8`;
    if (type === "int8") return only(column, `${column} between -9007199254740992 and 9007199254740992`);
    // A double keeps 15 digits of any decimal number, which is what the conversion back gives.
    if (type === "numeric") return only(column, `${column}::float8::numeric = ${column}`);
  }
  throw new AsofError("ASOF_TYPE", `table ${table}: the column ${name} is ${type}, but the field ${field} is ${kind}`, {
    table,
    column: name,
    field,
  });
}

/** A number where it is exact as a double, and otherwise what no field takes. */
const only = (column: string, condition: string): string =>
  `case when ${column} is null or ${condition} then ${column}::text else 'inexact ' || ${column}::text end`;

/** What a position may be: SQL of its type, and whether it is an integer. Null for any other type. */
export function positionType(type: string): { readonly cast: string; readonly integer: boolean } | null {
  if (integers.includes(type)) return { cast: "int8", integer: true };
  return type === "timestamptz" || type === "timestamp" ? { cast: type, integer: false } : null;
}
