import { SERVED, SHADOW_SUFFIX, type Stream } from "../../core/definition/stream.ts";
import type { ModelDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { compileColumns } from "../../core/expression/compile.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { columnsOf } from "../../core/expression/tree.ts";
import { ColumnBuffer, gather, gatherNumbers } from "../../core/kernel/column-buffer.ts";
import type { ScoredPair, ScoredPrediction } from "../../core/result/comparison.ts";
import type { ServingRole } from "../../core/result/serving-role.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { SourceRows } from "./examples-join.ts";
import type { OfflineStore } from "./offline-store.ts";

export interface OutcomesRequest {
  readonly model: ModelDefinition;
  readonly source: SourceDefinition;
  /** The served log of the model. */
  readonly stream: Stream;
  readonly rows: SourceRows;
  readonly cut: LogPosition;
  /** Outcomes that are visible at this moment count. */
  readonly now: Timestamp;
  readonly since: Timestamp | null;
  readonly until: Timestamp | null;
  readonly within: number;
  readonly by: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Predictions in the order of their moments, and those of requests that a shadow predicted for too. */
export interface Outcomes {
  readonly predictions: readonly ScoredPrediction[];
  readonly pairs: readonly ScoredPair[];
}

/**
 * The predictions that a model served, each with the label that has become known of it: that of the example with the
 * same inputs which is nearest in time, among those that were not visible when the prediction was made and are now. What an
 * example is its model says: a row of the source, its moment, its condition; what was withdrawn is none.
 */
export async function readOutcomes(
  engine: OfflineEngine,
  store: OfflineStore,
  request: OutcomesRequest,
): Promise<Outcomes> {
  const { stream, cut, signal } = request;
  const session = await engine.session(signal === undefined ? {} : { signal });
  try {
    await store.attach(session, "asof_served", stream, { cut });
    const span = await takePredictions(session, request);
    if (span === null) return { predictions: [], pairs: [] };
    const fields = exampleFields(request);
    await session.table("asof_examples", fields, examples(request, span));
    await session.run(scoredSql(request));
    return { predictions: await readPredictions(session), pairs: await readPairs(session) };
  } finally {
    await session.close();
  }
}

/** Makes the predictions a table; resolves to the first and the last of their moments, null without any. */
async function takePredictions(
  session: OfflineSession,
  { since, until, by }: OutcomesRequest,
): Promise<{ readonly first: number; readonly last: number } | null> {
  const t = `epoch_us(${SERVED.t})`;
  const within = [
    ...(since === null ? [] : [`${t} >= ${since}`]),
    ...(until === null ? [] : [`${t} < ${until}`]),
    "true",
  ];
  await session.run(
    `CREATE TEMP TABLE asof_predictions AS
     SELECT row_number() OVER (ORDER BY ${SERVED.t}, ${SERVED.id}) AS n, ${SERVED.id} AS id, ${SERVED.version} AS version,
       ${SERVED.role} AS role, ${SERVED.prediction} AS prediction, ${t} AS t
       ${by.map((name, i) => `, ${sqlIdentifier(name)} AS k${i}`).join("")}
     FROM asof_served WHERE ${within.join(" AND ")}`,
  );
  const moment = { kind: "int64", nullable: true } as const;
  const [{ first, last }] = await session.rows("SELECT min(t) AS first, max(t) AS last FROM asof_predictions", {
    first: moment,
    last: moment,
  });
  return first === null ? null : { first: Number(first), last: Number(last) };
}

/** Examples are looked at so many times as far away as outcomes may be: to say of those without that they are too far. */
const LOOK = 24;
const MOMENT = { kind: "timestamp", nullable: false } as const;

/** Examples as a table: the inputs they are found by, their moment, since when they are there, their label. */
function exampleFields({ stream, by }: OutcomesRequest): Fields {
  return {
    ...Object.fromEntries(by.map((name, i) => [`k${i}`, { ...stream.fields[name], nullable: true }])),
    moment: MOMENT,
    event: MOMENT,
    available: MOMENT,
    label: { kind: "float64", nullable: false },
  };
}

/** The examples about the time of the predictions whose label is known now, in an order that depends on them alone. */
async function* examples(
  request: OutcomesRequest,
  { first, last }: { readonly first: number; readonly last: number },
): AsyncGenerator<Batch> {
  const { model, source, rows, within, now, by } = request;
  const { at, where } = model.examples;
  const expressions = [at, model.label, ...(where === null ? [] : [where])];
  const momentOf = compileColumns(at, source.fields);
  const labelOf = compileColumns(model.label, source.fields);
  const holds = where === null ? null : compileColumns(where, source.fields);
  const columns = [...new Set([...by, ...expressions.flatMap(columnsOf), EVENT, AVAILABLE])];
  const fields = exampleFields(request);
  const range = { at, from: first - LOOK * within, until: last + LOOK * within + 1 };
  for await (const batch of rows(source.name, columns, range)) {
    const [t, label, condition] = [momentOf(batch), labelOf(batch), holds?.(batch) ?? null];
    const [event, available] = [batch.columns[EVENT], batch.columns[AVAILABLE]];
    const places: number[] = [];
    for (let i = 0; i < batch.rows; i++)
      if (
        isThere(t, i) &&
        isThere(label, i) &&
        Number.isFinite(label.values[i]) &&
        (condition === null || (isThere(condition, i) && condition.values[i] === 1)) &&
        Number(event.values[i]) < now &&
        Number(available.values[i]) < now
      )
        places.push(i);
    if (places.length === 0) continue;
    const order = Uint32Array.from(places);
    const taken = (name: string, values: Column): [string, Column] => {
      const buffer = new ColumnBuffer(fields[name]);
      buffer.add(gather(values, order), order.length);
      return [name, buffer.column()];
    };
    const numbers = (name: string, values: Column): [string, Column] => [
      name,
      { type: fields[name], values: gatherNumbers(values.values as Float64Array, order), valid: null },
    ];
    yield {
      rows: order.length,
      columns: Object.fromEntries([
        ...by.map((name, i) => taken(`k${i}`, batch.columns[name])),
        numbers("moment", t),
        numbers("event", event),
        numbers("available", available),
        numbers("label", label),
      ]),
    };
  }
}

const isThere = ({ valid }: Column, i: number): boolean => valid === null || valid[i] === 1;

/** More than any moment is before 1970: integer division rounds towards zero. */
const SHIFT = 2n ** 54n;

/**
 * Each prediction with its outcome. Both sides are cut into stretches of twice `within`: what a prediction may be
 * joined with lies in one of two, so that a busy key is not compared with all of itself.
 */
function scoredSql({ by, within }: OutcomesRequest): string {
  const same = by.map((_, i) => `p.k${i} IS NOT DISTINCT FROM e.k${i}`);
  const width = Math.max(2 * within, 1);
  const stretch = (moment: string): string => `((${moment} + ${SHIFT}) // ${width})`;
  const anyway = same.length === 0 ? ["true"] : same;
  return `CREATE TEMP TABLE asof_scored AS
    WITH e AS (
      SELECT * REPLACE (epoch_us(moment) AS moment, epoch_us(event) AS event, epoch_us(available) AS available),
        row_number() OVER () AS i
      FROM asof_examples
    ), p AS (
      SELECT *, unnest(list_distinct([${stretch(`(t - ${within})`)}, ${stretch(`(t + ${within})`)}])) AS stretch
      FROM asof_predictions
    ), near AS (
      SELECT p.n, e.i, e.label, abs(e.moment - p.t) AS apart, e.available < p.t AND e.event < p.t AS seen
      FROM p JOIN e ON ${[...same, `p.stretch = ${stretch("e.moment")}`].join(" AND ")}
      WHERE abs(e.moment - p.t) <= ${within}
    ), found AS (
      SELECT n, arg_min(label, struct_pack(apart, i)) FILTER (WHERE NOT seen) AS label, bool_or(seen) AS seen
      FROM near GROUP BY n
    )
    SELECT p.*, found.label, CASE
        WHEN found.label IS NOT NULL THEN 'outcome'
        WHEN coalesce(found.seen, false) THEN 'seen'
        WHEN EXISTS (SELECT 1 FROM e WHERE ${anyway.join(" AND ")}) THEN 'far'
        ELSE 'waiting'
      END AS fate
    FROM asof_predictions p LEFT JOIN found ON found.n = p.n`;
}

async function readPredictions(session: OfflineSession): Promise<ScoredPrediction[]> {
  const rows = await session.rows("SELECT version, role, t, prediction, fate, label FROM asof_scored ORDER BY n", {
    version: { kind: "int32", nullable: false },
    role: { kind: "string", nullable: false },
    t: { kind: "int64", nullable: false },
    prediction: { kind: "float64", nullable: false },
    fate: { kind: "string", nullable: false },
    label: { kind: "float64", nullable: true },
  });
  return rows.map((row) => ({
    version: row["version"] as number,
    role: row["role"] as ServingRole,
    t: Number(row["t"]),
    value: row["prediction"] as number,
    fate: row["fate"] as ScoredPrediction["fate"],
    label: row["label"] as number | null,
  }));
}

async function readPairs(session: OfflineSession): Promise<ScoredPair[]> {
  const rows = await session.rows(
    `SELECT s.version AS shadow, a.version AS answered, a.role, s.prediction AS own, a.prediction AS other, a.label
     FROM asof_scored s JOIN asof_scored a ON s.id = a.id || ${sqlString(SHADOW_SUFFIX)}
     WHERE s.role = 'shadow' AND a.role <> 'shadow' ORDER BY s.n`,
    {
      shadow: { kind: "int32", nullable: false },
      answered: { kind: "int32", nullable: false },
      role: { kind: "string", nullable: false },
      own: { kind: "float64", nullable: false },
      other: { kind: "float64", nullable: false },
      label: { kind: "float64", nullable: true },
    },
  );
  return rows.map((row) => ({
    shadow: row["shadow"] as number,
    answered: row["answered"] as number,
    role: row["role"] as ServingRole,
    values: [row["own"] as number, row["other"] as number],
    label: row["label"] as number | null,
  }));
}
