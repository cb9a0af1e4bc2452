import { columnTypes } from "../../core/codec/collection-text.ts";
import { SERVED, type Stream } from "../../core/definition/stream.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { AuditDifference, AuditedPrediction } from "../../core/result/audit.ts";
import { type Batch, type Column, valueAt } from "../../core/schema/column.ts";
import type { Fields, Value } from "../../core/schema/data-type.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import { MOMENT, ROW } from "./spine-table.ts";
import type { OfflineStore } from "./offline-store.ts";
import { pointInTime } from "./point-in-time.ts";
import { eventTimeColumn, statusColumn } from "./result-columns.ts";

export interface AuditRequest {
  readonly plan: ServicePlan;
  /** The served log of the model. */
  readonly stream: Stream;
  readonly cut: LogPosition;
  /** Answers of earlier moments cannot be verified; null where all can. */
  readonly since: Timestamp | null;
  /** Predictions of a version of the model for columns of features. */
  readonly predict: (
    version: number,
    features: Readonly<Record<string, Column>>,
    rows: number,
  ) => Promise<Float64Array>;
  readonly onPrediction: (prediction: AuditedPrediction) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Audited {
  predictions: number;
  unverifiable: number;
  compared: number;
  different: number;
  readonly examples: AuditDifference[];
}

/** Differences that are told one by one. */
const EXAMPLES = 20;

/**
 * Recomputes from history everything that a model was served with, as of each answer's moment and with the loads
 * that were in it, and compares features, statuses, event times and predictions bit for bit.
 */
export async function audit(engine: OfflineEngine, store: OfflineStore, request: AuditRequest): Promise<Audited> {
  const { stream, plan, cut, signal } = request;
  const result: Audited = { predictions: 0, unverifiable: 0, compared: 0, different: 0, examples: [] };
  const session = await engine.session(signal === undefined ? {} : { signal });
  try {
    await store.attach(session, "asof_given", stream, { cut });
    const isVerifiable = request.since === null ? "true" : `epoch_us(${SERVED.t}) >= ${request.since}`;
    await session.run(`CREATE OR REPLACE TEMP VIEW asof_served AS SELECT * FROM asof_given WHERE ${isVerifiable}`);
    const [{ n }] = await session.rows(`SELECT count(*) AS n FROM asof_given WHERE NOT (${isVerifiable})`, {
      n: { kind: "int64", nullable: false },
    });
    result.unverifiable = Number(n);
    const groups = await session.rows(
      `SELECT ${SERVED.loads} AS loads, ${SERVED.version} AS version FROM asof_served GROUP BY ALL ORDER BY ALL`,
      { loads: { kind: "string", nullable: false }, version: { kind: "int32", nullable: false } },
    );
    for (const { loads, version } of groups) {
      const rows = await makeSpine(session, plan, loads as string, version as number);
      const until = JSON.parse(loads as string) as Readonly<Record<string, number>>;
      const joined = pointInTime(session, store, {
        plan,
        spine: "asof_spine",
        rows,
        carry: carried(plan),
        parts: (alias) => ({ cut, loadsUntil: until[alias] }),
        evidence: true,
      });
      for await (const batch of joined) await compare(request, version as number, batch, result);
    }
  } finally {
    await session.close();
  }
  return result;
}

/** Served columns travel beside the recomputed ones under names of their own. */
const was = (name: string): string => `was__${name}`;

function carried(plan: ServicePlan): Fields {
  const absent = Object.entries(columnTypes(plan.features)).map(
    ([name, type]) => [was(name), { ...type, nullable: true }] as const,
  );
  return {
    [SERVED.id]: { kind: "string", nullable: false },
    [SERVED.prediction]: { kind: "float64", nullable: false },
    [SERVED.statuses]: { kind: "string", nullable: false },
    [SERVED.eventTimes]: { kind: "string", nullable: false },
    ...Object.fromEntries(absent),
  };
}

async function makeSpine(session: OfflineSession, plan: ServicePlan, loads: string, version: number): Promise<number> {
  const inputs = Object.keys(plan.service.inputs).map(sqlIdentifier);
  const features = Object.keys(plan.features).map((name) => `${sqlIdentifier(name)} AS ${sqlIdentifier(was(name))}`);
  return session.run(
    `CREATE OR REPLACE TEMP TABLE asof_spine AS
     SELECT row_number() OVER (ORDER BY ${SERVED.t}, ${SERVED.id}) - 1 AS ${ROW}, epoch_us(${SERVED.t}) AS ${MOMENT},
       ${SERVED.id}, ${SERVED.prediction}, ${SERVED.statuses}, ${SERVED.eventTimes}, ${[...inputs, ...features].join(", ")}
     FROM asof_served WHERE ${SERVED.loads} = ${sqlString(loads)} AND ${SERVED.version} = ${version}`,
  );
}

async function compare(
  { plan, predict, onPrediction }: AuditRequest,
  version: number,
  { rows, columns }: Batch,
  result: Audited,
): Promise<void> {
  const predictions = await predict(version, columns, rows);
  for (let i = 0; i < rows; i++) {
    const id = valueAt(columns[SERVED.id], i) as string;
    const check = (what: string, served: Value, recomputed: Value): void => {
      if (served === null && recomputed === null) return;
      result.compared++;
      if (Object.is(served, recomputed)) return;
      result.different++;
      if (result.examples.length < EXAMPLES)
        result.examples.push({ id, what, served: String(served), recomputed: String(recomputed) });
    };
    for (const name of Object.keys(plan.features))
      check(name, valueAt(columns[was(name)], i), valueAt(columns[name], i));
    const statuses = JSON.parse(valueAt(columns[SERVED.statuses], i) as string) as Record<string, string>;
    const eventTimes = JSON.parse(valueAt(columns[SERVED.eventTimes], i) as string) as Record<string, number | null>;
    for (const { alias } of plan.uses) {
      check(`status ${alias}`, statuses[alias], valueAt(columns[statusColumn(alias)], i));
      check(`event time ${alias}`, eventTimes[alias], valueAt(columns[eventTimeColumn(alias)], i));
    }
    const served = valueAt(columns[SERVED.prediction], i) as number;
    check("prediction", served, predictions[i]);
    onPrediction({ id, served, recomputed: predictions[i] });
    result.predictions++;
  }
}
