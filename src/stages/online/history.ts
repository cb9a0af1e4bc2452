import type { AggregateViewDefinition, BatchViewDefinition } from "../../core/definition/data.ts";
import type { BatchRow } from "../../core/codec/batch-rows.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { LogPosition } from "../../ports/event-log.ts";

/** What materialization needs of the offline store. */
export interface History {
  /**
   * Records of an aggregate view's source below `cut` whose event is `since` or later, ordered by the view's keys:
   * the fields the view reads, and both times. Records with a null key are left out, and keys up to `after`.
   */
  keyed(
    view: AggregateViewDefinition,
    columns: readonly string[],
    range: { readonly cut: LogPosition; readonly since: number; readonly after: Row | null },
    signal: AbortSignal | undefined,
  ): AsyncIterable<Batch>;

  /** Rows of a batch view that came from computations in [from, cut), by key. */
  batchRows(
    view: BatchViewDefinition,
    range: { readonly from: LogPosition; readonly cut: LogPosition },
    signal: AbortSignal | undefined,
  ): AsyncIterable<{ readonly keys: Row; readonly row: BatchRow }>;

  /** The position behind the newest load of these streams below `cut`; 0 without one. */
  loadedUntil(streams: readonly string[], cut: LogPosition): Promise<LogPosition>;
}
