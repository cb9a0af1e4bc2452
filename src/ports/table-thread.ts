import type { RecordTable } from "../core/kernel/aggregate-moments.ts";
import type { Places } from "../core/kernel/group.ts";
import type { Placeable, ReadRecords } from "../core/kernel/record-table.ts";

/**
 * A thread beside ours that brings records into tables: what it is asked for, one after another. Arrays in shared memory are
 * read where they are, and must stay as they are until then; others are copied.
 */
export interface TableThread {
  /** What `recordTable` makes of portable records (`isPortable`). */
  build(records: ReadRecords): Promise<RecordTable>;

  /** What `placesOf` makes of records. */
  place(records: Placeable): Promise<Places>;

  /** Ends it: what is under way rejects. */
  close(): Promise<void>;
}

/** Starts one. It takes a moment to be there; what it is asked for meanwhile waits. */
export type StartTableThread = () => TableThread;
