import type { Progress } from "./progress.ts";
import type { MonitoringReport } from "./monitoring.ts";
import type { Timestamp } from "../time/timestamp.ts";

export interface SourceStatus {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  readonly minEvent: Timestamp | null;
  readonly maxEvent: Timestamp | null;
  /** Records that are in the log and not yet in Parquet. */
  readonly inLog: number;
  /** Null where the source keeps everything, and always did. */
  readonly retention: RetentionStatus | null;
}

/** What a source keeps, and what it has dropped. */
export interface RetentionStatus {
  /** For how long after their event records are kept, in microseconds; null where it is for ever now. */
  readonly period: number | null;
  /** From this event on all records are held; null where nothing was dropped. */
  readonly horizon: Timestamp | null;
  /** The beginning of the oldest day of which files are held. */
  readonly oldestDay: Timestamp | null;
  /** All that was ever dropped, and when something was last. */
  readonly dropped: {
    readonly files: number;
    readonly rows: number;
    readonly bytes: number;
    readonly at: Timestamp | null;
  };
}

export interface ViewStatusReport {
  readonly name: string;
  readonly kind: "aggregateView" | "batchView" | "onDemandView";
  /** Rows of a batch view in the offline store; null for other views. */
  readonly offlineRows: number | null;
  /** Keys in the online store; null where the view is not there. */
  readonly onlineKeys: number | null;
  /** The position up to which loads are in the online store; null where the view is not there. */
  readonly onlinePosition: number | null;
  /** Loads and computations that came since. */
  readonly stale: boolean;
  readonly maxEvent: Timestamp | null;
}

export interface ModelStatus {
  readonly name: string;
  readonly versions: number;
  /** The version that serves; null without one. */
  readonly promoted: number | null;
  /** The versions that are tried out beside it. */
  readonly canary: { readonly version: number; readonly share: number } | null;
  readonly shadow: number | null;
  /** Predictions in the served log, as far as it is kept. */
  readonly served: number;
  /** From this moment on all of them are kept; null where nothing was dropped. */
  readonly servedSince: Timestamp | null;
}

/** What a run came to do, and how many seconds after its beginning. */
export interface RunLine {
  readonly seconds: number;
  readonly text: string;
}

export interface RunReport {
  readonly id: number;
  readonly kind: string;
  readonly target: string;
  readonly state: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp | null;
  readonly seconds: number | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly location: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** How far it has come; null where it has ended, does not say, or runs in another process. */
  readonly progress: Progress | null;
  /** What it came to do, the last hundred lines; empty while it runs in another process. */
  readonly log: readonly RunLine[];
}

/** What is in each store, how fresh it is, what ran. */
export interface StatusReport extends Pick<MonitoringReport, "sources" | "services" | "audit" | "drift" | "shadows"> {
  readonly home: string;
  readonly revision: number;
  readonly now: Timestamp;
  readonly watermark: Timestamp | null;
  /** `now − watermark`, in microseconds. */
  readonly freshness: number | null;
  readonly log: MonitoringReport["log"] & { readonly bytes: number };
  readonly offline: { readonly bytes: number; readonly files: number; readonly sources: readonly SourceStatus[] };
  readonly online: { readonly bytes: number };
  readonly views: readonly ViewStatusReport[];
  readonly models: readonly ModelStatus[];
  readonly runs: readonly RunReport[];
}

export interface CatalogEntry {
  readonly kind: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly applied: boolean;
  readonly description: string | null;
  readonly definition: Readonly<Record<string, unknown>>;
}
