import { canonicalJson } from "../../core/definition/fingerprint.ts";
import type { RecordTable } from "../../core/kernel/aggregate-moments.ts";
import { ColumnBuffer, gatherBatch, NumberBuffer, scatter } from "../../core/kernel/column-buffer.ts";
import { KeyIndex, PartIndex } from "../../core/kernel/key-index.ts";
import { onlySummedSlots, summedSlots } from "../../core/kernel/prefix-windows.ts";
import { isPortable, type ReadRecords, recordTable } from "../../core/kernel/record-table.ts";
import { compileSlot, compileSlotKey } from "../../core/kernel/slot-arguments.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { VisibleBuffer } from "../../core/kernel/visible-buffer.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { Batch, Column, NumericColumn } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, WITHDRAWN } from "../../core/schema/system-columns.ts";
import type { LayoutFeature, Slot } from "../../core/tile/view-layout.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { TableThread } from "../../ports/table-thread.ts";
import { askedKeys, type AttachedHistory, isWorthFiltering, ofPart } from "./asked-keys.ts";
import { OrderBuffer } from "./order-buffer.ts";
import type { SpineTable } from "./spine-table.ts";

/** A view whose records are wanted, for some of its features. */
export interface ViewOfRecords {
  readonly uses: readonly AggregateUse[];
  readonly features: readonly LayoutFeature[];
  readonly history: AttachedHistory;
}

/** Records by the numbers of their keys. */
export interface NumberedRecords {
  readonly keys: KeyIndex;
  readonly table: RecordTable | Promise<RecordTable>;
}

/** Which records are read: those of a part of the keys that the spine asks about; others may be among them. */
export interface RecordSource {
  readonly history: AttachedHistory;
  readonly spine: SpineTable;
  readonly part: number;
  readonly parts: number;
}

/**
 * Reads a source once for several views. Only where there is one can it leave out what the view does not ask for. Where a
 * thread is given it builds some of the tables, which are there when they are; it is ended here, whatever happens.
 */
export async function readRecords(
  session: OfflineSession,
  views: readonly ViewOfRecords[],
  source: RecordSource,
  thread: TableThread | null = null,
): Promise<NumberedRecords[]> {
  try {
    const collector = new RecordCollector(views, Math.ceil(source.history.rows / source.parts), thread !== null);
    await collect(session, collector, views, source);
    return collector.records(thread);
  } catch (error) {
    await thread?.close();
    throw error;
  }
}

async function collect(
  session: OfflineSession,
  collector: RecordCollector,
  views: readonly ViewOfRecords[],
  { history, spine, part, parts }: RecordSource,
): Promise<void> {
  const [first] = views;
  const filter = parts > 1 || isWorthFiltering(history, spine) ? askedKeys(history, first.uses, spine) : "";
  const { withdrawals } = first.uses[0].source;
  const conditions = [
    ofPart(history, part, parts),
    ...(views.length > 1
      ? []
      : Object.values(first.history.keys).map((name) => `r.${sqlIdentifier(name)} IS NOT NULL`)),
  ];
  // A record that was withdrawn before it could be seen is nowhere.
  if (withdrawals !== undefined)
    conditions.push(`(r.${WITHDRAWN} IS NULL OR (r.${WITHDRAWN} > r.${EVENT} AND r.${WITHDRAWN} > r.${AVAILABLE}))`);
  // Times as doubles: the engine converts them beside us.
  const sql = `SELECT ${Object.keys(collector.read)
    .map((name) => `r.${sqlIdentifier(name)}, `)
    .join("")}
       CAST(epoch_us(r.${EVENT}) AS DOUBLE) AS ${EVENT},
       CAST(epoch_us(${history.inHindsight ? `r.${EVENT}` : `greatest(r.${EVENT}, r.${AVAILABLE})`}) AS DOUBLE) AS ${VISIBLE}
       ${collector.isOrdered ? `, CAST(epoch_us(r.${AVAILABLE}) AS DOUBLE) AS ${AVAILABLE}` : ""}
       ${withdrawals === undefined ? "" : `, coalesce(CAST(epoch_us(r.${WITHDRAWN}) AS DOUBLE), 'Infinity') AS ${WITHDRAWN}`}
     FROM ${history.name} r ${filter} WHERE ${conditions.join(" AND ")}`;
  const times: Fields = {
    [EVENT]: float64,
    [VISIBLE]: float64,
    ...(collector.isOrdered ? { [AVAILABLE]: float64 } : {}),
    ...(withdrawals === undefined ? {} : { [WITHDRAWN]: float64 }),
  };
  for await (const { rows, columns } of session.columns(sql, { ...collector.read, ...times }, { lend: true }))
    collector.take({ rows, columns: { ...columns, [EVENT]: { ...columns[EVENT], type: timestamp } } });
}

