import { columnTypes } from "../../core/codec/collection-text.ts";
import { onDemand } from "../../core/on-demand/on-demand.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { featureName } from "../../core/definition/service-features.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { AggregateUse, ServicePlan } from "../../core/plan/service-plan.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import { type Batch, type Column, columnsOfRows, valueAt } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import { levelStart } from "../../core/tile/view-layout.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { AggregateJoin, type RecordBudget, type UseOutput } from "./aggregate-join.ts";
import type { AttachedHistory } from "./asked-keys.ts";
import { type BatchJoin, batchJoin } from "./batch-join.ts";
import { asKnown } from "./hindsight.ts";
import type { OfflineStore, Part } from "./offline-store.ts";
import {
  addAggregates,
  aggregateStatus,
  constant,
  eventTimeColumn,
  LentOutputs,
  nothing,
  statusColumn,
} from "./result-columns.ts";
import { SpineQuery } from "./spine-query.ts";
import { slicesOf, type SpineSlice } from "./spine-slices.ts";
import { MOMENT, type Moments, type RowRange, type SpineTable } from "./spine-table.ts";
import { type VersionAnswers, VersionJoin } from "./version-join.ts";

/** What gives the join its history. */
export type HistoryStore = Pick<OfflineStore, "attach" | "rowsWithin" | "startThread">;

export interface PointInTimeRequest extends WorkOptions {
  readonly plan: ServicePlan;
  /**
   * A table of the session, or a query in parentheses that gives the same rows in the same order each time: `__row`
   * (BIGINT, 0 to rows − 1, ascending), `__t` (BIGINT, microseconds), and the service's inputs.
   */
  readonly spine: string;
  readonly rows: number;
  /** The first and the last moment of the spine, where they are known already. */
  readonly moments?: Moments | null;
  /** Columns of the spine to pass through, with their types. */
  readonly carry: Fields;
  /** For each alias what of its stream is visible: below which position. */
  readonly parts: (alias: string) => Part;
  /**
   * Answers every row in hindsight, by what is known at this moment: a record counts from its event on, a version of a
   * batch row from its time on. Absent: each row by what was known at its own moment.
   */
  readonly hindsight?: Timestamp | undefined;
  /** A batch's features are lent until the next batch is asked for, and their memory is used again. */
  readonly lend?: boolean;
  /** Also `alias____status` and `alias____event_time` for each view. */
  readonly evidence: boolean;
}

/** What may be held in memory at once: outputs of the kernel in bytes, and records of history. */
export interface PointInTimeLimits {
  readonly outputBytes: number;
  readonly records: number;
  /** From so many records of a source on, another thread helps with bringing them into tables. */
  readonly threadFrom: number;
}

/** A thread takes some fifty milliseconds to start, in which as many records of a view are brought into a table. */
const LIMITS: PointInTimeLimits = { outputBytes: 768 * 2 ** 20, records: 12_000_000, threadFrom: 500_000 };

/**
 * The features of a service for every row of a spine, as they were visible at the row's moment: batches in the order
 * of the spine, with all its rows. Where the history that a slice of the spine needs fits in memory, most features are
 * computed as its rows pass; the others, and all where it does not, by ranges of rows and ranges of keys, so that memory
 * stays bounded.
 */
export async function* pointInTime(
  session: OfflineSession,
  store: HistoryStore,
  request: PointInTimeRequest,
  limits: PointInTimeLimits = LIMITS,
): AsyncGenerator<Batch> {
  const spine: SpineTable = { name: request.spine, rows: request.rows, moments: request.moments };
  const budget: RecordBudget = { records: limits.records };
  const batches = await prepareBatches(session, store, request, spine, budget);
  const recordsFor = await recordsNeeded(store, request);
  for (const slice of await slicesOf(session, spine, budget.records, recordsFor)) {
    const aggregates = await prepareAggregates(session, store, request, spine, slice, { ...budget }, limits);
    const held = aggregates.reduce((sum, { heldColumns }) => sum + heldColumns, 0);
    const rows = slice.until - slice.from;
    const size = held === 0 ? rows : Math.max(1, Math.floor(limits.outputBytes / (held * OUTPUT_BYTES)));
    for (let from = slice.from; from < slice.until; from += size) {
      const range = { from, until: Math.min(from + size, slice.until) };
      const outputs = new Map<string, UseOutput>();
      for (const aggregate of aggregates) {
        const found = await aggregate.compute(session, request.spine, range);
        found.forEach((output, i) => outputs.set(aggregate.uses[i].use.alias, output));
        request.onProgress?.({ phase: "join", done: from, total: request.rows, unit: "rows" });
      }
      yield* joined(session, request, range, { ...batches, aggregates, outputs });
    }
  }
}

/** A number and whether it is there. */
const OUTPUT_BYTES = Float64Array.BYTES_PER_ELEMENT + 1;

