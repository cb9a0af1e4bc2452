import { sqlString } from "../../core/expression/sql-text.ts";

/**
 * Parquet files as a table in DuckDB's dialect: columns are matched by name, one that a file lacks is null, and the
 * folders' names add none. Reads files in the order given.
 */
export function parquetSource(files: readonly string[]): string {
  return `read_parquet([${files.map(literalPath).join(", ")}], union_by_name = true, hive_partitioning = false)`;
}

/** DuckDB reads paths as patterns; a bracket around each of their signs makes it stand for itself. */
const literalPath = (path: string): string => sqlString(path.replace(/[*?[]/g, "[$&]"));