/** Collects the records of a source as they are read: what several views need of them once for all. */
class RecordCollector {
  /** The fields of the source that are needed. */
  readonly read: Fields;
  readonly isOrdered: boolean;
  private readonly views: readonly CollectedView[];
  private readonly arguments: readonly CollectedArgument[];
  private readonly visible: VisibleBuffer;
  private readonly event: ColumnBuffer;
  private readonly withdrawn: ColumnBuffer | null;

  /** Records that are `shared` can be brought into tables by another thread. */
  constructor(views: readonly ViewOfRecords[], expected: number, shared: boolean) {
    const { fields, withdrawals } = views[0].uses[0].source;
    const parts = new Map<string, PartIndex>();
    const known = new Map<string, CollectedArgument>();
    const collect = (view: number, compiled: CollectedArgument["compiled"] | null, id: unknown, type: DataType) => {
      if (compiled === null) return null;
      const text = canonicalJson([id, type]);
      let argument = known.get(text);
      if (argument === undefined)
        known.set(text, (argument = { compiled, buffer: new ColumnBuffer(type, expected, shared), views: new Set() }));
      argument.views.add(view);
      return argument.buffer;
    };
    this.views = views.map(({ uses, features, history }, v): CollectedView => {
      const { layout } = uses[0];
      const used = new Set(features.map(({ slot }) => slot));
      const each = (collected: (slot: Slot) => ColumnBuffer | null): (ColumnBuffer | null)[] =>
        layout.slots.map((slot, s) => (used.has(s) ? collected(slot) : null));
      const isOrdered = layout.orderColumns !== null && features.some(({ slot }) => layout.slots[slot].algebra.ordered);
      const columns = isOrdered ? layout.orderColumns : layout.columns;
      const keyNames = Object.values(history.keys);
      return {
        keyNames,
        columns,
        keys: new KeyIndex(keyNames.map((name) => partOf(parts, name))),
        numbers: new NumberBuffer(expected, shared),
        summed: summedSlots(features, layout.slots),
        onlySummed: onlySummedSlots(features, layout.slots),
        order: isOrdered ? new OrderBuffer(layout, fields, columns) : null,
        slots: each((slot) =>
          collect(v, compileSlot(slot, fields), { of: slot.of, where: slot.where }, slot.input ?? boolean),
        ),
        slotKeys: each((slot) =>
          slot.per === null
            ? null
            : collect(
                v,
                compileSlotKey(slot, fields),
                { per: slot.per.of, where: slot.where },
                {
                  ...slot.per.type,
                  nullable: true,
                },
              ),
        ),
      };
    });
    this.arguments = [...known.values()];
    this.isOrdered = this.views.some(({ order }) => order !== null);
    this.read = Object.fromEntries(
      this.views
        .flatMap(({ keyNames, columns }) => [...keyNames, ...columns])
        .map((name) => [name, { ...fields[name], nullable: true }]),
    );
    this.event = new ColumnBuffer(timestamp, expected, shared);
    this.visible = new VisibleBuffer(this.event, expected, shared);
    this.withdrawn = withdrawals === undefined ? null : new ColumnBuffer(timestamp, expected, shared);
  }

