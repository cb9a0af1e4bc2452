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
import { KeyIndex } from "../../core/kernel/key-index.ts";
import { isPrefixSlot, type KeyedRows, Prefixes, PrefixWindows } from "../../core/kernel/prefix-windows.ts";
import { compileSlot, compileSlotKey } from "../../core/kernel/slot-arguments.ts";
import { withdrawalsOf } from "../../core/kernel/withdrawals.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, WITHDRAWN } from "../../core/schema/system-columns.ts";
import { EVENT_TIME, type LayoutFeature } from "../../core/tile/view-layout.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { askedKeys, type AttachedHistory, isWorthFiltering, keyColumns, ofPart } from "./asked-keys.ts";
import { OrderBuffer } from "./order-buffer.ts";
import { SpineQuery } from "./spine-query.ts";
import { MOMENT, type RowRange, type SpineTable } from "./spine-table.ts";

/** Outputs of a use's features by their names; `EVENT_TIME` among them where it was asked for. */
export type UseOutput = ReadonlyMap<string, FeatureOutput>;

/** How many records may be held in memory at once. What is held for long is taken from it. */
export interface RecordBudget {
  records: number;
}

interface JoinedUse {
  readonly use: AggregateUse;
  /** Computed as the rows of the spine pass. */
  readonly passing: readonly LayoutFeature[];
  readonly windows: PrefixWindows | null;
  /** Computed for a range of rows at once, and held until they pass. */
  readonly held: readonly LayoutFeature[];
}

/** Records by the numbers of their keys. */
interface NumberedRecords {
  readonly keys: KeyIndex;
  readonly table: RecordTable;
}

/**
 * Uses of one aggregate view for the rows of a spine: the engine reads and filters, the kernel does the rest. Where the
 * records fit into the budget they are read once and kept; otherwise they are worked through in parts, each with all
 * records of its keys.
 */
export class AggregateJoin {
  readonly uses: readonly JoinedUse[];
  private readonly history: AttachedHistory;
  private readonly spine: SpineTable;
  private readonly parts: number;
  private readonly kept: NumberedRecords | null;

  private constructor(
    uses: readonly JoinedUse[],
    source: { history: AttachedHistory; spine: SpineTable; parts: number },
    kept: NumberedRecords | null,
  ) {
    this.uses = uses;
    this.history = source.history;
    this.spine = source.spine;
    this.parts = source.parts;
    this.kept = kept;
  }

  static async prepare(
    session: OfflineSession,
    uses: readonly AggregateUse[],
    history: AttachedHistory,
    spine: SpineTable,
    options: { readonly eventTimes: boolean; readonly budget: RecordBudget; readonly limit: number },
  ): Promise<AggregateJoin> {
    const { layout } = uses[0];
    const { budget } = options;
    const wanted = uses.map((use) =>
      layout.features.filter(({ name }) => (name === EVENT_TIME ? options.eventTimes : name in use.features)),
    );
    const total = history.rows <= budget.records ? history.rows : await countAsked(session, uses, history, spine);
    const isKept = total <= budget.records;
    const parts = isKept ? 1 : Math.ceil(total / options.limit);
    if (!isKept)
      return new AggregateJoin(
        uses.map((use, u) => ({ use, passing: [], windows: null, held: wanted[u] })),
        { history, spine, parts },
        null,
      );
    const kept = await readRecords(session, uses, wanted.flat(), { history, spine, part: 0, parts });
    budget.records -= kept.table.event.length;
    const prefixes = new Prefixes(kept.table);
    const joined = uses.map((use, u): JoinedUse => {
      const passing = wanted[u].filter(({ slot, elements }) => elements === null && isPrefixSlot(layout.slots[slot]));
      const windows = PrefixWindows.of(passing, layout.slots, prefixes);
      if (windows === null) return { use, passing: [], windows, held: wanted[u] };
      return { use, passing, windows, held: wanted[u].filter((feature) => !passing.includes(feature)) };
    });
    return new AggregateJoin(joined, { history, spine, parts }, kept);
  }

  /** How many numbers the outputs held for a row of a range take. */
  get heldColumns(): number {
    return this.uses.flatMap(({ held }) => held).reduce((sum, feature) => sum + outputSize(feature), 0);
  }

