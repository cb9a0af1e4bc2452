import { AsofError } from "../errors.ts";
import { sqlIdentifier, sqlString } from "../expression/sql-text.ts";
import type { Fields, Kind } from "../schema/data-type.ts";
import { sqlPath, sqlType } from "./sql.ts";

export type FileFormat = "parquet" | "csv" | "ndjson";

/** The format of a file by its name. @throws ASOF_FILE where the name does not tell */
export function formatOf(path: string): FileFormat {
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (name.endsWith(".parquet")) return "parquet";
  if (name.endsWith(".csv") || name.endsWith(".tsv")) return "csv";
  if (name.endsWith(".ndjson") || name.endsWith(".jsonl") || name.endsWith(".json")) return "ndjson";
  throw new AsofError("ASOF_FILE", `${path}: its name does not tell its format: state parquet, csv or ndjson`, {
    file: path,
  });
}

/** Files as a table. Text formats come as text, to be cast by `castSql`. */
export function fileRelation(paths: readonly string[], format: FileFormat): string {
  const list = `[${paths.map(sqlPath).join(", ")}]`;
  switch (format) {
    case "parquet":
      return `read_parquet(${list}, union_by_name = true, hive_partitioning = false)`;
    case "csv":
      return `read_csv(${list}, header = true, all_varchar = true, union_by_name = true)`;
    case "ndjson":
      return `read_ndjson(${list}, union_by_name = true)`;
  }
}

/** A CSV file with a header as a database writes it: null is empty, an empty string is quoted. All of it as text. */
export function copiedRelation(path: string, columns: readonly string[]): string {
  const types = columns.map((column) => `${sqlString(column)}: 'VARCHAR'`).join(", ");
  return `read_csv(${sqlPath(path)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
    nullstr = '', allow_quoted_nulls = false, max_line_size = ${LONGEST_LINE}, columns = {${types}})`;
}

/** The longest record; the engine reads sixteen times as much at once. */
const LONGEST_LINE = 4 * 2 ** 20;

/** How a column of a file becomes a field: its value, and whether a value that is there cannot become one. */
export interface CastSql {
  readonly value: string;
  /** True for a value that does not fit; null where every value does. */
  readonly misfit: string | null;
}

/**
 * The cast of a column to a kind that loses nothing: a fraction is no integer, text is read as JSON writes it, whole
 * numbers stand for microseconds where a timestamp is wanted. Null where values of this type are never of the kind.
 */
export function castSql(column: string, engineType: string, kind: Kind): CastSql | null {
  const name = sqlIdentifier(column);
  const type = engineType.toUpperCase().replace(/\(.*$/, "");
  const target = sqlType[kind];
  // Text that is only null in a file of JSON is text of a kind of its own for the engine.
  if (type === target) return { value: kind === "string" ? `CAST(${name} AS ${target})` : name, misfit: null };
  const tried = (value: string, more = ""): CastSql => ({
    value,
    misfit: `(${name} IS NOT NULL AND (${value} IS NULL${more}))`,
  });
  const integers = [
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "HUGEINT",
    "UHUGEINT",
  ];
  const fractions = ["FLOAT", "DOUBLE", "DECIMAL"];
  const cast = `TRY_CAST(${name} AS ${target})`;
  switch (kind) {
    case "string":
      return type === "VARCHAR" || type === "ENUM" || type === "UUID"
        ? { value: `CAST(${name} AS VARCHAR)`, misfit: null }
        : null;
    case "boolean":
      return type === "VARCHAR" ? tried(cast) : null;
    case "int32":
    case "int64":
      if (integers.includes(type)) return tried(cast);
      if (fractions.includes(type)) return tried(cast, ` OR ${name} <> trunc(${name})`);
      if (type === "VARCHAR") return tried(cast, ` OR NOT regexp_full_match(trim(${name}), '[+-]?[0-9]+')`);
      return null;
    case "float64":
      return integers.includes(type) || fractions.includes(type) || type === "VARCHAR" ? tried(cast) : null;
    case "timestamp":
      if (["DATE", "TIMESTAMP_S", "TIMESTAMP_MS"].includes(type)) return tried(cast);
      if (type === "TIMESTAMP_NS") return tried(cast, ` OR epoch_ns(${name}) % 1000 <> 0`);
      if (type === "TIMESTAMP WITH TIME ZONE") return { value: `(${name} AT TIME ZONE 'UTC')`, misfit: null };
      // Beyond ±2^53 and beyond a BIGINT alike are no timestamps; the engine finds types of many widths in text files.
      if (integers.includes(type))
        return {
          value: `make_timestamp(TRY_CAST(${name} AS BIGINT))`,
          misfit: `(${name} NOT BETWEEN -9007199254740991 AND 9007199254740991)`,
        };
      if (type === "VARCHAR")
        return tried(
          `CASE WHEN regexp_full_match(${name}, '-?[0-9]{5,16}') THEN make_timestamp(TRY_CAST(${name} AS BIGINT)) ELSE (TRY_CAST(${name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC') END`,
        );
      return null;
  }
}

/** The column of a file for each field of a source. */
export function fileColumns(
  fields: Fields,
  columns: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(fields).map((field) => [field, columns[field] ?? field]));
}
