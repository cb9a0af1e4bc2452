import { DuckDBTypeId } from "@duckdb/node-api";
import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import type { Fields, Kind } from "../../core/schema/data-type.ts";
import type { SqlColumn } from "./describe-sql.ts";
import { castError } from "./duckdb-error.ts";
import { engineType } from "./duckdb-type.ts";

const FRACTIONAL = new Set([DuckDBTypeId.FLOAT, DuckDBTypeId.DOUBLE, DuckDBTypeId.DECIMAL]);

/**
 * A query around `sql` whose columns are the fields, cast to their types; keeps the order of its rows. A cast never
 * rounds: where it would, it is an ASOF_TYPE error of the statement.
 * @throws AsofError ASOF_SQL where the query lacks a field.
 */
export function columnsSql(sql: string, fields: Fields, columns: readonly SqlColumn[]): string {
  const types = new Map(columns.map(({ name, typeId }) => [name.toLowerCase(), typeId]));
  const casts = Object.entries(fields).map(([name, { kind }]) => {
    const type = types.get(name.toLowerCase());
    if (type === undefined) {
      const message = `the query has no column "${name}"`;
      throw new AsofError("ASOF_SQL", message, { field: name, columns: columns.map((column) => column.name), sql });
    }
    return `${castSql(name, kind, type)} AS ${sqlIdentifier(name)}`;
  });
  return `SELECT ${casts.join(", ")} FROM (${sql.replace(/[;\s]+$/, "")}\n)`;
}

function castSql(name: string, kind: Kind, type: DuckDBTypeId): string {
  const column = sqlIdentifier(name);
  const cast = `CAST(${column} AS ${engineType[kind]})`;
  if ((kind === "int32" || kind === "int64") && FRACTIONAL.has(type))
    return refuse(`${column} <> trunc(${column})`, name, "a fraction is not an integer", cast);
  if (kind === "timestamp" && type === DuckDBTypeId.TIMESTAMP_NS)
    return refuse(`epoch_ns(${column}) % 1000 <> 0`, name, "a timestamp is finer than a microsecond", cast);
  if (kind === "boolean" && type !== DuckDBTypeId.BOOLEAN && type !== DuckDBTypeId.VARCHAR)
    return refuse(`${column} NOT IN (0, 1)`, name, "a number other than 0 and 1 is not a boolean", cast);
  return cast;
}

const refuse = (when: string, name: string, why: string, otherwise: string): string =>
  `CASE WHEN ${when} THEN error(${sqlString(castError(name, why))}) ELSE ${otherwise} END`;
