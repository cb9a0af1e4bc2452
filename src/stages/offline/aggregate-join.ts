import {
  aggregateMoments,
  emptyOutput,
  type FeatureOutput,
  type MomentTable,
  orderByEvent,
  outputSize,
  type RecordTable,
} from "../../core/kernel/aggregate-moments.ts";
import { ColumnBuffer, gatherBatch, gatherNumbers, NumberBuffer } from "../../core/kernel/column-buffer.ts";
import { groupByKey, placesByKey } from "../../core/kernel/group.ts";
import { KeyIndex } from "../../core/kernel/key-index.ts";
import { isPrefixSlot, type KeyedRows, Prefixes, PrefixWindows } from "../../core/kernel/prefix-windows.ts";
import { compileSlot, compileSlotKey } from "../../core/kernel/slot-arguments.ts";
import { withdrawalsOf } from "../../core/kernel/withdrawals.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
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

  /** Joins of views that share a source: where their records fit into the budget together, one reading does for all. */
  static async prepare(
    session: OfflineSession,
    views: readonly { readonly uses: readonly AggregateUse[]; readonly history: AttachedHistory }[],
    spine: SpineTable,
    options: { readonly eventTimes: boolean; readonly budget: RecordBudget; readonly limit: number },
  ): Promise<AggregateJoin[]> {
    const { budget, limit } = options;
    const [{ history }] = views;
    if (views.length > 1 && (isWorthFiltering(history, spine) || history.rows * views.length > budget.records)) {
      const joins: AggregateJoin[] = [];
      for (const view of views) joins.push(...(await AggregateJoin.prepare(session, [view], spine, options)));
      return joins;
    }
    const total =
      history.rows * views.length <= budget.records
        ? history.rows
        : await countAsked(session, views[0].uses, history, spine);
    const isKept = total * views.length <= budget.records;
    const parts = isKept ? 1 : Math.ceil(total / limit);
    const wanted = views.map(({ uses }) =>
      uses.map((use) =>
        use.layout.features.filter(({ name }) => (name === EVENT_TIME ? options.eventTimes : name in use.features)),
      ),
    );
    if (!isKept)
      return views.map(
        ({ uses, history }, v) =>
          new AggregateJoin(
            uses.map((use, u) => ({ use, passing: [], windows: null, held: wanted[v][u] })),
            { history, spine, parts },
            null,
          ),
      );
    const source = { history, spine, part: 0, parts };
    const readers = views.map(
      ({ uses, history }, v) => new RecordReader(uses, wanted[v].flat(), { ...source, history }),
    );
    const tables = await readTogether(session, readers, source);
    return views.map(({ uses, history }, v) => {
      const kept = tables[v];
      budget.records -= kept.table.event.length;
      const { slots } = uses[0].layout;
      const prefixes = new Prefixes(kept.table);
      const joined = uses.map((use, u): JoinedUse => {
        const passing = wanted[v][u].filter(({ slot, elements }) => elements === null && isPrefixSlot(slots[slot]));
        const windows = PrefixWindows.of(passing, slots, prefixes);
        if (windows === null) return { use, passing: [], windows, held: wanted[v][u] };
        return { use, passing, windows, held: wanted[v][u].filter((feature) => !passing.includes(feature)) };
      });
      return new AggregateJoin(joined, { history, spine, parts }, kept);
    });
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
      const source = { ...this.source, part };
      const [records] =
        this.kept === null
          ? await readTogether(session, [new RecordReader(uses, features, source)], source)
          : [this.kept];
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

/** Which records are read: those of a part of the keys that the spine asks about; others may be among them. */
interface RecordSource {
  readonly history: AttachedHistory;
  readonly spine: SpineTable;
  readonly part: number;
  readonly parts: number;
}

/** Reads a source once for several views. Only where there is one can it leave out what the view does not ask for. */
async function readTogether(
  session: OfflineSession,
  readers: readonly RecordReader[],
  { history, spine, part, parts }: RecordSource,
): Promise<NumberedRecords[]> {
  const read: Fields = Object.assign({}, ...readers.map(({ read }) => read));
  const ordered = readers.some(({ order }) => order !== null);
  const [first] = readers;
  const filter = parts > 1 || isWorthFiltering(history, spine) ? askedKeys(history, first.uses, spine) : "";
  const { withdrawals } = first.uses[0].source;
  const conditions = [
    ofPart(history, part, parts),
    ...(readers.length > 1 ? [] : first.keyNames.map((name) => `r.${sqlIdentifier(name)} IS NOT NULL`)),
  ];
  // A record that was withdrawn before it could be seen is nowhere.
  if (withdrawals !== undefined)
    conditions.push(`(r.${WITHDRAWN} IS NULL OR (r.${WITHDRAWN} > r.${EVENT} AND r.${WITHDRAWN} > r.${AVAILABLE}))`);
  // Times as doubles: the engine converts them beside us.
  const sql = `SELECT ${Object.keys(read)
    .map((name) => `r.${sqlIdentifier(name)}, `)
    .join("")}
       CAST(epoch_us(r.${EVENT}) AS DOUBLE) AS ${EVENT},
       CAST(epoch_us(${history.inHindsight ? `r.${EVENT}` : `greatest(r.${EVENT}, r.${AVAILABLE})`}) AS DOUBLE) AS ${VISIBLE}
       ${ordered ? `, CAST(epoch_us(r.${AVAILABLE}) AS DOUBLE) AS ${AVAILABLE}` : ""}
       ${withdrawals === undefined ? "" : `, coalesce(CAST(epoch_us(r.${WITHDRAWN}) AS DOUBLE), 'Infinity') AS ${WITHDRAWN}`}
     FROM ${history.name} r ${filter} WHERE ${conditions.join(" AND ")}`;
  const times: Fields = {
    [EVENT]: float64,
    [VISIBLE]: float64,
    ...(ordered ? { [AVAILABLE]: float64 } : {}),
    ...(withdrawals === undefined ? {} : { [WITHDRAWN]: float64 }),
  };
  for await (const { rows, columns } of session.columns(sql, { ...read, ...times }, { lend: true })) {
    const event = { ...columns[EVENT], type: timestamp };
    for (const reader of readers) reader.take({ rows, columns: { ...columns, [EVENT]: event } });
  }
  return readers.map((reader) => reader.records());
}

/** What is evaluated of each record, and where it is collected. */
interface CollectedColumn {
  readonly compiled: (batch: Batch) => Column;
  readonly buffer: ColumnBuffer;
}

/** Brings the records of a view, as they are read, into the form that the kernel works on. */
class RecordReader {
  readonly uses: readonly AggregateUse[];
  readonly keyNames: readonly string[];
  /** The fields of the source that it needs. */
  readonly read: Fields;
  readonly order: OrderBuffer | null;
  private readonly slots: readonly (CollectedColumn | null)[];
  /** By slot what it is computed per. */
  private readonly slotKeys: readonly (CollectedColumn | null)[];
  private readonly keys: KeyIndex;
  private readonly numbers: NumberBuffer;
  private readonly visible: ColumnBuffer;
  private readonly event: ColumnBuffer;
  private readonly withdrawn: ColumnBuffer | null;

  constructor(
    uses: readonly AggregateUse[],
    features: readonly LayoutFeature[],
    { history, parts }: Pick<RecordSource, "history" | "parts">,
  ) {
    const { layout } = uses[0];
    const { fields, withdrawals } = uses[0].source;
    const used = new Set(features.map(({ slot }) => slot));
    const expected = Math.ceil(history.rows / parts);
    this.slots = layout.slots.map((slot, s) => {
      const compiled = used.has(s) ? compileSlot(slot, fields) : null;
      return compiled === null ? null : { compiled, buffer: new ColumnBuffer(slot.input ?? boolean, expected) };
    });
    this.slotKeys = layout.slots.map((slot, s) => {
      const compiled = used.has(s) ? compileSlotKey(slot, fields) : null;
      if (compiled === null) return null;
      return { compiled, buffer: new ColumnBuffer({ ...slot.per!.type, nullable: true }, expected) };
    });
    const ordered = layout.orderColumns !== null && features.some(({ slot }) => layout.slots[slot].algebra.ordered);
    const names = ordered ? layout.orderColumns : layout.columns;
    this.order = ordered ? new OrderBuffer(layout, fields, names) : null;
    this.uses = uses;
    this.keyNames = Object.values(history.keys);
    this.read = Object.fromEntries(
      [...this.keyNames, ...names].map((name) => [name, { ...fields[name], nullable: true }]),
    );
    this.keys = new KeyIndex(this.keyNames.length);
    this.numbers = new NumberBuffer(expected);
    this.visible = new ColumnBuffer(timestamp, expected);
    this.event = new ColumnBuffer(timestamp, expected);
    this.withdrawn = withdrawals === undefined ? null : new ColumnBuffer(timestamp, expected);
  }

  take(all: Batch): void {
    let batch = all;
    let numbers = this.keys.add(this.keysOf(all), all.rows);
    if (numbers.includes(-1)) {
      // Records without a key belong to nobody.
      const rows = Uint32Array.from(numbers.keys()).filter((row) => numbers[row] >= 0);
      batch = gatherBatch(all, rows);
      numbers = Int32Array.from(rows, (row) => numbers[row]);
    }
    const { rows, columns } = batch;
    this.numbers.add(numbers);
    this.visible.add(columns[VISIBLE], rows);
    this.event.add(columns[EVENT], rows);
    this.withdrawn?.add(columns[WITHDRAWN], rows);
    this.order?.add(columns, rows);
    for (const slot of [...this.slots, ...this.slotKeys]) slot?.buffer.add(slot.compiled(batch), rows);
  }

  records(): NumberedRecords {
    const { keys, slots, slotKeys, order, withdrawn } = this;
    const { first, place } = placesByKey(
      keys.size,
      this.numbers.values(),
      this.visible.column().values as Float64Array,
    );
    const event = this.event.placed(place).values as Float64Array;
    const table: RecordTable = {
      first,
      visible: this.visible.placed(place).values as Float64Array,
      event,
      byEvent: orderByEvent(first, event),
      slots: slots.map((slot) => (slot === null ? null : slot.buffer.placed(place))),
      keys: slotKeys.map((one) => (one === null ? null : one.buffer.placed(place))),
      ...(order === null ? {} : { order: order.placed(place, event) }),
      withdrawn: withdrawn === null ? null : withdrawalsOf(first, withdrawn.placed(place).values as Float64Array),
    };
    return { keys, table };
  }

  private keysOf({ columns }: Batch): Column[] {
    return this.keyNames.map((name) => columns[name]);
  }
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
const float64: DataType = { kind: "float64", nullable: false };
const timestamp: DataType = { kind: "timestamp", nullable: false };
