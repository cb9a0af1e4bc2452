import { columnTypes } from "../../core/codec/collection-text.ts";
import { SERVED, type Stream } from "../../core/definition/stream.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { ViewStatus } from "../../core/result/answers.ts";
import type { OnCompared, ServedAnswer } from "../../core/result/audit.ts";
import { type Column, columnsOfRows, valueAt } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { POSITION } from "../../core/schema/system-columns.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import { spineFields } from "./as-of.ts";
import type { OfflineStore } from "./offline-store.ts";
import { pointInTime } from "./point-in-time.ts";
import { eventTimeColumn, statusColumn } from "./result-columns.ts";
import { MOMENT, ROW } from "./spine-table.ts";

export interface ComparisonRequest {
  readonly plan: ServicePlan;
  readonly answers: readonly ServedAnswer[];
  readonly cut: LogPosition;
  /** Predictions of a version of the model for columns of features. */
  readonly predict: (
    version: number,
    features: Readonly<Record<string, Column>>,
    rows: number,
  ) => Promise<Float64Array>;
  readonly onCompared: OnCompared;
  readonly signal: AbortSignal;
}

/** Computes answers again from history, each as of its moment and with the loads that were in it. */
export async function compareWithHistory(
  engine: OfflineEngine,
  store: OfflineStore,
  request: ComparisonRequest,
): Promise<void> {
  const session = await engine.session({ signal: request.signal });
  try {
    const groups = Map.groupBy(request.answers, ({ loads, prediction }) =>
      JSON.stringify([loads, prediction?.version ?? null]),
    );
    for (const answers of groups.values()) await compareGroup(session, store, request, answers);
  } finally {
    await session.close();
  }
}

/** Answers with the same loads in them, and of the same version of a model. */
async function compareGroup(
  session: OfflineSession,
  store: OfflineStore,
  { plan, cut, predict, onCompared }: ComparisonRequest,
  answers: readonly ServedAnswer[],
): Promise<void> {
  const fields = spineFields(plan);
  const rows = answers.map(({ request, t }, i): Row => ({ [ROW]: BigInt(i), [MOMENT]: BigInt(t), ...request }));
  await session.run("DROP TABLE IF EXISTS asof_spine");
  await session.table("asof_spine", fields, [columnsOfRows(fields, rows)]);
  const joined = pointInTime(session, store, {
    plan,
    spine: "asof_spine",
    rows: answers.length,
    carry: {},
    parts: (alias) => ({ cut, loadsUntil: answers[0].loads[alias] }),
    evidence: true,
  });
  let next = 0;
  for await (const { rows, columns } of joined) {
    const { prediction } = answers[0];
    const predictions = prediction === null ? null : await predict(prediction.version, columns, rows);
    for (let i = 0; i < rows; i++) {
      const answer = answers[next++];
      for (const name of Object.keys(plan.features))
        onCompared(answer, name, answer.features[name], valueAt(columns[name], i));
      for (const { alias } of plan.uses) {
        onCompared(answer, `status ${alias}`, answer.statuses[alias], valueAt(columns[statusColumn(alias)], i));
        const eventTime = valueAt(columns[eventTimeColumn(alias)], i);
        onCompared(answer, `event time ${alias}`, answer.eventTimes[alias], eventTime);
      }
      if (predictions !== null) onCompared(answer, "prediction", answer.prediction!.value, predictions[i]);
    }
  }
}

/** An answer from the served log, and where in the log it is. */
export interface LoggedAnswer {
  readonly position: LogPosition;
  readonly answer: ServedAnswer;
}

/** What a model served and the log holds at [from, until), in the log's order. */
export async function readServed(
  engine: OfflineEngine,
  store: OfflineStore,
  asked: {
    readonly plan: ServicePlan;
    readonly stream: Stream;
    readonly from: LogPosition;
    readonly until: LogPosition;
    readonly signal: AbortSignal;
  },
): Promise<LoggedAnswer[]> {
  const { plan, stream, from, until, signal } = asked;
  const session = await engine.session({ signal });
  try {
    await store.attach(session, "asof_served", stream, { cut: until, from });
    const fields: Fields = { ...stream.fields, [POSITION]: { kind: "int64", nullable: false } };
    const rows = await session.rows(
      `SELECT ${Object.keys(fields).map(sqlIdentifier).join(", ")} FROM asof_served
       WHERE ${POSITION} >= ${from} AND ${POSITION} < ${until} ORDER BY ${POSITION}`,
      fields,
    );
    const [inputs, features] = [Object.keys(plan.service.inputs), Object.keys(columnTypes(plan.features))];
    return rows.map((row) => ({ position: Number(row[POSITION]), answer: answerOf(row, inputs, features) }));
  } finally {
    await session.close();
  }
}

function answerOf(row: Row, inputs: readonly string[], features: readonly string[]): ServedAnswer {
  const pick = (names: readonly string[]): Row => Object.fromEntries(names.map((name) => [name, row[name]]));
  return {
    id: row[SERVED.id] as string,
    t: row[SERVED.t] as number,
    knowledge: "served",
    loads: JSON.parse(row[SERVED.loads] as string) as Record<string, number>,
    request: pick(inputs),
    features: pick(features),
    statuses: JSON.parse(row[SERVED.statuses] as string) as Record<string, ViewStatus>,
    eventTimes: JSON.parse(row[SERVED.eventTimes] as string) as Record<string, number | null>,
    prediction: { version: row[SERVED.version] as number, value: row[SERVED.prediction] as number },
  };
}
