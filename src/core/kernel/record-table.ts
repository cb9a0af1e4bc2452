import type { Column } from "../schema/column.ts";
import { type OrderKey } from "../aggregation/aggregation.ts";
import { orderByEvent, type RecordTable } from "./aggregate-moments.ts";
import type { ColumnBuffer } from "./column-buffer.ts";
import { placesByKey } from "./group.ts";
import { withdrawalsOf } from "./withdrawals.ts";

/** Records in the order in which they were read, all columns by row. */
export interface ReadRecords {
  /** How many keys there are. */
  readonly keys: number;
  /** The dense key of each, −1 for a record that belongs to nobody. */
  readonly key: Int32Array;
  readonly visible: ColumnBuffer;
  readonly event: ColumnBuffer;
  readonly withdrawn: ColumnBuffer | null;
  /** As those of a table. */
  readonly slots: readonly (ColumnBuffer | null)[];
  readonly slotKeys: readonly (ColumnBuffer | null)[];
  /** What gives the tie-breaks of records, once it is known which places they have. */
  readonly order: ((place: Uint32Array, event: Float64Array) => (place: number) => OrderKey) | null;
}

/** Brings records into the form that the kernel works on. Those of nobody stand behind the others. */
export function recordTable(records: ReadRecords): RecordTable {
  const { keys, visible, order, withdrawn } = records;
  const times = visible.column().values as Float64Array;
  const { first: all, place } = placesByKey(keys + 1, withLast(records.key, keys), times);
  const first = all.subarray(0, keys + 1);
  const placed = (buffer: ColumnBuffer | null): Column | null => (buffer === null ? null : buffer.placed(place));
  const event = records.event.placed(place).values as Float64Array;
  return {
    first,
    visible: visible.placed(place).values as Float64Array,
    event,
    byEvent: orderByEvent(first, event),
    slots: records.slots.map(placed),
    keys: records.slotKeys.map(placed),
    ...(order === null ? {} : { order: order(place, event) }),
    withdrawn: withdrawn === null ? null : withdrawalsOf(first, withdrawn.placed(place).values as Float64Array),
  };
}

/** Keys with a last one for those that have none. */
function withLast(key: Int32Array, keys: number): Int32Array {
  return key.includes(-1) ? key.map((k) => (k < 0 ? keys : k)) : key;
}
