import type { Column, NumericColumn } from "../schema/column.ts";
import { type OrderKey } from "../aggregation/aggregation.ts";
import { orderByEvent, type RecordTable } from "./aggregate-moments.ts";
import { placed } from "./column-buffer.ts";
import { placesByKey } from "./group.ts";
import { prefixSums } from "./prefixes.ts";
import { withdrawalsOf } from "./withdrawals.ts";

/** Records in the order in which they were read, all columns by row. */
export interface ReadRecords {
  /** How many keys there are. */
  readonly keys: number;
  /** The dense key of each, −1 for a record that belongs to nobody. */
  readonly key: Int32Array;
  readonly visible: NumericColumn;
  readonly event: NumericColumn;
  readonly withdrawn: NumericColumn | null;
  /** As those of a table. */
  readonly slots: readonly (Column | null)[];
  readonly slotKeys: readonly (Column | null)[];
  /** The slots whose prefix sums will be asked for. */
  readonly summed: readonly number[];
  /** What gives the tie-breaks of records, once it is known which places they have. */
  readonly order: ((place: Uint32Array, event: Float64Array) => (place: number) => OrderKey) | null;
}

/** Brings records into the form that the kernel works on. Those of nobody stand behind the others. */
export function recordTable(records: ReadRecords): RecordTable {
  const { keys, visible, order, withdrawn } = records;
  const { first: all, place } = placesByKey(keys + 1, withLast(records.key, keys), visible.values);
  const first = all.subarray(0, keys + 1);
  const column = (read: Column | null): Column | null => (read === null ? null : placed(read, place));
  const times = (read: NumericColumn): Float64Array => placed(read, place).values as Float64Array;
  const event = times(records.event);
  const byEvent = orderByEvent(first, event);
  const slots = records.slots.map(column);
  // Only records in one order for all have a use for them.
  const summed = byEvent === null && withdrawn === null ? records.summed : [];
  return {
    first,
    visible: times(visible),
    event,
    byEvent,
    slots,
    sums: new Map(summed.map((slot) => [slot, prefixSums(slots[slot]!)])),
    keys: records.slotKeys.map(column),
    ...(order === null ? {} : { order: order(place, event) }),
    withdrawn: withdrawn === null ? null : withdrawalsOf(first, times(withdrawn)),
  };
}

/** Whether another thread can do that: what gives tie-breaks is a function, and texts would be copied. */
export function isPortable({ order, slots, slotKeys }: ReadRecords): boolean {
  return order === null && [...slots, ...slotKeys].every((column) => column === null || column.type.kind !== "string");
}

/** Keys with a last one for those that have none. */
function withLast(key: Int32Array, keys: number): Int32Array {
  return key.includes(-1) ? key.map((k) => (k < 0 ? keys : k)) : key;
}
