import { onDemand } from "../../core/on-demand/on-demand.ts";
import type { FeatureOutput } from "../../core/kernel/aggregate-moments.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { featureName } from "../../core/definition/service-features.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { AggregateUse, ServicePlan } from "../../core/plan/service-plan.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import { type Batch, type Column, columnsOfRows, rowAt } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import { EVENT_TIME, levelStart } from "../../core/tile/view-layout.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { aggregateJoin, MOMENT, ROW, type RowRange, type UseOutput } from "./aggregate-join.ts";
import { type BatchJoin, batchJoin } from "./batch-join.ts";
import type { OfflineStore, Part } from "./offline-store.ts";

export interface PointInTimeRequest extends WorkOptions {
  readonly plan: ServicePlan;
  /**
   * A table of the session: `__row` (BIGINT, 0 to rows − 1), `__t` (BIGINT, microseconds), and the service's inputs.
   */
  readonly spine: string;
  readonly rows: number;
  /** Columns of the spine to pass through, with their types. */
  readonly carry: Fields;
  /** For each alias what of its stream is visible: below which position. */
  readonly parts: (alias: string) => Part;
  /** Also `alias____status` and `alias____event_time` for each view. */
  readonly evidence: boolean;
}

/** The columns of a view's evidence in a result. */
export const statusColumn = (alias: string): string => `${alias}____status`;
export const eventTimeColumn = (alias: string): string => `${alias}____event_time`;

/** How much a pass may hold in memory: results of the kernel in bytes, and records of history. */
const RESULT_BYTES = 768 * 2 ** 20;
const RECORDS = 12_000_000;

/**
 * The features of a service for every row of a spine, as they were visible at the row's moment: batches in the order
 * of the spine, with all its rows. Works through the spine in ranges of rows and through the keys in ranges of keys,
 * so that memory stays bounded.
 */
export async function* pointInTime(
  session: OfflineSession,
  store: OfflineStore,
  request: PointInTimeRequest,
): AsyncGenerator<Batch> {
  const { plan, evidence } = request;
  const attached = await attachHistory(session, store, request);
  const batchJoins = new Map<string, BatchJoin>();
  for (const [i, use] of plan.batches.entries())
    batchJoins.set(use.alias, await batchJoin(session, use, attached.get(use.alias)!, `b${i}`));
  const groups = [...Map.groupBy(plan.aggregates, (use) => attached.get(use.alias)! + use.fingerprint).values()];
  const columns = plan.aggregates.reduce((sum, use) => sum + Object.keys(use.features).length + (evidence ? 1 : 0), 0);
  const size = columns === 0 ? request.rows : Math.max(1, Math.floor(RESULT_BYTES / (columns * 9)));
  for (let from = 0; from < request.rows; from += size) {
    const range = { from, until: Math.min(from + size, request.rows) };
    const outputs = new Map<string, UseOutput>();
    for (const group of groups) {
      const tables = { records: attached.get(group[0].alias)!, spine: request.spine };
      const found = await aggregateJoin(session, group, tables, range, {
        eventTimes: evidence,
        recordsPerPass: RECORDS,
      });
      group.forEach((use, i) => outputs.set(use.alias, found[i]));
      request.onProgress?.({ phase: "join", done: from, total: request.rows, unit: "rows" });
    }
    yield* joined(session, request, range, outputs, batchJoins);
  }
}

/** The columns of a result: what is carried, the features, and the evidence where it was asked for. */
export function resultFields({
  plan,
  carry,
  evidence,
}: Pick<PointInTimeRequest, "plan" | "carry" | "evidence">): Fields {
  return {
    ...carry,
    ...plan.features,
    ...(evidence
      ? Object.fromEntries(
          plan.uses.flatMap(({ alias }): [string, DataType][] => [
            [statusColumn(alias), { kind: "string", nullable: false }],
            [eventTimeColumn(alias), { kind: "timestamp", nullable: true }],
          ]),
        )
      : {}),
  };
}

/** Makes the history of each view with a stream a view of the session; one for all uses of a stream up to the same position. */
async function attachHistory(
  session: OfflineSession,
  store: OfflineStore,
  { plan, parts, spine }: PointInTimeRequest,
): Promise<Map<string, string>> {
  const asked = await momentsOf(session, spine);
  const attached = new Map<string, string>();
  const names = new Map<string, string>();
  const streams: [string, Stream, Part][] = [
    ...plan.aggregates.map(({ alias, source, layout }): [string, Stream, Part] => [
      alias,
      source,
      { ...parts(alias), events: { since: earliestStart(layout, asked.first), until: asked.last } },
    ]),
    ...plan.batches.map(({ alias, stream }): [string, Stream, Part] => [alias, stream, parts(alias)]),
  ];
  for (const [alias, stream, part] of streams) {
    const id = JSON.stringify([stream.name, part]);
    let name = names.get(id);
    if (name === undefined) {
      name = `asof_history_${names.size}`;
      names.set(id, name);
      await store.attach(session, name, stream, part);
    }
    attached.set(alias, name);
  }
  return attached;
}

