import type { DataType } from "../schema/data-type.ts";
import { ColumnBuffer } from "./column-buffer.ts";
import type { NumericColumn } from "../schema/column.ts";

/**
 * Collects when records become visible. As long as all do so as long after their events, that delay is all that is kept: most
 * sources have one, and a third of the memory of a table would say the same for each record.
 */
export class VisibleBuffer {
  private readonly expected: number;
  private readonly shared: boolean;
  private readonly event: ColumnBuffer;
  private delay = 0;
  private times: ColumnBuffer | null = null;

  /** @param event collects the times of their events, each batch before this one. Both are microseconds, whole and within ±2^53. */
  constructor(event: ColumnBuffer, expected = 0, shared = false) {
    this.event = event;
    this.expected = expected;
    this.shared = shared;
  }

  /** Takes the first `rows` values of both columns. */
  add(visible: NumericColumn, event: NumericColumn, rows: number): void {
    const before = this.event.rows - rows;
    if (this.times === null) {
      if (before === 0 && rows > 0) this.delay = visible.values[0] - event.values[0];
      if (isDelayed(visible.values, event.values, this.delay, rows)) return;
      this.times = new ColumnBuffer(timestamp, this.expected, this.shared);
      const events = this.event.column() as NumericColumn;
      const values = events.values.subarray(0, before).map((at) => at + this.delay);
      this.times.add({ type: timestamp, values, valid: null }, before);
    }
    this.times.add(visible, rows);
  }

  /** The delay in microseconds of all; or when each became visible, lent until more is added. */
  value(): NumericColumn | number {
    return this.times === null ? this.delay : (this.times.column() as NumericColumn);
  }
}

function isDelayed(visible: Float64Array, event: Float64Array, delay: number, rows: number): boolean {
  for (let i = 0; i < rows; i++) if (visible[i] !== event[i] + delay) return false;
  return Number.isSafeInteger(delay);
}

const timestamp: DataType = { kind: "timestamp", nullable: false };