/** How each batch view is joined. */
interface PreparedBatches {
  readonly versions: readonly VersionJoin[];
  /** Batch views too large to hold, by alias: the engine joins them. */
  readonly sorted: ReadonlyMap<string, BatchJoin>;
  /** By alias, for the rows of a spine in turn. */
  readonly readers: ReadonlyMap<string, (batch: Batch) => VersionAnswers>;
}

async function prepareBatches(
  session: OfflineSession,
  store: HistoryStore,
  { plan, parts, hindsight, lend = false }: PointInTimeRequest,
  spine: SpineTable,
  budget: RecordBudget,
): Promise<PreparedBatches> {
  const attached = await attachHistory(
    session,
    store,
    { of: "versions", hindsight },
    plan.batches.map(({ alias, stream, keys }): AttachedStream => [
      alias,
      stream,
      parts(alias),
      Object.fromEntries(Object.keys(keys).map((key) => [key, key])),
    ]),
  );
  const versions: VersionJoin[] = [];
  const sorted = new Map<string, BatchJoin>();
  for (const [i, uses] of [...Map.groupBy(plan.batches, ({ alias }) => attached.get(alias)!.name).values()].entries()) {
    const history = attached.get(uses[0].alias)!;
    if (history.rows <= budget.records) {
      versions.push(await VersionJoin.prepare(session, uses, history, spine));
      budget.records -= history.rows;
    } else
      for (const [u, use] of uses.entries())
        sorted.set(use.alias, await batchJoin(session, use, history, `b${i}_${u}`));
  }
  const readers = new Map(
    versions.flatMap((join) => join.uses.map((use) => [use.alias, join.reader(use, lend)] as const)),
  );
  return { versions, sorted, readers };
}

async function prepareAggregates(
  session: OfflineSession,
  store: HistoryStore,
  { plan, parts, evidence, hindsight }: PointInTimeRequest,
  spine: SpineTable,
  { first, last }: SpineSlice,
  budget: RecordBudget,
  { records: limit, threadFrom }: PointInTimeLimits,
): Promise<AggregateJoin[]> {
  // Views of one source share what is attached, from the first event on that any of them needs.
  const attached = await attachHistory(
    session,
    store,
    { of: "records", hindsight },
    plan.aggregates.map(({ alias, source, view }): AttachedStream => {
      const sharing = plan.aggregates.filter((other) => other.source.name === source.name);
      const since = Math.min(...sharing.map(({ layout }) => earliestStart(layout, first)));
      return [alias, source, { ...parts(alias), events: { since, until: last } }, view.keys];
    }),
  );
  const aggregates: AggregateJoin[] = [];
  const options = { eventTimes: evidence, budget, limit, threadFrom, startThread: store.startThread };
  const bySource = Map.groupBy(plan.aggregates, ({ alias }) => attached.get(alias)!.name);
  for (const sharing of bySource.values()) {
    const views = [...Map.groupBy(sharing, ({ fingerprint }) => fingerprint).values()];
    const asked = views.map((uses) => ({ uses, history: attached.get(uses[0].alias)! }));
    aggregates.push(...(await AggregateJoin.prepare(session, asked, spine, options)));
  }
  return aggregates;
}

/** How many records the aggregate views hold at once for moments of a stretch, at the most. */
async function recordsNeeded(
  store: HistoryStore,
  { plan, parts }: PointInTimeRequest,
): Promise<(first: number, last: number) => number> {
  const views = Map.groupBy(plan.aggregates, ({ alias, fingerprint }) => JSON.stringify([fingerprint, parts(alias)]));
  const counts = await Promise.all(
    [...views.values()].map(async ([{ alias, source, layout }]) => {
      const within = await store.rowsWithin(source, parts(alias));
      return (first: number, last: number): number => within(earliestStart(layout, first), last);
    }),
  );
  return (first, last) => counts.reduce((sum, count) => sum + count(first, last), 0);
}

/** What is known of a range of rows before they are read. */
interface RangeJoin extends PreparedBatches {
  readonly aggregates: readonly AggregateJoin[];
  readonly outputs: ReadonlyMap<string, UseOutput>;
}

