import {
  aggregateMoments,
  emptyOutput,
  type FeatureOutput,
  type MomentTable,
  orderByEvent,
  outputSize,
  type RecordTable,
} from "../../core/kernel/aggregate-moments.ts";
import { ColumnBuffer, gatherNumbers } from "../../core/kernel/column-buffer.ts";
import { groupByKey, placesByKey } from "../../core/kernel/group.ts";
import { isPrefixSlot, type KeyedRows, Prefixes, PrefixWindows } from "../../core/kernel/prefix-windows.ts";
import { compileSlot } from "../../core/kernel/slot-arguments.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { DataType } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import { EVENT_TIME, type LayoutFeature } from "../../core/tile/view-layout.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { OrderBuffer } from "./order-buffer.ts";
import { DenseKeys } from "./dense-keys.ts";
import type { SpineTable } from "./spine-table.ts";

/** Outputs of a use's features by their names; `EVENT_TIME` among them where it was asked for. */
export type UseOutput = ReadonlyMap<string, FeatureOutput>;

/** A view of the session that holds a part of a stream, and how many rows it has at the most. */
export interface AttachedHistory {
  readonly name: string;
  readonly rows: number;
}

/** How many records may be held in memory at once. What is held for long is taken from it. */
export interface RecordBudget {
  records: number;
}

/** A range of dense keys that is worked on at once. */
interface KeyRange {
  readonly from: number;
  readonly until: number;
}

interface JoinedUse {
  readonly use: AggregateUse;
  /** Computed as the rows of the spine pass. */
  readonly passing: readonly LayoutFeature[];
  readonly windows: PrefixWindows | null;
  /** Computed for a range of rows at once, and held until they pass. */
  readonly held: readonly LayoutFeature[];
}

/**
 * Uses of one aggregate view for the rows of a spine. The engine reads, filters and turns keys into dense numbers; the
 * kernel does the rest. Where the records fit into the budget they are read once and kept; otherwise keys are worked
 * through in ranges, one key never being split.
 */
export class AggregateJoin {
  readonly keys: DenseKeys;
  readonly uses: readonly JoinedUse[];
  private readonly records: AttachedHistory;
  private readonly passes: readonly KeyRange[];
  private readonly kept: RecordTable | null;

  private constructor(
    parts: Pick<AggregateJoin, "keys" | "uses"> & {
      records: AttachedHistory;
      passes: readonly KeyRange[];
      kept: RecordTable | null;
    },
  ) {
    this.keys = parts.keys;
    this.uses = parts.uses;
    this.records = parts.records;
    this.passes = parts.passes;
    this.kept = parts.kept;
  }

  /** `name` is that of a table the join may make in the session. */
  static async prepare(
    session: OfflineSession,
    uses: readonly AggregateUse[],
    records: AttachedHistory,
    spine: SpineTable,
    options: {
      readonly name: string;
      readonly eventTimes: boolean;
      readonly budget: RecordBudget;
      readonly limit: number;
    },
  ): Promise<AggregateJoin> {
    const { layout } = uses[0];
    const { budget } = options;
    const keys = await DenseKeys.of(session, options.name, Object.keys(uses[0].keys), uses, spine);
    const { passes, total } = await passesOf(session, uses[0], records, keys, budget.records, options.limit);
    const wanted = uses.map((use) =>
      layout.features.filter(({ name }) => (name === EVENT_TIME ? options.eventTimes : name in use.features)),
    );
    let kept: RecordTable | null = null;
    let prefixes: Prefixes | null = null;
    if (passes.length === 1 && total <= budget.records) {
      kept = await readRecords(session, uses[0], records.name, keys, null, wanted.flat());
      budget.records -= kept.event.length;
      prefixes = new Prefixes(kept);
    }
    const joined = uses.map((use, u): JoinedUse => {
      const passing = wanted[u].filter(({ slot, elements }) => elements === null && isPrefixSlot(layout.slots[slot]));
      const windows = prefixes === null ? null : PrefixWindows.of(passing, layout.slots, prefixes);
      if (windows === null) return { use, passing: [], windows, held: wanted[u] };
      return { use, passing, windows, held: wanted[u].filter((feature) => !passing.includes(feature)) };
    });
    return new AggregateJoin({ keys, uses: joined, records, passes, kept });
  }

