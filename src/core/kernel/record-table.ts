import type { Column, NumericColumn } from "../schema/column.ts";
import { type OrderKey } from "../aggregation/aggregation.ts";
import { orderByEvent, type RecordTable, type Sums } from "./aggregate-moments.ts";
import { placed } from "./column-buffer.ts";
import { type Places, placesByKey } from "./group.ts";
import { prefixSums } from "./prefixes.ts";
import { withdrawalsOf } from "./withdrawals.ts";

/** Records in the order in which they were read, all columns by row. */
export interface ReadRecords {
  /** How many keys there are. */
  readonly keys: number;
  /** The dense key of each, −1 for a record that belongs to nobody. */
  readonly key: Int32Array;
  /** When each becomes visible; or, where that is as long after its event for all, how long: exactly. */
  readonly visible: NumericColumn | number;
  readonly event: NumericColumn;
  readonly withdrawn: NumericColumn | null;
  /** As those of a table. */
  readonly slots: readonly (Column | null)[];
  readonly slotKeys: readonly (Column | null)[];
  /** The slots whose prefix sums will be asked for, and those of them of which nothing else will be, where sums do. */
  readonly summed: readonly number[];
  readonly onlySummed: readonly number[];
  /** What gives the tie-breaks of records, once it is known which places they have. */
  readonly order: ((place: Uint32Array, event: Float64Array) => (place: number) => OrderKey) | null;
}

/** What it takes to say where records stand in their table. */
export type Placeable = Pick<ReadRecords, "keys" | "key" | "visible" | "event">;

/** Where records stand in their table, those of nobody behind the others. */
export function placesOf({ keys, key, visible, event }: Placeable): Places {
  const times = typeof visible === "number" ? event : visible;
  const { first, place } = placesByKey(keys + 1, withLast(key, keys), times.values);
  return { first: first.subarray(0, keys + 1), place };
}

/** Brings records into the form that the kernel works on, in `placesOf` them: about half of the work where those are known. */
export function recordTable(records: ReadRecords, { first, place }: Places = placesOf(records)): RecordTable {
  const { visible, order, withdrawn } = records;
  const column = (read: Column | null): Column | null => (read === null ? null : placed(read, place));
  const times = (read: NumericColumn): Float64Array => placed(read, place).values as Float64Array;
  const event = times(records.event);
  const byEvent = typeof visible === "number" ? null : orderByEvent(first, event);
  // Only records in one order for all have a use for sums.
  const { slots, sums } = byEvent === null && withdrawn === null ? sumSlots(records, place) : NOTHING_SUMMED;
  return {
    first,
    visible: typeof visible === "number" ? visible : times(visible),
    event,
    byEvent,
    slots: records.slots.map((read, slot) => slots.get(slot) ?? column(read)),
    sums,
    keys: records.slotKeys.map(column),
    ...(order === null ? {} : { order: order(place, event) }),
    withdrawn: withdrawn === null ? null : withdrawalsOf(first, times(withdrawn)),
  };
}

interface SummedSlots {
  /** What is in the table of those that are summed. */
  readonly slots: ReadonlyMap<number, Column>;
  readonly sums: ReadonlyMap<number, Sums | null>;
}

const NOTHING_SUMMED: SummedSlots = { slots: new Map(), sums: new Map() };

/**
 * The prefix sums that will be asked for. Where all are there, nobody reads the values of slots that are only summed: they
 * are left out.
 */
function sumSlots({ slots: read, summed, onlySummed }: ReadRecords, place: Uint32Array): SummedSlots {
  const slots = new Map<number, Column>();
  const sums = new Map<number, Sums | null>();
  for (const slot of summed) {
    const column = read[slot]!;
    const alone = onlySummed.includes(slot) && column.valid === null;
    if (!alone) slots.set(slot, placed(column, place));
    sums.set(slot, alone ? prefixSums(column, place) : prefixSums(slots.get(slot)!));
  }
  const isThere = [...sums.values()].every((one) => one !== null);
  for (const slot of onlySummed)
    if (!slots.has(slot))
      slots.set(slot, isThere ? { ...read[slot]!, values: new Float64Array(0) } : placed(read[slot]!, place));
  return { slots, sums };
}

/** Whether another thread can do that: what gives tie-breaks is a function, and texts would be copied. */
export function isPortable({ order, slots, slotKeys }: ReadRecords): boolean {
  return order === null && [...slots, ...slotKeys].every((column) => column === null || column.type.kind !== "string");
}

/** Keys with a last one for those that have none. */
function withLast(key: Int32Array, keys: number): Int32Array {
  return key.includes(-1) ? key.map((k) => (k < 0 ? keys : k)) : key;
}