  /** The rows of a batch of the spine by the keys of a use. */
  keyed(use: AggregateUse, batch: Batch): KeyedRows {
    const key = this.kept!.keys.find(keyColumns(this.history, use, batch), batch.rows);
    return { rows: batch.rows, key, t: batch.columns[MOMENT].values as Float64Array };
  }

  /** What is held of each use, by row of a range of the spine. */
  async compute(session: OfflineSession, spine: string, range: RowRange): Promise<UseOutput[]> {
    const { layout } = this.uses[0].use;
    const size = range.until - range.from;
    const outputs = this.uses.map(({ use, held }) => emptyOutputs(held, use, size));
    if (this.heldColumns === 0) return outputs;
    const features = this.uses.flatMap(({ held }) => held);
    const uses = this.uses.map(({ use }) => use);
    for (let part = 0; part < this.parts; part++) {
      const records = this.kept ?? (await readRecords(session, uses, features, { ...this.source, part }));
      const prefixes = new Prefixes(records.table);
      const rows = await this.readRows(session, spine, range, records.keys);
      for (const [u, { held }] of this.uses.entries()) {
        const output = (feature: LayoutFeature): FeatureOutput => outputs[u].get(feature.name)!;
        const whole = held.filter(({ slot, elements }) => elements === null && isPrefixSlot(layout.slots[slot]));
        const windows = whole.length === 0 ? null : PrefixWindows.of(whole, layout.slots, prefixes);
        windows?.compute(rows[u], whole.map(output), 0);
        const walked = windows === null ? held : held.filter((feature) => !whole.includes(feature));
        if (walked.length === 0) continue;
        const moments = momentsOf(rows[u], records.keys.size);
        for (const feature of walked)
          aggregateMoments(feature, layout.slots[feature.slot], records.table, moments, output(feature));
      }
    }
    return outputs;
  }

  private get source(): { history: AttachedHistory; spine: SpineTable; parts: number } {
    const { history, spine, parts } = this;
    return { history, spine, parts };
  }

