import { DuckDBTypeId } from "@duckdb/node-api";
import type { CollectionType } from "../../core/aggregation/feature-type.ts";
import type { Kind } from "../../core/schema/data-type.ts";

/** What each kind is called, and stored as, in DuckDB. */
export const engineType = {
  string: "VARCHAR",
  boolean: "BOOLEAN",
  int32: "INTEGER",
  int64: "BIGINT",
  float64: "DOUBLE",
  timestamp: "TIMESTAMP",
} as const satisfies Record<Kind, string>;

/** The type of a column of collections; how often a value occurs is a whole number. */
export function collectionType(type: CollectionType): string {
  if (type.kind === "list") return `${engineType[type.of.kind]}[]`;
  return `MAP(VARCHAR, ${type.kind === "counts" ? "BIGINT" : engineType[type.of.kind]})`;
}

const kinds = new Map<DuckDBTypeId, Kind>([
  [DuckDBTypeId.VARCHAR, "string"],
  [DuckDBTypeId.ENUM, "string"],
  [DuckDBTypeId.UUID, "string"],
  [DuckDBTypeId.BOOLEAN, "boolean"],
  [DuckDBTypeId.TINYINT, "int32"],
  [DuckDBTypeId.SMALLINT, "int32"],
  [DuckDBTypeId.INTEGER, "int32"],
  [DuckDBTypeId.UTINYINT, "int32"],
  [DuckDBTypeId.USMALLINT, "int32"],
  [DuckDBTypeId.UINTEGER, "int64"],
  [DuckDBTypeId.BIGINT, "int64"],
  [DuckDBTypeId.UBIGINT, "int64"],
  [DuckDBTypeId.HUGEINT, "int64"],
  [DuckDBTypeId.UHUGEINT, "int64"],
  [DuckDBTypeId.FLOAT, "float64"],
  [DuckDBTypeId.DOUBLE, "float64"],
  [DuckDBTypeId.DECIMAL, "float64"],
  [DuckDBTypeId.DATE, "timestamp"],
  [DuckDBTypeId.TIMESTAMP, "timestamp"],
  [DuckDBTypeId.TIMESTAMP_S, "timestamp"],
  [DuckDBTypeId.TIMESTAMP_MS, "timestamp"],
  [DuckDBTypeId.TIMESTAMP_NS, "timestamp"],
  [DuckDBTypeId.TIMESTAMP_TZ, "timestamp"],
]);

/**
 * The kind a DuckDB type is read as, or null. Values that do not fit (a HUGEINT beyond 64 bits, nanoseconds) are
 * errors when they are read; a DECIMAL is rounded to the nearest double.
 */
export const kindOf = (type: DuckDBTypeId): Kind | null => kinds.get(type) ?? null;
