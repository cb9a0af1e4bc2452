import {
  aggregateMoments,
  emptyOutput,
  type FeatureOutput,
  type MomentTable,
  orderByEvent,
  type RecordTable,
} from "../../core/kernel/aggregate-moments.ts";
import { ColumnBuffer, gather, gatherNumbers } from "../../core/kernel/column-buffer.ts";
import { groupByKey } from "../../core/kernel/group.ts";
import { compileSlot } from "../../core/kernel/slot-arguments.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { Column } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import { EVENT_TIME, type LayoutFeature } from "../../core/tile/view-layout.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";

/** The columns of a spine beside its inputs: the number of the row from 0, and its moment in microseconds. */
export const ROW = "__row";
export const MOMENT = "__t";

/** Part of the rows of a spine: [from, until). */
export interface RowRange {
  readonly from: number;
  readonly until: number;
}

/** Outputs of a use's features, by row of the range; `EVENT_TIME` among them where it was asked for. */
export type UseOutput = ReadonlyMap<string, FeatureOutput>;

/**
 * Computes uses of one aggregate view for the rows of a spine. The engine reads, filters and turns keys into dense
 * numbers; the kernel does the rest. `records` names the session's view of the source's history, `spine` its table.
 */
export async function aggregateJoin(
  session: OfflineSession,
  uses: readonly AggregateUse[],
  tables: { readonly records: string; readonly spine: string },
  range: RowRange,
  options: { readonly eventTimes: boolean; readonly recordsPerPass: number },
): Promise<UseOutput[]> {
  const { layout } = uses[0];
  const wanted = uses.map((use) =>
    layout.features.filter(({ name }) => (name === EVENT_TIME ? options.eventTimes : name in use.features)),
  );
  const rows = range.until - range.from;
  const outputs = wanted.map(
    (features) =>
      new Map(features.map((feature) => [feature.name, emptyOutput(feature, layout.slots[feature.slot], rows)])),
  );
  const dense = await denseKeys(session, uses, tables.spine, range);
  try {
    const passes = await passesOf(session, uses[0], tables.records, dense, options.recordsPerPass);
    for (const pass of passes) {
      const table = await readRecords(session, uses[0], tables.records, dense, pass, wanted.flat());
      for (const [u, use] of uses.entries()) {
        const moments = await readMoments(session, use, tables.spine, range, dense, pass);
        for (const feature of wanted[u])
          aggregateMoments(feature, layout.slots[feature.slot], table, moments, outputs[u].get(feature.name)!);
      }
    }
  } finally {
    await session.run(`DROP TABLE IF EXISTS ${dense.table}`);
  }
  return outputs;
}

/** A table of the session that numbers the keys asked about from 0. */
interface DenseKeys {
  readonly table: string;
  readonly count: number;
  /** The view's keys, in the order of the table's columns `k0`, `k1`, … */
  readonly keys: readonly string[];
}

/** A range of dense keys that is worked on at once. */
interface KeyRange {
  readonly from: number;
  readonly until: number;
}

async function denseKeys(
  session: OfflineSession,
  uses: readonly AggregateUse[],
  spine: string,
  range: RowRange,
): Promise<DenseKeys> {
  const table = "asof_keys";
  const keys = Object.keys(uses[0].keys);
  const asked = uses.map((use) => {
    const columns = keys.map((key) => sqlIdentifier(use.inputs[key]));
    return `SELECT ${columns.map((column, i) => `${column} AS k${i}`).join(", ")} FROM ${spine}
            WHERE ${inRange(range)} AND ${columns.map((column) => `${column} IS NOT NULL`).join(" AND ")}`;
  });
  const count = await session.run(
    `CREATE OR REPLACE TEMP TABLE ${table} AS
     SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS k, * FROM (SELECT DISTINCT * FROM (${asked.join(" UNION ALL ")}))`,
  );
  return { table, count, keys };
}

/** Splits the keys so that the records of one pass fit in memory; one key is never split. */
async function passesOf(
  session: OfflineSession,
  use: AggregateUse,
  records: string,
  dense: DenseKeys,
  limit: number,
): Promise<KeyRange[]> {
  const whole = [{ from: 0, until: dense.count }];
  if (dense.count <= 1) return whole;
  const [{ total }] = await session.rows(`SELECT count(*) AS total FROM ${records}`, {
    total: { kind: "int64", nullable: false },
  });
  if (Number(total) <= limit) return whole;
  const counts = await session.rows(
    `SELECT d.k AS k, count(*) AS n FROM ${records} r JOIN ${dense.table} d ON ${sourceJoin(use, dense)} GROUP BY d.k ORDER BY d.k`,
    { k: { kind: "int32", nullable: false }, n: { kind: "int64", nullable: false } },
  );
  const passes: KeyRange[] = [];
  let from = 0;
  let held = 0;
  for (const { k, n } of counts) {
    if (held > 0 && held + Number(n) > limit) {
      passes.push({ from, until: k as number });
      from = k as number;
      held = 0;
    }
    held += Number(n);
  }
  return [...passes, { from, until: dense.count }];
}

