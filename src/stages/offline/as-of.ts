import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import { featureOfColumn } from "../../core/codec/collection-text.ts";
import { featureName } from "../../core/definition/service-features.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { AnswerMoment, FeatureAnswer, ViewStatus } from "../../core/result/answers.ts";
import { type Batch, columnsOfRows, rowAt } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import { MOMENT, ROW } from "./spine-table.ts";
import type { OfflineStore } from "./offline-store.ts";
import { pointInTime } from "./point-in-time.ts";
import { eventTimeColumn, statusColumn } from "./result-columns.ts";

export interface AsOfOptions {
  /** Answers by what is known at this later moment. */
  readonly hindsight?: Timestamp | undefined;
  /** Only with the loads below this position. */
  readonly loadsUntil?: LogPosition;
}

/**
 * Answers requests from history as serving would have at t, with what is there below the cut; in hindsight, by what is
 * known at a later moment.
 */
export async function answerAsOf(
  engine: OfflineEngine,
  store: OfflineStore,
  plan: ServicePlan,
  requests: readonly Row[],
  t: Timestamp,
  cut: LogPosition,
  { hindsight, loadsUntil }: AsOfOptions = {},
): Promise<FeatureAnswer[]> {
  const session = await engine.session();
  try {
    await session.table("asof_spine", spineFields(plan), [spineOf(plan, requests, t)]);
    const loads = Object.fromEntries(
      [...plan.aggregates, ...plan.batches].map(({ alias }) => [alias, loadsUntil ?? cut]),
    );
    const joined = pointInTime(session, store, {
      plan,
      spine: "asof_spine",
      rows: requests.length,
      carry: {},
      parts: () => (loadsUntil === undefined ? { cut } : { cut, loadsUntil }),
      evidence: true,
      hindsight,
    });
    const moment: Omit<AnswerMoment, "loads"> =
      hindsight === undefined ? { t, knowledge: "served" } : { t, knowledge: "now", knownAt: hindsight };
    const answers: FeatureAnswer[] = [];
    for await (const batch of joined)
      for (let i = 0; i < batch.rows; i++) answers.push(answerOf(plan, rowAt(batch, i), { ...moment, loads }));
    return answers;
  } finally {
    await session.close();
  }
}

/** The columns of a spine of requests. */
export function spineFields(plan: ServicePlan): Fields {
  const inputs = Object.entries(plan.service.inputs).map(
    ([name, type]) => [name, { ...type, nullable: true }] as const,
  );
  return {
    [ROW]: { kind: "int64", nullable: false },
    [MOMENT]: { kind: "int64", nullable: false },
    ...Object.fromEntries(inputs),
  };
}

function spineOf(plan: ServicePlan, requests: readonly Row[], t: Timestamp): Batch {
  const rows = requests.map((request, i): Row => ({ [ROW]: BigInt(i), [MOMENT]: BigInt(t), ...request }));
  return columnsOfRows(spineFields(plan), rows);
}

function answerOf(plan: ServicePlan, row: Row, moment: AnswerMoment): FeatureAnswer {
  const values: Record<string, FeatureValue> = {};
  const statuses: Record<string, ViewStatus> = {};
  const eventTimes: Record<string, Timestamp | null> = {};
  for (const { alias, features } of plan.uses) {
    for (const [feature, type] of Object.entries(features)) {
      const name = featureName(alias, feature);
      values[name] = featureOfColumn(type, row[name]);
    }
    statuses[alias] = row[statusColumn(alias)] as ViewStatus;
    eventTimes[alias] = row[eventTimeColumn(alias)] as Timestamp | null;
  }
  return { values, statuses, eventTimes, ...moment };
}
