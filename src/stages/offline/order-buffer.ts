import type { OrderKey } from "../../core/aggregation/aggregation.ts";
import { ColumnBuffer } from "../../core/kernel/column-buffer.ts";
import { type Column, valueAt } from "../../core/schema/column.ts";
import type { Fields, Value } from "../../core/schema/data-type.ts";
import { AVAILABLE } from "../../core/schema/system-columns.ts";
import { recordOrder } from "../../core/tile/record-order.ts";
import type { ViewLayout } from "../../core/tile/view-layout.ts";

/** Collects what the order of records needs as they are read, and says where each stands once they are in place. */
export class OrderBuffer {
  private readonly orderOf: ReturnType<typeof recordOrder>;
  private readonly available = new ColumnBuffer({ kind: "timestamp", nullable: false });
  private readonly fields: ReadonlyMap<string, ColumnBuffer>;

  constructor(layout: ViewLayout, fields: Fields, names: readonly string[]) {
    this.orderOf = recordOrder(layout, fields);
    this.fields = new Map(names.map((name) => [name, new ColumnBuffer(fields[name])]));
  }

  add(columns: Readonly<Record<string, Column>>, rows: number): void {
    this.available.add(columns[AVAILABLE], rows);
    for (const [name, buffer] of this.fields) buffer.add(columns[name], rows);
  }

  /** The order key of the record at each place, made when it is first asked for. */
  placed(place: Uint32Array, event: Float64Array): (place: number) => OrderKey {
    const available = this.available.placed(place).values as Float64Array;
    const columns = [...this.fields].map(([name, buffer]) => [name, buffer.placed(place)] as const);
    const known: (OrderKey | undefined)[] = [];
    return (at) => {
      const found = known[at];
      if (found !== undefined) return found;
      const row: Record<string, Value> = {};
      for (const [name, column] of columns) row[name] = valueAt(column, at);
      const made = this.orderOf(row, event[at], available[at]);
      known[at] = made;
      return made;
    };
  }
}
