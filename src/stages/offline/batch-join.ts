import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { BatchUse } from "../../core/plan/service-plan.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { AttachedHistory } from "./asked-keys.ts";
import { MOMENT } from "./spine-table.ts";

/** How a batch view is joined to a spine: the clause, and what it yields. */
export interface BatchJoin {
  /** Joins the rows that count at each moment to the spine under the alias `s`. */
  readonly clause: string;
  /** For a feature of the view its value, null where there is no row or it has expired. */
  readonly value: (feature: string) => string;
  readonly status: string;
  /** The row's time in microseconds; null where there is none. */
  readonly eventTime: string;
}

/**
 * Prepares the point-in-time join of a batch view. At t the version counts that is greatest by (event, available, entry)
 * among those available by then, or in hindsight of a time by then; as a later version may be of an earlier time, only those that exceed all before them are joined, which leaves one inequality for the
 * engine's ASOF join.
 */
export async function batchJoin(
  session: OfflineSession,
  use: BatchUse,
  { name: rows, inHindsight }: Pick<AttachedHistory, "name" | "inHindsight">,
  alias: string,
): Promise<BatchJoin> {
  const keys = Object.keys(use.keys);
  const columns = keys.map(sqlIdentifier);
  const table = `${alias}__versions`;
  const microseconds = `epoch_us(${AVAILABLE}) AS a, epoch_us(${EVENT}) AS e, epoch_us(${inHindsight ? EVENT : AVAILABLE}) AS since`;
  const features = Object.keys(use.features).map(sqlIdentifier).join(", ");
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${sqlIdentifier(table)} AS
     SELECT ${columns.join(", ")}, ${features}, ${microseconds}, ${POSITION} AS p FROM ${sqlIdentifier(rows)}
     WHERE ${columns.map((key) => `${key} IS NOT NULL`).join(" AND ")}`,
  );
  if (await overtakes(session, table, columns))
    await session.run(
      `CREATE OR REPLACE TEMP TABLE ${sqlIdentifier(table)} AS
       SELECT * FROM ${sqlIdentifier(table)}
       QUALIFY row(e, a, p) = max(row(e, a, p)) OVER (PARTITION BY ${columns.join(", ")} ORDER BY since RANGE UNBOUNDED PRECEDING)`,
    );
  const on = keys.map((key) => `s.${sqlIdentifier(use.inputs[key])} = ${alias}.${sqlIdentifier(key)}`);
  const alive = use.view.ttl === null ? "true" : `s.${MOMENT} - ${use.view.ttl} <= ${alias}.e`;
  return {
    clause: `ASOF LEFT JOIN ${sqlIdentifier(table)} ${alias} ON ${[...on, `s.${MOMENT} >= ${alias}.since`].join(" AND ")}`,
    value: (feature) => {
      const column = `${alias}.${sqlIdentifier(feature)}`;
      return use.view.ttl === null ? column : `CASE WHEN ${alive} THEN ${column} END`;
    },
    status: `CASE WHEN ${alias}.e IS NULL THEN 'NOT_FOUND' WHEN ${alive} THEN 'PRESENT' ELSE 'EXPIRED' END`,
    eventTime: `${alias}.e`,
  };
}

/** Whether some key has a version that does not exceed all that were there before it or with it. */
async function overtakes(session: OfflineSession, table: string, keys: readonly string[]): Promise<boolean> {
  const [{ n }] = await session.rows(
    `SELECT count(*) AS n FROM (
       SELECT row(e, a, p) AS v, since, lag(row(e, a, p)) OVER w AS before, lag(since) OVER w AS s0
       FROM ${sqlIdentifier(table)} WINDOW w AS (PARTITION BY ${keys.join(", ")} ORDER BY since, e, a, p)
     ) WHERE v < before OR since = s0`,
    { n: { kind: "int64", nullable: false } },
  );
  return n !== 0n;
}
