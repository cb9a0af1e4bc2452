import type { ErrorCode } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Store } from "../../store.ts";

export const courseMethods = [
  "apply",
  "load",
  "ingest",
  "retract",
  "correct",
  "compute",
  "materialize",
  "settled",
  "features",
  "dataset",
  "close",
] as const;

/** What courses do with a store. */
export type CourseStore = Pick<Store, (typeof courseMethods)[number]>;

/** A call of a store that another process holds, at a moment of its clock. */
export interface StoreCall {
  readonly id: number;
  readonly now: Timestamp;
  readonly method: keyof CourseStore;
  readonly args: readonly unknown[];
}

/** What came of the call with the id; 0 is that the store is open. */
export type FromStore =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: ErrorCode | null; readonly message: string } };

/** A store that one process holds for another. */
export interface StoreSettings {
  readonly kind: "store";
  readonly configuration: string;
  readonly home: string;
  readonly archiveFrom: number;
  readonly compactFrom: number;
  /** Records from which on threads of their own fold and archive; there are none where it is not said. */
  readonly threadsFrom?: number;
  /** Where the clock stands first. */
  readonly now: number;
  /** What the clock keeps in reserve, in microseconds. */
  readonly reserve: number;
}

/** What a process of ours says where it cannot do what it was started for. */
export interface WorkerFailure {
  readonly kind: "failed";
  readonly error: string;
}