async function readMoments(
  session: OfflineSession,
  use: AggregateUse,
  spine: string,
  range: RowRange,
  dense: DenseKeys,
  pass: KeyRange,
): Promise<MomentTable> {
  const join = dense.keys.map((key, i) => `s.${sqlIdentifier(use.inputs[key])} = d.k${i}`).join(" AND ");
  const read = await readColumns(
    session,
    `SELECT d.k - ${pass.from} AS k, CAST(s.${ROW} - ${range.from} AS INTEGER) AS row, CAST(s.${MOMENT} AS DOUBLE) AS t
     FROM ${spine} s JOIN ${dense.table} d ON ${join} WHERE ${inRange(range, "s.")} AND ${inPass(pass)}`,
    { k: int32, row: int32, t: float64 },
  );
  const grouping = groupByKey(pass.until - pass.from, read.k, read.t);
  return {
    first: grouping.first,
    row: gatherNumbers(read.row, grouping.order),
    t: gatherNumbers(read.t, grouping.order),
  };
}

async function readRecords(
  session: OfflineSession,
  use: AggregateUse,
  records: string,
  dense: DenseKeys,
  pass: KeyRange,
  features: readonly LayoutFeature[],
): Promise<RecordTable> {
  const { layout } = use;
  const fields = use.source.fields;
  const used = new Set(features.map(({ slot }) => slot));
  const slots = layout.slots.map((slot, s) => {
    const compiled = used.has(s) ? compileSlot(slot, fields) : null;
    return compiled === null ? null : { compiled, buffer: new ColumnBuffer(slot.input ?? boolean) };
  });
  const key = new ColumnBuffer(int32);
  const event = new ColumnBuffer(timestamp);
  const visible = new ColumnBuffer(timestamp);
  for await (const batch of session.columns(
    `SELECT d.k - ${pass.from} AS k, r.${EVENT}, r.${AVAILABLE}${layout.columns.map((name) => `, r.${sqlIdentifier(name)}`).join("")}
     FROM ${records} r JOIN ${dense.table} d ON ${sourceJoin(use, dense)} WHERE ${inPass(pass)}`,
    {
      k: int32,
      [EVENT]: timestamp,
      [AVAILABLE]: timestamp,
      ...Object.fromEntries(layout.columns.map((name) => [name, fields[name]])),
    },
  )) {
    const { rows, columns } = batch;
    key.add(columns.k, rows);
    event.add(columns[EVENT], rows);
    visible.add({ type: timestamp, values: latest(columns[EVENT], columns[AVAILABLE], rows), valid: null }, rows);
    for (const slot of slots) slot?.buffer.add(slot.compiled(batch), rows);
  }
  const visibleAt = visible.column().values as Float64Array;
  const { first, order } = groupByKey(pass.until - pass.from, key.column().values as Float64Array, visibleAt);
  const events = gatherNumbers(event.column().values as Float64Array, order);
  return {
    first,
    visible: gatherNumbers(visibleAt, order),
    event: events,
    byEvent: orderByEvent(first, events),
    slots: slots.map((slot) => (slot === null ? null : gather(slot.buffer.column(), order))),
  };
}

/** All of a query's numbers, by column. */
async function readColumns<F extends Fields>(
  session: OfflineSession,
  sql: string,
  fields: F,
): Promise<{ [P in keyof F]: Float64Array }> {
  const buffers = Object.entries(fields).map(([name, type]) => [name, new ColumnBuffer(type)] as const);
  for await (const { rows, columns } of session.columns(sql, fields))
    for (const [name, buffer] of buffers) buffer.add(columns[name], rows);
  return Object.fromEntries(buffers.map(([name, buffer]) => [name, buffer.column().values])) as {
    [P in keyof F]: Float64Array;
  };
}

/** The moment from which each record is visible. */
function latest(event: Column, available: Column, rows: number): Float64Array {
  const visible = new Float64Array(rows);
  for (let i = 0; i < rows; i++) visible[i] = Math.max(event.values[i] as number, available.values[i] as number);
  return visible;
}

function sourceJoin(use: AggregateUse, dense: DenseKeys): string {
  return dense.keys.map((key, i) => `r.${sqlIdentifier(use.view.keys[key])} = d.k${i}`).join(" AND ");
}

const inRange = ({ from, until }: RowRange, table = ""): string =>
  `${table}${ROW} >= ${from} AND ${table}${ROW} < ${until}`;
const inPass = ({ from, until }: KeyRange): string => `d.k >= ${from} AND d.k < ${until}`;

const boolean: DataType = { kind: "boolean", nullable: true };
const int32: DataType = { kind: "int32", nullable: false };
const float64: DataType = { kind: "float64", nullable: false };
const timestamp: DataType = { kind: "timestamp", nullable: false };