  take(batch: Batch): void {
    const { rows, columns } = batch;
    const numbers = this.views.map(({ keys, keyNames }) =>
      keys.add(
        keyNames.map((name) => columns[name]),
        rows,
      ),
    );
    this.views.forEach((view, v) => {
      view.numbers.add(numbers[v]);
      view.order?.add(columns, rows);
    });
    this.event.add(columns[EVENT], rows);
    this.visible.add(columns[VISIBLE] as NumericColumn, columns[EVENT] as NumericColumn, rows);
    this.withdrawn?.add(columns[WITHDRAWN], rows);
    for (const { compiled, buffer, views } of this.arguments) {
      // Where a record belongs to nobody its argument is not even evaluated: it may be out of range there.
      const some = rowsOfSome([...views].map((view) => numbers[view]));
      if (some === null) buffer.add(compiled(batch), rows);
      else buffer.add(scatter(compiled(gatherBatch(batch, some)), some, rows), rows);
    }
  }

  /**
   * The tables of all views. Where there is a thread it makes as many as we do, the last of them, and ends with its work; of
   * one in the middle it finds the places first.
   */
  records(thread: TableThread | null): NumberedRecords[] {
    const read = this.views.map((view) => this.readOf(view));
    const ours = thread === null ? read.length : Math.floor(read.length / 2);
    const theirs = new Map<ReadRecords, Promise<RecordTable>>();
    if (thread !== null) {
      const last = read.slice(read.length - ours).filter(isPortable);
      const middle = read.length % 2 === 1 ? read[ours] : null;
      const places = middle === null ? null : thread.place(middle);
      for (const records of last) theirs.set(records, thread.build(records));
      if (places !== null)
        theirs.set(
          middle!,
          places.then((found) => recordTable(middle!, found)),
        );
      void Promise.allSettled(theirs.values()).then(() => thread.close());
    }
    return read.map((records, v) => ({ keys: this.views[v].keys, table: theirs.get(records) ?? recordTable(records) }));
  }

  private readOf({ keys, numbers, summed, onlySummed, order, slots, slotKeys }: CollectedView): ReadRecords {
    const column = (buffer: ColumnBuffer | null): Column | null => buffer?.column() ?? null;
    const times = (buffer: ColumnBuffer): NumericColumn => buffer.column() as NumericColumn;
    return {
      keys: keys.size,
      key: numbers.values(),
      visible: this.visible.value(),
      event: times(this.event),
      withdrawn: this.withdrawn === null ? null : times(this.withdrawn),
      slots: slots.map(column),
      slotKeys: slotKeys.map(column),
      summed,
      onlySummed,
      order: order === null ? null : (place, event) => order.placed(place, event),
    };
  }
}

/** What is evaluated of each record, where it is collected, and for which of the views. */
interface CollectedArgument {
  readonly compiled: (batch: Batch) => Column;
  readonly buffer: ColumnBuffer;
  readonly views: Set<number>;
}

interface CollectedView {
  readonly keyNames: readonly string[];
  /** The fields of the source that it needs beside its keys. */
  readonly columns: readonly string[];
  readonly keys: KeyIndex;
  readonly numbers: NumberBuffer;
  /** The slots whose prefix sums will be asked for. */
  readonly summed: readonly number[];
  /** Those of which nothing else will be. */
  readonly onlySummed: readonly number[];
  readonly order: OrderBuffer | null;
  readonly slots: readonly (ColumnBuffer | null)[];
  /** By slot what it is computed per. */
  readonly slotKeys: readonly (ColumnBuffer | null)[];
}

function partOf(parts: Map<string, PartIndex>, name: string): PartIndex {
  let part = parts.get(name);
  if (part === undefined) parts.set(name, (part = new PartIndex()));
  return part;
}

/** The rows that have a key in one of several numberings at least; null where all have. */
function rowsOfSome(numbers: readonly Int32Array[]): Uint32Array | null {
  if (numbers.some((one) => !one.includes(-1))) return null;
  return Uint32Array.from(numbers[0].keys()).filter((row) => numbers.some((one) => one[row] >= 0));
}

const VISIBLE = "__visible";

const boolean: DataType = { kind: "boolean", nullable: true };
const float64: DataType = { kind: "float64", nullable: false };
const timestamp: DataType = { kind: "timestamp", nullable: false };
