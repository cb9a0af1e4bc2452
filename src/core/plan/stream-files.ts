import type { Stream } from "../definition/stream.ts";
import { sqlIdentifier } from "../expression/sql-text.ts";
import type { Fields } from "../schema/data-type.ts";
import { sqlParquetWith, sqlType, sqlValue } from "./sql.ts";

/**
 * Parquet files of a stream as a table of its present fields, and of `more` columns at least, also where the files are
 * from before its fields changed: a field that a file lacks has its default, or is null; one that was narrower is wider.
 */
export function sqlConformed(files: readonly string[], { fields, defaults = {} }: Stream, more: Fields = {}): string {
  const read = Object.entries(fields).map(([name, type]) => {
    const column = sqlIdentifier(name);
    const value = Object.hasOwn(defaults, name) ? `coalesce(${column}, ${sqlValue(type, defaults[name])})` : column;
    return `CAST(${value} AS ${sqlType[type.kind]}) AS ${column}`;
  });
  if (read.length === 0) return sqlParquetWith(files, more);
  return `(SELECT * REPLACE (${read.join(", ")}) FROM ${sqlParquetWith(files, { ...fields, ...more })})`;
}
