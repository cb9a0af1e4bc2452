import type { Metrics } from "../metrics/metrics.ts";
import type { Knowledge } from "./knowledge.ts";
import type { ServingRole } from "./serving-role.ts";
import type { Timestamp } from "../time/timestamp.ts";

/** A bulk load that is in. */
export interface LoadOutcome {
  readonly source: string;
  readonly rows: number;
  /** Rows that were known already and left out: by the source's `id`, or all of them by the idempotency key. */
  readonly duplicates: number;
  /** Rows that were set aside, with the file that holds them; 0 and null where loads are all or nothing. */
  readonly rejected: number;
  readonly rejectsFile: string | null;
  readonly bytes: number;
  readonly files: number;
  readonly position: number;
  readonly seconds: number;
  /** Rows declared known earlier than their load. */
  readonly declaredEarlier: number;
  readonly minEvent: Timestamp | null;
  readonly maxEvent: Timestamp | null;
  readonly warnings: readonly string[];
}

/** What happened to records that were sent. */
export interface IngestOutcome {
  readonly source: string;
  /** Records newly taken. */
  readonly accepted: number;
  /** Records that were known already, by the source's `id` or by the request's idempotency key. */
  readonly duplicates: number;
  /**
   * The log position of the first that was newly taken. Where none was: that of the request's first time if it had an
   * idempotency key, else the end of the log, below which all of them are.
   */
  readonly position: number;
  /** Likewise the arrival time of the first (record i arrived i µs later), or the latest of all. */
  readonly stamp: Timestamp;
}

/** What became of retractions; `position` and `stamp` as in an `IngestOutcome`. */
export interface RetractOutcome {
  readonly source: string;
  /** Records that are withdrawn. */
  readonly retracted: number;
  /** Retractions that came before their record and wait for it. */
  readonly waiting: number;
  /** Retractions of what was withdrawn already, or waits to be. */
  readonly duplicates: number;
  readonly position: number;
  readonly stamp: Timestamp;
}

/** What became of corrections; `position` and `stamp` as in an `IngestOutcome`. */
export interface CorrectOutcome {
  readonly source: string;
  /** Records newly taken. */
  readonly accepted: number;
  /** Of these, records that came in the place of another one. */
  readonly replaced: number;
  /** Of these, records whose original has yet to come, and will not count. */
  readonly waiting: number;
  /** Corrections to what is there already. */
  readonly duplicates: number;
  readonly position: number;
  readonly stamp: Timestamp;
}

export interface ComputeOutcome {
  readonly view: string;
  /** The moment as of which it was computed: new versions are available from it on, but for a backfill. */
  readonly t: Timestamp;
  /** New rows and new versions of rows. */
  readonly rows: number;
  readonly unchanged: number;
  readonly backfill: boolean;
  /** The log position that its rows entered at; null where there were none. */
  readonly position: number | null;
  readonly bytes: number;
  readonly seconds: number;
}

export interface DatasetOutcome {
  readonly service: string;
  readonly path: string;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
  /** By which knowledge its rows were answered. */
  readonly knowledge: Knowledge;
  /** With knowledge "now": the moment whose knowledge that was. */
  readonly knownAt?: Timestamp;
  readonly warnings: readonly string[];
}

export interface MaterializeOutcome {
  readonly view: string;
  readonly keys: number;
  readonly records: number;
  /** Written to the online store, keys and values. */
  readonly bytes: number;
  /** The log position that the online state continues from. */
  readonly position: number;
  /** "unchanged" where there was nothing to do. */
  readonly how: "built" | "updated" | "unchanged" | "resumed";
  readonly seconds: number;
}

export interface TrainOutcome {
  readonly model: string;
  readonly version: number;
  readonly promoted: boolean;
  readonly trainRows: number;
  readonly testRows: number;
  readonly metrics: Metrics;
  /** The same trainer without the store's features: request-time features only. Null where there are none. */
  readonly baseline: Metrics | null;
  /** What a trainer that is not ours found out itself. */
  readonly trainerMetrics?: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly seconds: number;
}

export interface ModelSummary {
  readonly model: string;
  readonly version: number;
  readonly createdAt: Timestamp;
  readonly promoted: boolean;
  /** What it does while the model serves; null where it does nothing. */
  readonly role: ServingRole | null;
  /** Of a canary: of the keys. */
  readonly share: number | null;
  readonly fingerprint: string;
  readonly sha256: string;
  readonly runtime: string;
  readonly bytes: number;
  readonly trainer: string;
  readonly trainingSet: {
    readonly from: Timestamp;
    readonly until: Timestamp;
    readonly rows: number;
    readonly sha256: string;
  };
  readonly heldOut: { readonly from: Timestamp; readonly until: Timestamp; readonly rows: number };
  readonly metrics: Metrics;
  readonly baseline: Metrics | null;
}

export interface ReplayOutcome {
  readonly source: string;
  readonly records: number;
  /** How much the log grew. */
  readonly bytes: number;
  readonly from: Timestamp;
  readonly until: Timestamp;
  readonly seconds: number;
}