  /** The rows of a range by the keys of each use. */
  private async readRows(
    session: OfflineSession,
    spine: string,
    range: RowRange,
    keys: KeyIndex,
  ): Promise<KeyedRows[]> {
    const size = range.until - range.from;
    const t = new Float64Array(size);
    const numbers = this.uses.map(() => new Int32Array(size));
    const query = new SpineQuery(spine);
    for (const { use } of this.uses) query.addKeys(use);
    let at = 0;
    for await (const batch of query.read(session, range, this.spine.rows)) {
      t.set((batch.columns[MOMENT].values as Float64Array).subarray(0, batch.rows), at);
      this.uses.forEach(({ use }, u) =>
        numbers[u].set(keys.find(keyColumns(this.history, use, batch), batch.rows), at),
      );
      at += batch.rows;
    }
    return numbers.map((key) => ({ rows: size, key, t }));
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

async function countAsked(
  session: OfflineSession,
  uses: readonly AggregateUse[],
  history: AttachedHistory,
  spine: SpineTable,
): Promise<number> {
  const [{ n }] = await session.rows(`SELECT count(*) AS n FROM ${history.name} r ${askedKeys(history, uses, spine)}`, {
    n: { kind: "int64", nullable: false },
  });
  return Number(n);
}

/** The records of a part of the keys that the spine asks about; others may be among them. */
async function readRecords(
  session: OfflineSession,
  uses: readonly AggregateUse[],
  features: readonly LayoutFeature[],
  source: { history: AttachedHistory; spine: SpineTable; part: number; parts: number },
): Promise<NumberedRecords> {
  const { history, spine, part, parts } = source;
  const { layout } = uses[0];
  const { fields, withdrawals } = uses[0].source;
  const used = new Set(features.map(({ slot }) => slot));
  const slots = layout.slots.map((slot, s) => {
    const compiled = used.has(s) ? compileSlot(slot, fields) : null;
    return compiled === null ? null : { compiled, buffer: new ColumnBuffer(slot.input ?? boolean) };
  });
  const slotKeys = layout.slots.map((slot, s) => {
    const compiled = used.has(s) ? compileSlotKey(slot, fields) : null;
    return compiled === null ? null : { compiled, buffer: new ColumnBuffer({ ...slot.per!.type, nullable: true }) };
  });
  const ordered = layout.orderColumns !== null && features.some(({ slot }) => layout.slots[slot].algebra.ordered);
  const names = ordered ? layout.orderColumns : layout.columns;
  const order = ordered ? new OrderBuffer(layout, fields, names) : null;
  const keyNames = Object.values(history.keys);
  const read: Fields = Object.fromEntries(
    [...keyNames, ...names].map((name) => [name, { ...fields[name], nullable: true }]),
  );
  const keys = new KeyIndex(keyNames.length);
  const buffers = {
    k: new ColumnBuffer(int32),
    visible: new ColumnBuffer(timestamp),
    event: new ColumnBuffer(timestamp),
    withdrawn: withdrawals === undefined ? null : new ColumnBuffer(timestamp),
  };
  const conditions = [ofPart(history, part, parts), ...keyNames.map((name) => `r.${sqlIdentifier(name)} IS NOT NULL`)];
  // A record that was withdrawn before it could be seen is nowhere.
  if (withdrawals !== undefined)
    conditions.push(`(r.${WITHDRAWN} IS NULL OR (r.${WITHDRAWN} > r.${EVENT} AND r.${WITHDRAWN} > r.${AVAILABLE}))`);
  // Times as doubles: the engine converts them beside us.
  const sql = `SELECT ${Object.keys(read)
    .map((name) => `r.${sqlIdentifier(name)}, `)
    .join("")}
       CAST(epoch_us(r.${EVENT}) AS DOUBLE) AS ${EVENT},
       CAST(epoch_us(${history.inHindsight ? `r.${EVENT}` : `greatest(r.${EVENT}, r.${AVAILABLE})`}) AS DOUBLE) AS ${VISIBLE}
       ${order === null ? "" : `, CAST(epoch_us(r.${AVAILABLE}) AS DOUBLE) AS ${AVAILABLE}`}
       ${withdrawals === undefined ? "" : `, coalesce(CAST(epoch_us(r.${WITHDRAWN}) AS DOUBLE), 'Infinity') AS ${WITHDRAWN}`}
     FROM ${history.name} r ${parts > 1 || isWorthFiltering(history, spine) ? askedKeys(history, uses, spine) : ""}
     WHERE ${conditions.join(" AND ")}`;
  const times: Fields = {
    [EVENT]: float64,
    [VISIBLE]: float64,
    ...(order === null ? {} : { [AVAILABLE]: float64 }),
    ...(withdrawals === undefined ? {} : { [WITHDRAWN]: float64 }),
  };
  for await (const { rows, columns } of session.columns(sql, { ...read, ...times })) {
    const event = { ...columns[EVENT], type: timestamp };
    const batch = { rows, columns: { ...columns, [EVENT]: event } };
    const k = keys.add(
      keyNames.map((name) => columns[name]),
      rows,
    );
    buffers.k.add({ type: int32, values: new Float64Array(k), valid: null }, rows);
    buffers.visible.add(columns[VISIBLE], rows);
    buffers.event.add(event, rows);
    buffers.withdrawn?.add(columns[WITHDRAWN], rows);
    order?.add(columns, rows);
    for (const slot of [...slots, ...slotKeys]) slot?.buffer.add(slot.compiled(batch), rows);
  }
  const { first, place } = placesByKey(
    keys.size,
    buffers.k.column().values as Float64Array,
    buffers.visible.column().values as Float64Array,
  );
  const event = buffers.event.placed(place).values as Float64Array;
  const table: RecordTable = {
    first,
    visible: buffers.visible.placed(place).values as Float64Array,
    event,
    byEvent: orderByEvent(first, event),
    slots: slots.map((slot) => (slot === null ? null : slot.buffer.placed(place))),
    keys: slotKeys.map((keys) => (keys === null ? null : keys.buffer.placed(place))),
    ...(order === null ? {} : { order: order.placed(place, event) }),
    withdrawn:
      buffers.withdrawn === null ? null : withdrawalsOf(first, buffers.withdrawn.placed(place).values as Float64Array),
  };
  return { keys, table };
}

const VISIBLE = "__visible";

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
