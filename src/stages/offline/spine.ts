import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { type CastSql, castSql } from "../../core/plan/file-relation.ts";
import { sqlSubquery } from "../../core/plan/sql.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { MOMENT, ROW } from "./aggregate-join.ts";

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
  /** Carries the spine's other columns into the table as they are. */
  readonly carry: boolean;
}

export interface Spine {
  readonly table: string;
  readonly rows: number;
  /** The columns carried, with the types they have as asof knows them. */
  readonly carried: Fields;
}

/**
 * Makes a query the spine of a point-in-time join: a table of the session with the number and the moment of each row
 * and the inputs of the service, cast to their types. Nulls among the inputs stay; a null moment is refused.
 * @throws ASOF_MISSING_FIELD, ASOF_TYPE, ASOF_TIMESTAMP, ASOF_EMPTY
 */
export async function makeSpine(session: OfflineSession, request: SpineRequest): Promise<Spine> {
  const { what, time, inputs, columns } = request;
  const described = await session.describe(request.sql);
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
  const asked = Object.entries(inputs).map(([input, { kind }]) => ({
    input,
    sql: cast(columns[input] ?? input, `the input ${input}`, kind),
  }));
  const taken = new Set([ROW, MOMENT, ...Object.keys(inputs)].map((name) => name.toLowerCase()));
  const others = request.carry
    ? described.filter(({ name, kind }) => kind !== null && !taken.has(name.toLowerCase()))
    : [];
  const misfits = [moment, ...asked.map(({ sql }) => sql)].flatMap(({ misfit }) => (misfit === null ? [] : [misfit]));
  const table = "asof_spine";
  const rows = await session.run(
    `CREATE OR REPLACE TEMP TABLE ${table} AS SELECT row_number() OVER () - 1 AS ${ROW}, epoch_us(${moment.value}) AS ${MOMENT},
       ${asked.map(({ input, sql }) => `${sql.value} AS ${sqlIdentifier(input)}, `).join("")}
       ${others.map(({ name }) => `${sqlIdentifier(name)}, `).join("")}
       ${misfits.length === 0 ? "false" : `COALESCE(${misfits.join(" OR ")}, false)`} AS ${MISFIT}
     FROM ${sqlSubquery(request.sql)}`,
  );
  if (rows === 0) throw new AsofError("ASOF_EMPTY", `${what} has no rows`, { spine: what });
  const [bad] = await session.rows(
    `SELECT ${ROW} AS row, ${MISFIT} AS misfit FROM ${table} WHERE ${MISFIT} OR ${MOMENT} IS NULL ORDER BY ${ROW} LIMIT 1`,
    { row: { kind: "int64", nullable: false }, misfit: { kind: "boolean", nullable: false } },
  );
  if (bad !== undefined)
    throw new AsofError(
      bad.misfit === true ? "ASOF_TYPE" : "ASOF_TIMESTAMP",
      `${what}, row ${Number(bad.row) + 1}: ${bad.misfit === true ? "a value does not fit the type of its input" : `its moment ${time} is null`}`,
      { spine: what, row: Number(bad.row) + 1, column: time },
    );
  return {
    table,
    rows,
    carried: {
      ...Object.fromEntries(Object.entries(inputs).map(([name, type]) => [name, { ...type, nullable: true }])),
      ...Object.fromEntries(
        others.map(({ name, kind }) => [
          name,
          { kind: kind!, nullable: true, ...(kind === "float64" ? { nonFinite: true as const } : {}) },
        ]),
      ),
    },
  };
}

const MISFIT = "__misfit";
