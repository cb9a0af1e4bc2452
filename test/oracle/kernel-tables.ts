import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { type MomentTable, orderByEvent, type RecordTable } from "../../src/core/kernel/aggregate-moments.ts";
import { gather, gatherNumbers } from "../../src/core/kernel/column-buffer.ts";
import { groupByKey } from "../../src/core/kernel/group.ts";
import { compileSlot, compileSlotKey } from "../../src/core/kernel/slot-arguments.ts";
import { withdrawalsOf } from "../../src/core/kernel/withdrawals.ts";
import { type Column, columnsOfRows } from "../../src/core/schema/column.ts";
import type { Fields, Row } from "../../src/core/schema/data-type.ts";
import { EVENT } from "../../src/core/schema/system-columns.ts";
import { recordOrder } from "../../src/core/tile/record-order.ts";
import type { ViewLayout } from "../../src/core/tile/view-layout.ts";
import type { OracleRecord } from "./naive.ts";

/** The number of each record's key among `keys`; −1 for another key, and where a part of it is null. */
function keyNumbers(view: AggregateViewDefinition, records: readonly OracleRecord[], keys: readonly Row[]): number[] {
  return records.map(({ row }) =>
    keys.findIndex((key) => Object.entries(view.keys).every(([name, field]) => row[field] === key[name])),
  );
}

/**
 * Brings the records of some keys into the form the kernel works on, in the way the offline store does; in hindsight,
 * those that are known at a moment.
 * @param mayDelay whether a delay that all of them share stands for the times at which they become visible
 */
export function recordTable(
  layout: ViewLayout,
  fields: Fields,
  all: readonly OracleRecord[],
  keys: readonly Row[],
  hindsight: number | null = null,
  mayDelay = true,
): RecordTable {
  const there = hindsight === null ? all : all.filter(({ available }) => available < hindsight);
  const numbers = keyNumbers(layout.view, there, keys);
  const records = there.filter((_, i) => numbers[i] >= 0);
  const batch = columnsOfRows(
    { ...fields, [EVENT]: { kind: "timestamp", nullable: false } },
    records.map(({ row, event }) => ({ ...row, [EVENT]: event })),
  );
  const visible = Float64Array.from(records, ({ event, available }) =>
    hindsight !== null || event > available ? event : available,
  );
  const delay = records.length === 0 ? 0 : visible[0] - records[0].event;
  const isDelay = mayDelay && records.every(({ event }, i) => visible[i] === event + delay);
  const key = Float64Array.from(numbers.filter((k) => k >= 0));
  const { first, order } = groupByKey(keys.length, key, visible);
  const event = gatherNumbers(
    Float64Array.from(records, (record) => record.event),
    order,
  );
  const orderOf = recordOrder(layout, fields);
  const withdrawn = gatherNumbers(
    Float64Array.from(records, ({ withdrawn = Infinity }) => withdrawn),
    order,
  );
  return {
    withdrawn: withdrawalsOf(first, withdrawn),
    first,
    visible: isDelay ? delay : gatherNumbers(visible, order),
    event,
    byEvent: orderByEvent(first, event),
    slots: layout.slots.map((slot) => {
      const compiled = compileSlot(slot, fields);
      return compiled === null ? null : poisoned(gather(compiled(batch), order));
    }),
    keys: layout.slots.map((slot) => {
      const compiled = compileSlotKey(slot, fields);
      return compiled === null ? null : poisoned(gather(compiled(batch), order));
    }),
    order: (place) => {
      const { row, event, available } = records[order[place]];
      return orderOf(row, event, available);
    },
  };
}

/** Every moment for every key: row number key · moments + moment of the spine. */
export function momentTable(moments: readonly number[], keys: number): MomentTable {
  const rows = Array.from({ length: moments.length * keys }, (_, row) => row);
  const key = Float64Array.from(rows, (row) => Math.floor(row / moments.length));
  const t = Float64Array.from(rows, (row) => moments[row % moments.length]);
  const { first, order } = groupByKey(keys, key, t);
  return { first, row: Float64Array.from(order), t: gatherNumbers(t, order) };
}

/** What stands where a column is null is unspecified: it must not matter. */
function poisoned(column: Column): Column {
  const { values, valid } = column;
  if (valid === null) return column;
  for (let i = 0; i < valid.length; i++) {
    if (valid[i] !== 0) continue;
    if (Array.isArray(values)) values[i] = "poison";
    else if (values instanceof BigInt64Array) values[i] = 77n;
    else values[i] = 77;
  }
  return column;
}
