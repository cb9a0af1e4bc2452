import type { Row } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";

/** Which records of a source, or rows of a batch view, are asked for. */
export type HistoryFilter = (
  | /** A sample of so many, which a seed decides. */
    { readonly sample: number; readonly seed: number }
  /** All that carry one of these keys, named by fields. */
  | { readonly keys: readonly Row[]; readonly loadsUntil?: number }
) & {
  /** Only those whose event is at or after it: must be given where days of the source were dropped. */
  readonly since?: Timestamp;
};

/** A record of a source, or a version of a batch view's row, as history holds it. */
export interface HistoryRow {
  readonly row: Row;
  readonly event: Timestamp;
  readonly available: Timestamp;
  /** From when on it is withdrawn; null where it is not. */
  readonly withdrawn: Timestamp | null;
  /** Its position in the log: that of its load or computation where it came with one. */
  readonly position: number;
}