  /** How many numbers the outputs held for a row of a range take. */
  get heldColumns(): number {
    return this.uses.flatMap(({ held }) => held).reduce((sum, feature) => sum + outputSize(feature), 0);
  }

  /** What is held of each use, for a range of rows: their moments, and their keys by alias. */
  async compute(
    session: OfflineSession,
    t: Float64Array,
    numbers: ReadonlyMap<string, Int32Array>,
  ): Promise<UseOutput[]> {
    const { layout } = this.uses[0].use;
    const outputs = this.uses.map(({ use, held }) => emptyOutputs(held, use, t.length));
    if (this.heldColumns === 0) return outputs;
    const rows = this.uses.map(({ use }): KeyedRows => ({ rows: t.length, t, key: numbers.get(use.alias)! }));
    for (const pass of this.passes) {
      const features = this.uses.flatMap(({ held }) => held);
      const table =
        this.kept ?? (await readRecords(session, this.uses[0].use, this.records.name, this.keys, pass, features));
      const prefixes = new Prefixes(table);
      for (const [u, { held }] of this.uses.entries()) {
        const within = this.passes.length === 1 ? rows[u] : rowsOfPass(rows[u], pass);
        const whole = held.filter(({ slot, elements }) => elements === null && isPrefixSlot(layout.slots[slot]));
        const windows = whole.length === 0 ? null : PrefixWindows.of(whole, layout.slots, prefixes);
        const output = (feature: LayoutFeature): FeatureOutput => outputs[u].get(feature.name)!;
        windows?.compute(within, whole.map(output), 0);
        const walked = windows === null ? held : held.filter((feature) => !whole.includes(feature));
        if (walked.length === 0) continue;
        const moments = momentsOf(within, table.first.length - 1);
        for (const feature of walked)
          aggregateMoments(feature, layout.slots[feature.slot], table, moments, output(feature));
      }
    }
    return outputs;
  }
}

/** Outputs for some features of a use, filled with what an unknown key answers. */
export function emptyOutputs(
  features: readonly LayoutFeature[],
  { layout }: AggregateUse,
  rows: number,
): Map<string, FeatureOutput> {
  return new Map(features.map((feature) => [feature.name, emptyOutput(feature, layout.slots[feature.slot], rows)]));
}

/** Splits the keys so that the records of one pass fit in memory; one key is never split. */
async function passesOf(
  session: OfflineSession,
  use: AggregateUse,
  records: AttachedHistory,
  keys: DenseKeys,
  budget: number,
  limit: number,
): Promise<{ passes: KeyRange[]; total: number }> {
  const whole = { from: 0, until: keys.count };
  if (records.rows <= budget) return { passes: [whole], total: records.rows };
  const counts = await session.rows(
    `SELECT d.k AS k, count(*) AS n FROM ${records.name} r ${keys.joinRecords((key) => use.view.keys[key])} GROUP BY d.k ORDER BY d.k`,
    { k: { kind: "int32", nullable: false }, n: { kind: "int64", nullable: false } },
  );
  const passes: KeyRange[] = [];
  let from = 0;
  let held = 0;
  let total = 0;
  for (const { k, n } of counts) {
    if (held > 0 && held + Number(n) > limit) {
      passes.push({ from, until: k as number });
      from = k as number;
      held = 0;
    }
    held += Number(n);
    total += Number(n);
  }
  return { passes: [...passes, { from, until: keys.count }], total };
}

