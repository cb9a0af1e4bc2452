import type { Metrics } from "../metrics/metrics.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Timestamp } from "../time/timestamp.ts";

/** A bulk load that is in. */
export interface LoadOutcome {
  readonly source: string;
  readonly rows: number;
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
  readonly accepted: number;
  /** The log position of the first. */
  readonly position: number;
  /** The arrival time of the first; record i arrived i µs later. */
  readonly stamp: Timestamp;
}

export interface ComputeOutcome {
  readonly view: string;
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
  readonly bytes: number;
  readonly seconds: number;
}

export interface ModelSummary {
  readonly model: string;
  readonly version: number;
  readonly createdAt: Timestamp;
  readonly promoted: boolean;
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