/** The columns of a result: what is carried, the features, and the evidence where it was asked for. */
export function resultFields({
  plan,
  carry,
  evidence,
}: Pick<PointInTimeRequest, "plan" | "carry" | "evidence">): Fields {
  return {
    ...carry,
    ...columnTypes(plan.features),
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

/** A part of a stream, the alias it is for, and the column of each key. */
type AttachedStream = readonly [alias: string, stream: Stream, part: Part, keys: AttachedHistory["keys"]];

/** Makes each stream a view of the session; one for all uses of a stream up to the same position. */
async function attachHistory(
  session: OfflineSession,
  store: HistoryStore,
  { of, hindsight }: { readonly of: "records" | "versions"; readonly hindsight: Timestamp | undefined },
  streams: readonly AttachedStream[],
): Promise<Map<string, AttachedHistory>> {
  const attached = new Map<string, AttachedHistory>();
  const known = new Map<string, Omit<AttachedHistory, "keys">>();
  for (const [alias, stream, part, keys] of streams) {
    const id = JSON.stringify([stream.name, part]);
    let history = known.get(id);
    if (history === undefined) {
      const name = `asof_${of}_${known.size}`;
      const rows = await store.attach(session, name, stream, part);
      history =
        hindsight === undefined
          ? { name, rows, inHindsight: false }
          : { name: await asKnown(session, name, of, hindsight), rows, inHindsight: true };
      known.set(id, history);
    }
    attached.set(alias, { ...history, keys });
  }
  return attached;
}

/** The first event time that any window of a view needs from t on. */
function earliestStart({ levels }: AggregateUse["layout"], t: number): number {
  return Math.min(...levels.map((level) => levelStart(level, t)));
}

async function* joined(
  session: OfflineSession,
  request: PointInTimeRequest,
  range: RowRange,
  join: RangeJoin,
): AsyncGenerator<Batch> {
  const { plan, carry, evidence } = request;
  const calls = plan.onDemand.map((use) => ({ use, call: onDemand(use.view, use.compute) }));
  const inputs = Object.fromEntries(
    calls
      .flatMap(({ use }) => Object.values(use.inputs))
      .map((name) => [name, { ...plan.service.inputs[name], nullable: true }]),
  );
  const query = new SpineQuery(request.spine);
  for (const [name, type] of Object.entries({ ...inputs, ...carry })) query.add(name, type, `s.${sqlIdentifier(name)}`);
  for (const { alias, features } of plan.batches) {
    const sorted = join.sorted.get(alias);
    if (sorted === undefined) continue;
    query.join(sorted.clause);
    for (const [feature, type] of Object.entries(features))
      query.add(featureName(alias, feature), type, sorted.value(feature));
    if (!evidence) continue;
    query.add(statusColumn(alias), { kind: "string", nullable: false }, sorted.status);
    query.add(eventTimeColumn(alias), { kind: "timestamp", nullable: true }, `make_timestamp(${sorted.eventTime})`);
  }
  for (const { uses } of join.versions) for (const use of uses) query.addKeys(use);
  for (const { uses } of join.aggregates) for (const { use, windows } of uses) if (windows !== null) query.addKeys(use);
  const result = Object.keys(resultFields(request));
  const lent = new LentOutputs(request.lend === true);
  let at = 0;
  for await (const batch of query.read(session, range, request.rows, request.lend)) {
    const { rows } = batch;
    const columns: Record<string, Column> = { ...batch.columns };
    const t = batch.columns[MOMENT].values as Float64Array;
    for (const { uses } of join.versions)
      for (const { alias, features } of uses) {
        const answers = join.readers.get(alias)!(batch);
        for (const [feature, type] of Object.entries(features))
          columns[featureName(alias, feature)] = answers.feature(feature, type);
        if (!evidence) continue;
        columns[statusColumn(alias)] = answers.status();
        columns[eventTimeColumn(alias)] = answers.eventTime();
      }
    for (const aggregate of join.aggregates)
      for (const joinedUse of aggregate.uses) {
        const { use, passing, windows } = joinedUse;
        const outputs = join.outputs.get(use.alias);
        if (outputs !== undefined) addAggregates(columns, use, outputs, at, rows);
        if (windows === null || passing.length === 0) continue;
        const keyed = aggregate.keyed(use, batch);
        const passed = lent.of(joinedUse, keyed);
        windows.compute(keyed, [...passed.values()], 0);
        addAggregates(columns, use, passed, 0, rows);
      }
    if (evidence)
      for (const use of plan.aggregates) columns[statusColumn(use.alias)] = aggregateStatus(use, columns, rows);
    for (const { use, call } of calls) {
      const asked = Array.from({ length: rows }, (_, i) =>
        Object.fromEntries(Object.entries(use.inputs).map(([input, name]) => [input, valueAt(batch.columns[name], i)])),
      );
      const answers = columnsOfRows(use.view.features, call(asked, Array.from(t.subarray(0, rows))));
      for (const feature of Object.keys(use.features))
        columns[featureName(use.alias, feature)] = answers.columns[feature];
      if (!evidence) continue;
      columns[statusColumn(use.alias)] = constant("PRESENT", rows);
      columns[eventTimeColumn(use.alias)] = nothing(rows);
    }
    yield { rows, columns: Object.fromEntries(result.map((name) => [name, columns[name]])) };
    at += rows;
    request.onProgress?.({ phase: "join", done: range.from + at, total: request.rows, unit: "rows" });
  }
}