/** The records of a range of keys, or of all, grouped by key. */
async function readRecords(
  session: OfflineSession,
  use: AggregateUse,
  records: string,
  keys: DenseKeys,
  pass: KeyRange | null,
  features: readonly LayoutFeature[],
): Promise<RecordTable> {
  const { layout } = use;
  const fields = use.source.fields;
  const used = new Set(features.map(({ slot }) => slot));
  const slots = layout.slots.map((slot, s) => {
    const compiled = used.has(s) ? compileSlot(slot, fields) : null;
    return compiled === null ? null : { compiled, buffer: new ColumnBuffer(slot.input ?? boolean) };
  });
  const ordered = layout.orderColumns !== null && features.some(({ slot }) => layout.slots[slot].algebra.ordered);
  const names = ordered ? layout.orderColumns : layout.columns;
  const order = ordered ? new OrderBuffer(layout, fields, names) : null;
  const from = pass?.from ?? 0;
  const buffers = {
    k: new ColumnBuffer(int32),
    visible: new ColumnBuffer(timestamp),
    event: new ColumnBuffer(timestamp),
  };
  // Times as doubles: the engine converts them on all its threads.
  for await (const { rows, columns } of session.columns(
    `SELECT d.k - ${from} AS k, CAST(epoch_us(r.${EVENT}) AS DOUBLE) AS ${EVENT},
       CAST(epoch_us(greatest(r.${EVENT}, r.${AVAILABLE})) AS DOUBLE) AS visible
       ${order === null ? "" : `, CAST(epoch_us(r.${AVAILABLE}) AS DOUBLE) AS ${AVAILABLE}`}
       ${names.map((name) => `, r.${sqlIdentifier(name)}`).join("")}
     FROM ${records} r ${keys.joinRecords((key) => use.view.keys[key])}
     ${pass === null ? "" : `WHERE d.k >= ${pass.from} AND d.k < ${pass.until}`}`,
    {
      k: int32,
      [EVENT]: float64,
      visible: float64,
      ...(order === null ? {} : { [AVAILABLE]: float64 }),
      ...Object.fromEntries(names.map((name) => [name, fields[name]])),
    },
  )) {
    const event = { ...columns[EVENT], type: timestamp };
    const batch = { rows, columns: { ...columns, [EVENT]: event } };
    buffers.k.add(columns.k, rows);
    buffers.visible.add(columns.visible, rows);
    buffers.event.add(event, rows);
    order?.add(columns, rows);
    for (const slot of slots) slot?.buffer.add(slot.compiled(batch), rows);
  }
  const { first, place } = placesByKey(
    (pass?.until ?? keys.count) - from,
    buffers.k.column().values as Float64Array,
    buffers.visible.column().values as Float64Array,
  );
  const event = buffers.event.placed(place).values as Float64Array;
  return {
    first,
    visible: buffers.visible.placed(place).values as Float64Array,
    event,
    byEvent: orderByEvent(first, event),
    slots: slots.map((slot) => (slot === null ? null : slot.buffer.placed(place))),
    ...(order === null ? {} : { order: order.placed(place, event) }),
  };
}

/** Rows whose key lies in a range, by their numbers within it; the others have no key. */
function rowsOfPass({ rows, key, t }: KeyedRows, { from, until }: KeyRange): KeyedRows {
  return { rows, t, key: key.map((k) => (k >= from && k < until ? k - from : -1)) };
}

/** Rows grouped by key, each key's by moment. */
function momentsOf({ rows, key, t }: KeyedRows, keys: number): MomentTable {
  let n = 0;
  for (let i = 0; i < rows; i++) if (key[i] >= 0) n++;
  const asked = { key: new Float64Array(n), t: new Float64Array(n), row: new Float64Array(n) };
  for (let i = 0, at = 0; i < rows; i++) {
    if (key[i] < 0) continue;
    asked.key[at] = key[i];
    asked.t[at] = t[i];
    asked.row[at++] = i;
  }
  const { first, order } = groupByKey(keys, asked.key, asked.t);
  return { first, row: gatherNumbers(asked.row, order), t: gatherNumbers(asked.t, order) };
}

const boolean: DataType = { kind: "boolean", nullable: true };
const int32: DataType = { kind: "int32", nullable: false };
const float64: DataType = { kind: "float64", nullable: false };
const timestamp: DataType = { kind: "timestamp", nullable: false };
