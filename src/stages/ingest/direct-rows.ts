import { namingFields } from "../../core/codec/key-text.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { fileColumns } from "../../core/plan/file-relation.ts";
import { sqlList, sqlPath } from "../../core/plan/sql.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import { ContributionCheck } from "../../core/tile/contribution-check.ts";
import type { DescribedColumn, OfflineSession } from "../../ports/offline-engine.ts";
import { castFields, type FieldCast, fitsKeySql } from "./cast-fields.ts";
import { nearlyByDay, type Span } from "./day-order.ts";
import { type LoadRequest, relationOf } from "./load-request.ts";
import { isTime, timeSql } from "./time-sql.ts";

/** Rows of files that need no table between: checked as they are read. */
export interface DirectRows {
  /** Gives the fields, `__event`, `__available` and `__position`; fails at the first row that is not as it must be. */
  readonly sql: string;
  /** Whether they come nearly in the order of their days. */
  readonly inOrder: boolean;
  /** How many rows the files have; null where only reading them would tell. */
  readonly count: number | null;
  /** Refuses what a view over the source cannot take. @throws ASOF_OVERFLOW */
  check(): Promise<void>;
}

/**
 * The rows of a load as one query over its files, in which whatever is not as it must be is an error of the engine.
 * Null where the load is more than that: where rows are told by an id or a key, where a time takes evaluating, or where
 * a column is amiss.
 */
export async function directRows(session: OfflineSession, request: LoadRequest): Promise<DirectRows | null> {
  const { source, files, from, until, key } = request;
  if (source.id !== undefined || key !== null) return null;
  const relation = relationOf(request);
  const described = await session.describe(`SELECT * FROM ${relation}`);
  const columns = fileColumns(source.fields, source.columns);
  const isThere = (field: string): boolean => described.some(({ name }) => name === columns[field]);
  if (Object.entries(source.fields).some(([field, type]) => !type.nullable && !isThere(field))) return null;
  const casts = castFields(source, source.fields, described, files);
  const valueOf = new Map(casts.map(({ field, cast }) => [field, cast.value]));
  const column = (field: string): string => valueOf.get(field)!;
  const event = timeSql(source.eventTime, column);
  const available = source.availableAt === null ? undeclared(event, request) : timeSql(source.availableAt, column);
  if (event === null || available === null) return null;
  const inRange = [
    ...(from === null ? [] : [`${available} >= make_timestamp(${from})`]),
    ...(until === null ? [] : [`${available} < make_timestamp(${until})`]),
  ];
  // In one condition, as the engine is free to evaluate several in any order, or some for some rows only.
  const sql = `
    SELECT ${casts.map(({ field, cast }) => `${cast.value} AS ${sqlIdentifier(field)}`).join(", ")},
           ${event} AS ${EVENT}, ${available} AS ${AVAILABLE}, CAST(NULL AS BIGINT) AS ${POSITION}
    FROM ${relation}
    WHERE CASE WHEN ${[...fits(casts, source.fields, namingFields(source, request.views)), isTime(event), isTime(available)].join(" AND ")}
               THEN ${inRange.length === 0 ? "true" : inRange.join(" AND ")} ELSE error(${sqlString(AMISS)}) END`;
  const { spans, count } = await footers(session, request, described);
  return {
    sql,
    inOrder: spans !== null && nearlyByDay(spans),
    count,
    check: async () => {
      const contributions = new ContributionCheck(request.views, source.fields);
      if (contributions.columns.length === 0) return;
      const fields: Fields = Object.fromEntries(contributions.columns.map((name) => [name, source.fields[name]]));
      const rows = session.columns(`SELECT ${sqlList(contributions.columns)} FROM (${sql})`, fields, { lend: true });
      for await (const batch of rows) contributions.batch(batch);
    },
  };
}

/** A time that a footer tells as text; null where it is none. */
function told(which: string): string {
  const [value, name] = which.split(" AS ");
  const at = `TRY_CAST(stats_${value}_value AS TIMESTAMP)`;
  return `CASE WHEN ${isTime(at)} THEN ${at} END AS ${name}`;
}

const AMISS = "a row is not as it must be";
const time = { kind: "timestamp", nullable: true } as const;

/** What must hold of every row: where `problemSql` would tell of none, in fewer steps. */
function fits(casts: readonly FieldCast[], fields: Fields, naming: ReadonlySet<string>): string[] {
  return casts.flatMap(({ field, cast: { value, misfit } }) => [
    ...(misfit === null ? [] : [`NOT coalesce(${misfit}, false)`]),
    ...(fields[field].nullable ? [] : [`${value} IS NOT NULL`]),
    ...(fields[field].kind === "float64" && fields[field].nonFinite !== true
      ? [`coalesce(isfinite(${value}), true)`]
      : []),
    ...(naming.has(field) && fields[field].kind === "string" ? [`coalesce(${fitsKeySql(value)}, true)`] : []),
  ]);
}

/** When the rows of a source are available that does not declare it. */
function undeclared(event: string | null, { first, now }: LoadRequest): string | null {
  return first || event === null ? event : `greatest(${event}, make_timestamp(${now}))`;
}

/** What the footers of Parquet files tell: the event times of each group of rows, and how many rows there are. */
async function footers(
  session: OfflineSession,
  { source, files, format }: LoadRequest,
  described: readonly DescribedColumn[],
): Promise<{ readonly spans: Span[] | null; readonly count: number | null }> {
  if (format !== "parquet") return { spans: null, count: null };
  const list = `[${files.map(sqlPath).join(", ")}]`;
  const counted = await session.rows(`SELECT sum(num_rows)::BIGINT AS n FROM parquet_file_metadata(${list})`, {
    n: { kind: "int64", nullable: false },
  });
  const count = Number(counted[0].n);
  const [field] = [source.eventTime].flatMap((at) => (at.op === "column" ? [at.name] : []));
  const name = field === undefined ? undefined : (source.columns[field] ?? field);
  const type = described.find((column) => column.name === name)?.engineType ?? "";
  if (name === undefined || !/^(TIMESTAMP|DATE)/.test(type)) return { spans: null, count };
  const groups = await session.rows(
    `SELECT ${["min AS first", "max AS last"].map(told).join(", ")}
     FROM parquet_metadata(${list}) WHERE path_in_schema = ${sqlString(name)} AND row_group_num_rows > 0`,
    { first: time, last: time },
  );
  if (groups.some(({ first, last }) => first === null || last === null)) return { spans: null, count };
  return { spans: groups.map(({ first, last }): Span => [first as number, last as number]), count };
}