/** The first and the last moment that a spine asks about, in microseconds. */
async function momentsOf(session: OfflineSession, spine: string): Promise<{ first: number; last: number }> {
  const [{ first, last }] = await session.rows(
    `SELECT CAST(min(${MOMENT}) AS DOUBLE) AS first, CAST(max(${MOMENT}) AS DOUBLE) AS last FROM ${spine}`,
    { first: { kind: "float64", nullable: true }, last: { kind: "float64", nullable: true } },
  );
  return { first: (first as number | null) ?? 0, last: (last as number | null) ?? 0 };
}

/** The first event time that any window of a view needs from t on. */
function earliestStart({ levels }: AggregateUse["layout"], t: number): number {
  return Math.min(...levels.map((level) => levelStart(level, t)));
}

async function* joined(
  session: OfflineSession,
  request: PointInTimeRequest,
  range: RowRange,
  outputs: ReadonlyMap<string, UseOutput>,
  batchJoins: ReadonlyMap<string, BatchJoin>,
): AsyncGenerator<Batch> {
  const { plan, carry, evidence, spine } = request;
  const calls = plan.onDemand.map((use) => ({ use, call: onDemand(use.view, use.compute) }));
  const inputs = Object.fromEntries(
    calls
      .flatMap(({ use }) => Object.values(use.inputs))
      .map((name) => [name, { ...plan.service.inputs[name], nullable: true }]),
  );
  const fields: Record<string, DataType> = { [MOMENT]: { kind: "int64", nullable: false }, ...inputs, ...carry };
  const selected = Object.keys(fields).map((name) => `s.${sqlIdentifier(name)}`);
  for (const { alias, features } of plan.batches) {
    const join = batchJoins.get(alias)!;
    const add = (name: string, type: DataType, sql: string): void => {
      fields[name] = type;
      selected.push(`${sql} AS ${sqlIdentifier(name)}`);
    };
    for (const [feature, type] of Object.entries(features)) add(featureName(alias, feature), type, join.value(feature));
    if (!evidence) continue;
    add(statusColumn(alias), { kind: "string", nullable: false }, join.status);
    add(eventTimeColumn(alias), { kind: "timestamp", nullable: true }, `make_timestamp(${join.eventTime})`);
  }
  const sql = `SELECT ${selected.join(", ")} FROM ${spine} s ${[...batchJoins.values()].map(({ clause }) => clause).join(" ")}
               WHERE s.${ROW} >= ${range.from} AND s.${ROW} < ${range.until} ORDER BY s.${ROW}`;
  let at = 0;
  for await (const batch of session.columns(sql, fields)) {
    const columns: Record<string, Column> = { ...batch.columns };
    for (const use of plan.aggregates) addAggregates(columns, use, outputs.get(use.alias)!, at, batch.rows, evidence);
    for (const { use, call } of calls) {
      const rows = Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i));
      const asked = rows.map((row) =>
        Object.fromEntries(Object.entries(use.inputs).map(([input, name]) => [input, row[name]])),
      );
      const moments = rows.map((row) => Number(row[MOMENT]));
      const answers = columnsOfRows(use.view.features, call(asked, moments));
      for (const feature of Object.keys(use.features))
        columns[featureName(use.alias, feature)] = answers.columns[feature];
      if (!evidence) continue;
      columns[statusColumn(use.alias)] = constant("PRESENT", batch.rows);
      columns[eventTimeColumn(use.alias)] = nothing(batch.rows);
    }
    const result = resultFields(request);
    yield { rows: batch.rows, columns: Object.fromEntries(Object.keys(result).map((name) => [name, columns[name]])) };
    at += batch.rows;
    request.onProgress?.({ phase: "join", done: range.from + at, total: request.rows, unit: "rows" });
  }
}

function addAggregates(
  columns: Record<string, Column>,
  use: AggregateUse,
  outputs: UseOutput,
  at: number,
  rows: number,
  evidence: boolean,
): void {
  for (const [feature, type] of Object.entries(use.features))
    columns[featureName(use.alias, feature)] = slice(outputs.get(feature)!, type, at, rows);
  if (!evidence) return;
  columns[statusColumn(use.alias)] = constant("PRESENT", rows);
  columns[eventTimeColumn(use.alias)] = slice(
    outputs.get(EVENT_TIME)!,
    { kind: "timestamp", nullable: true },
    at,
    rows,
  );
}

function slice({ numbers, objects, valid }: FeatureOutput, type: DataType, at: number, rows: number): Column {
  const part = valid.subarray(at, at + rows);
  const bits = type.nullable && part.includes(0) ? part : null;
  if (numbers !== null) return { type, values: numbers.subarray(at, at + rows), valid: bits };
  const values = objects!.slice(at, at + rows);
  if (type.kind === "int64")
    return {
      type,
      values: BigInt64Array.from(values, (value) => (value === null ? 0n : (value as bigint))),
      valid: bits,
    };
  if (type.kind === "boolean")
    return { type, values: Float64Array.from(values, (value) => (value === true ? 1 : 0)), valid: bits };
  return { type, values: values.map((value) => (value === null ? "" : String(value))), valid: bits };
}

function constant(value: string, rows: number): Column {
  return { type: { kind: "string", nullable: false }, values: new Array<string>(rows).fill(value), valid: null };
}

function nothing(rows: number): Column {
  return { type: { kind: "timestamp", nullable: true }, values: new Float64Array(rows), valid: new Uint8Array(rows) };
}
