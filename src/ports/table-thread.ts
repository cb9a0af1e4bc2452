import type { RecordTable } from "../core/kernel/aggregate-moments.ts";
import type { ReadRecords } from "../core/kernel/record-table.ts";

/** A thread beside ours that brings records into tables, one after another. */
export interface TableThread {
  /**
   * What `recordTable` makes of portable records (`isPortable`). Arrays in shared memory are read where they are, and must
   * stay as they are until then; others are copied.
   */
  build(records: ReadRecords): Promise<RecordTable>;

  /** Ends it: what is under way rejects. */
  close(): Promise<void>;
}

/** Starts one. It takes a moment to be there; what it is asked for meanwhile waits. */
export type StartTableThread = () => TableThread;
