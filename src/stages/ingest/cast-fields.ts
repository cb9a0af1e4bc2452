import { LONGEST_KEY_TEXT, TOO_LONG } from "../../core/codec/key-text.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { defaultsOf } from "../../core/definition/defaults.ts";
import { AsofError, type ErrorCode } from "../../core/errors.ts";
import { sqlString } from "../../core/expression/sql-text.ts";
import { type CastSql, castSql, fileColumns } from "../../core/plan/file-relation.ts";
import { sqlType, sqlValue } from "../../core/plan/sql.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import type { DescribedColumn } from "../../ports/offline-engine.ts";

export interface FieldCast {
  readonly field: string;
  readonly cast: CastSql;
}

/**
 * How each of some fields of a source comes out of files with these columns.
 * @throws AsofError ASOF_MISSING_FIELD, ASOF_TYPE
 */
export function castFields(
  source: SourceDefinition,
  fields: Fields,
  described: readonly DescribedColumn[],
  files: readonly string[],
): FieldCast[] {
  const columns = fileColumns(source.fields, source.columns);
  const known = described.map(({ name }) => name);
  const defaults = defaultsOf(source);
  return Object.entries(fields).map(([field, type]): FieldCast => {
    const fallback = Object.hasOwn(defaults, field) ? sqlValue(type, defaults[field]) : null;
    const found = described.find(({ name }) => name === columns[field]);
    const where = { source: source.name, file: files.join(", "), column: columns[field], field };
    if (found === undefined && fallback !== null) return { field, cast: { value: fallback, misfit: null } };
    if (found === undefined && !type.nullable)
      throw new AsofError(
        "ASOF_MISSING_FIELD",
        `${files.join(", ")}: there is no column ${columns[field]} for the field ${field}; there is ${known.join(", ")}`,
        where,
      );
    if (found === undefined) return { field, cast: { value: `CAST(NULL AS ${sqlType[type.kind]})`, misfit: null } };
    const cast = castSql(found.name, found.engineType, type.kind);
    if (cast === null)
      throw new AsofError(
        "ASOF_TYPE",
        `${files.join(", ")}: the column ${found.name} is ${found.engineType}, but the field ${field} is ${type.kind}`,
        where,
      );
    // A file does not tell a null from what is not there.
    if (fallback !== null) return { field, cast: { ...cast, value: `coalesce(${cast.value}, ${fallback})` } };
    return { field, cast };
  });
}

/**
 * What is wrong with a row, as `CODE field` of the first such field; null where nothing is. Texts of the fields that name
 * something (`naming`) have a limit.
 */
export function problemSql(casts: readonly FieldCast[], fields: Fields, naming: ReadonlySet<string>): string {
  const problems = casts
    .map(({ field, cast }) => problemOf(field, cast, fields[field], naming.has(field)))
    .filter((sql) => sql !== null);
  return problems.length === 0 ? "CAST(NULL AS VARCHAR)" : `COALESCE(${problems.join(", ")})`;
}

/** The error for a row (from 0) with a problem as `problemSql` tells it. */
export function badRow(
  source: string,
  files: readonly string[],
  row: number,
  problem: string,
  { badRows, more = "" }: { readonly badRows?: number; readonly more?: string } = {},
): AsofError {
  const [code, field] = problem.split(" ");
  return new AsofError(
    code as ErrorCode,
    `${files.join(", ")}, row ${row + 1}: field ${field}: ${reasons[code] ?? "it does not fit"}${more}`,
    { source, file: files.join(", "), row: row + 1, field, ...(badRows === undefined ? {} : { badRows }) },
  );
}

const reasons: Readonly<Record<string, string>> = {
  ASOF_TYPE: "its value has the wrong type",
  ASOF_TIMESTAMP: "its value is no timestamp",
  ASOF_MISSING_FIELD: "it is null",
  ASOF_NOT_FINITE: "NaN and infinities are not allowed",
  ASOF_OVERFLOW: TOO_LONG,
};

/** Whether a text is short enough for a key; null where it is null. */
export const fitsKeySql = (value: string): string => `(strlen(${value}) <= ${LONGEST_KEY_TEXT})`;

/** What is wrong with a row's field, as `CODE field`; null where nothing can be. */
function problemOf(field: string, { value, misfit }: CastSql, type: DataType, naming: boolean): string | null {
  const say = (code: ErrorCode): string => sqlString(`${code} ${field}`);
  const cases = [
    ...(misfit === null
      ? []
      : [`WHEN ${misfit} THEN ${say(type.kind === "timestamp" ? "ASOF_TIMESTAMP" : "ASOF_TYPE")}`]),
    ...(type.nullable ? [] : [`WHEN ${value} IS NULL THEN ${say("ASOF_MISSING_FIELD")}`]),
    ...(type.kind === "float64" && type.nonFinite !== true
      ? [`WHEN NOT isfinite(${value}) THEN ${say("ASOF_NOT_FINITE")}`]
      : []),
    ...(naming && type.kind === "string" ? [`WHEN NOT ${fitsKeySql(value)} THEN ${say("ASOF_OVERFLOW")}`] : []),
  ];
  return cases.length === 0 ? null : `CASE ${cases.join(" ")} END`;
}
