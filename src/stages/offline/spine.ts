import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { type CastSql, castSql } from "../../core/plan/file-relation.ts";
import { sqlSubquery } from "../../core/plan/sql.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { MOMENT, type Moments, momentFields, momentsSql, ROW } from "./spine-table.ts";

export interface SpineRequest {
  /** A query that gives the rows, in the order in which they come back. */
  readonly sql: string;
  /** What the user calls it, for errors. */
  readonly what: string;
  /** The column of each row's moment. */
  readonly time: string;
  /** The service's inputs, with their types. */
  readonly inputs: Fields;
  /** The column of an input that goes by another name. */
  readonly columns: Readonly<Record<string, string>>;
  /** Whether the query numbers its rows in `__row`, in the order in which it gives them, and costs no more than a table. */
  readonly isNumbered: boolean;
  /** Carries the spine's other columns into the table as they are. */
  readonly carry: boolean;
}

export interface Spine {
  /** A table of the session, or a query in parentheses. */
  readonly relation: string;
  readonly rows: number;
  /** The columns carried, with the types they have as asof knows them. */
  readonly carried: Fields;
  /** The first and the last moment of all, where looking for misfits has shown them. */
  readonly moments: Moments | null;
}

/**
 * Makes a query the spine of a point-in-time join: a relation with the moment of each row and the inputs of the service,
 * cast to their types, and the number of each row; a table, unless the query is as good as one. Nulls among the inputs stay; a null moment is refused.
 * @throws ASOF_MISSING_FIELD, ASOF_TYPE, ASOF_TIMESTAMP, ASOF_EMPTY
 */
export async function makeSpine(session: OfflineSession, request: SpineRequest): Promise<Spine> {
  const { what, time, inputs, columns } = request;
  const described = await session.describe(request.sql);
  const nothing = (): AsofError => new AsofError("ASOF_EMPTY", `${what} has no rows`, { spine: what });
  const wanted = [time, ...Object.keys(inputs).map((input) => columns[input] ?? input)];
  if (wanted.some((name) => described.every((column) => column.name !== name))) {
    // An empty file lacks every column, but that is not what is wrong with it.
    const some = await session.rows(`SELECT 1 AS n FROM ${sqlSubquery(request.sql)} LIMIT 1`, {
      n: { kind: "int32", nullable: false },
    });
    if (some.length === 0) throw nothing();
  }
  const find = (name: string, purpose: string): (typeof described)[number] => {
    const found = described.find((column) => column.name === name);
    if (found !== undefined) return found;
    throw new AsofError(
      "ASOF_MISSING_FIELD",
      `${what} has no column ${name} for ${purpose}; it has ${described.map((column) => column.name).join(", ")}`,
      { spine: what, column: name },
    );
  };
  const cast = (name: string, purpose: string, kind: Fields[string]["kind"]): CastSql => {
    const found = find(name, purpose);
    const sql = castSql(found.name, found.engineType, kind);
    if (sql !== null) return sql;
    throw new AsofError("ASOF_TYPE", `${what}: the column ${name} is ${found.engineType}, but ${purpose} is ${kind}`, {
      spine: what,
      column: name,
    });
  };
  const moment = cast(time, "the moment of a row", "timestamp");
  const asked = Object.entries(inputs).map(([input, { kind }]) => {
    const column = columns[input] ?? input;
    return { input, column, sql: cast(column, `the input ${input}`, kind) };
  });
  const taken = new Set([ROW, MOMENT, ...Object.keys(inputs)].map((name) => name.toLowerCase()));
  const others = request.carry
    ? described.filter(({ name, kind }) => kind !== null && !taken.has(name.toLowerCase()))
    : [];
  const misfits = [{ column: time, sql: moment }, ...asked].flatMap(({ column, sql: { misfit } }) =>
    misfit === null ? [] : [`CASE WHEN ${misfit} THEN ${sqlString(column)} END`],
  );
  const select = `SELECT epoch_us(${moment.value}) AS ${MOMENT},
       ${asked.map(({ input, sql }) => `${sql.value} AS ${sqlIdentifier(input)}, `).join("")}
       ${others.map(({ name }) => `${sqlIdentifier(name)}, `).join("")}
       ${request.isNumbered ? `${ROW}, ` : ""}
       ${misfits.length === 0 ? "CAST(NULL AS VARCHAR)" : `COALESCE(${misfits.join(", ")})`} AS ${MISFIT}
     FROM ${sqlSubquery(request.sql)}`;
  const carried: Fields = {
    ...Object.fromEntries(Object.entries(inputs).map(([name, type]) => [name, { ...type, nullable: true }])),
    ...Object.fromEntries(
      others.map(({ name, kind }) => [
        name,
        { kind: kind!, nullable: true, ...(kind === "float64" ? { nonFinite: true as const } : {}) },
      ]),
    ),
  };
  const isBad = `${MISFIT} IS NOT NULL OR ${MOMENT} IS NULL`;
  if (request.isNumbered) {
    const [{ n, bad, first, last }] = await session.rows(
      `SELECT count(*) AS n, count(*) FILTER (WHERE ${isBad}) AS bad, ${momentsSql} FROM (${select})`,
      { n: int64, bad: int64, ...momentFields },
    );
    if (n === 0n) throw nothing();
    if (bad === 0n)
      return {
        relation: `(${select})`,
        rows: Number(n),
        carried,
        moments: { first: first as number, last: last as number },
      };
  }
  const rows = await session.run(tableSql(select, request.isNumbered));
  if (rows === 0) throw nothing();
  const [bad] = await session.rows(
    `SELECT ${ROW} AS row, ${MISFIT} AS misfit FROM ${TABLE} WHERE ${isBad} ORDER BY ${ROW} LIMIT 1`,
    { row: int64, misfit: { kind: "string", nullable: true } },
  );
  if (bad !== undefined) {
    const column = bad.misfit === null ? time : String(bad.misfit);
    const row = Number(bad.row) + 1;
    const why =
      bad.misfit === null
        ? `its moment ${time} is null`
        : column === time
          ? `its moment ${time} is no timestamp`
          : `the value of ${column} does not fit the type of its input`;
    throw new AsofError(column === time ? "ASOF_TIMESTAMP" : "ASOF_TYPE", `${what}, row ${row}: ${why}`, {
      spine: what,
      row,
      column,
    });
  }
  return { relation: TABLE, rows, carried, moments: null };
}

/** A statement that makes a query a table of the session, with the number of each row. */
const tableSql = (select: string, isNumbered: boolean): string =>
  `CREATE OR REPLACE TEMP TABLE ${TABLE} AS SELECT ${isNumbered ? "" : `row_number() OVER () - 1 AS ${ROW}, `}* FROM (${select})`;

const TABLE = "asof_spine";
const int64: DataType = { kind: "int64", nullable: false };
const MISFIT = "__misfit";
