import type { openEngine } from "../../open.ts";
import { columnTypes } from "../../core/codec/collection-text.ts";
import { sqlParquet } from "../../core/plan/sql.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import { valueAt } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { columnSql, featureIn } from "./collection-column.ts";
import { type Comparison, isEmptyOf, placeOf } from "./compare.ts";
import type { ExpectedAnswer } from "./expected.ts";
import type { Ask } from "./steps.ts";

/** Compares a training set, row by row in the order of its spine, with what is expected of each. */
export async function compareDataset(
  engine: Awaited<ReturnType<typeof openEngine>>,
  plan: ServicePlan,
  ask: Extract<Ask, { how: "dataset" }>,
  file: string,
  comparison: Comparison,
  expectedOf: (i: number) => ExpectedAnswer,
): Promise<void> {
  const isEmpty = isEmptyOf(plan);
  const fields: Fields = Object.fromEntries(
    Object.entries(columnTypes(plan.features)).map(([name, type]) => [
      name,
      { ...type, nullable: true, ...(type.kind === "float64" ? { nonFinite: true as const } : {}) },
    ]),
  );
  const session = await engine.session();
  let at = 0;
  try {
    const select = Object.entries(plan.features).map(([name, type]) => columnSql(name, type));
    const sql = `SELECT ${select.join(", ")} FROM ${sqlParquet([file])}`;
    for await (const { rows, columns } of session.columns(sql, fields)) {
      for (let i = 0; i < rows; i++, at++) {
        const place = placeOf("dataset", ask.service, ask.requests[at], ask.moments[at]);
        const { values } = expectedOf(at);
        for (const name in fields)
          comparison.value(
            place,
            name,
            values[name],
            featureIn(plan.features[name], valueAt(columns[name], i)),
            isEmpty(name, values[name]),
          );
      }
    }
  } finally {
    await session.close();
  }
  comparison.value(
    { how: "dataset", service: ask.service, request: {}, t: ask.moments[0] },
    "rows",
    ask.requests.length,
    at,
  );
}
