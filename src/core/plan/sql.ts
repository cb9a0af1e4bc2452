import { sqlIdentifier, sqlString } from "../expression/sql-text.ts";
import type { DataType, Fields, Kind, Value } from "../schema/data-type.ts";

/** The SQL type of each kind. */
export const sqlType = {
  string: "VARCHAR",
  boolean: "BOOLEAN",
  int32: "INTEGER",
  int64: "BIGINT",
  float64: "DOUBLE",
  timestamp: "TIMESTAMP",
} as const satisfies Record<Kind, string>;

/** Names as a list of SQL identifiers. */
export const sqlList = (names: readonly string[]): string => names.map(sqlIdentifier).join(", ");

/** A value as SQL text of its type. */
export function sqlValue(type: DataType, value: Value): string {
  if (value === null) return `CAST(NULL AS ${sqlType[type.kind]})`;
  if (type.kind === "timestamp") return `make_timestamp(${String(value)}::BIGINT)`;
  if (typeof value === "string") return sqlString(value);
  return `CAST('${String(value)}' AS ${sqlType[type.kind]})`;
}

/** A path as SQL text that stands for itself: the engine reads paths as patterns. */
export const sqlPath = (path: string): string => sqlString(path.replace(/[*?[]/g, "[$&]"));

/** Parquet files of one shape as a table, in the order given. */
export function sqlParquet(files: readonly string[]): string {
  return `read_parquet([${files.map(sqlPath).join(", ")}], hive_partitioning = false)`;
}

/** Parquet files as a table of all the columns that any of them has, and of these at least: null where a file lacks one. */
export function sqlParquetWith(files: readonly string[], fields: Fields): string {
  const relation = `read_parquet([${files.map(sqlPath).join(", ")}], hive_partitioning = false, union_by_name = true)`;
  if (Object.keys(fields).length === 0) return relation;
  return `(SELECT * FROM ${relation} UNION ALL BY NAME ${sqlNothing(fields)})`;
}

/** A query with the columns of these fields and no rows. */
export function sqlNothing(fields: Fields): string {
  return `SELECT ${Object.entries(fields)
    .map(([name, { kind }]) => `CAST(NULL AS ${sqlType[kind]}) AS ${sqlIdentifier(name)}`)
    .join(", ")} WHERE false`;
}

/** A query as a table expression, whatever comment or semicolon it ends in. */
export const sqlSubquery = (sql: string): string => `(${sql.replace(/[;\s]+$/, "")}\n)`;
