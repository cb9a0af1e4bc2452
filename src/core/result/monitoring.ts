import type { ErrorCode } from "../errors.ts";
import type { Durations } from "../metrics/duration-histogram.ts";
import type { Histograms } from "../metrics/histogram.ts";
import type { Timestamp } from "../time/timestamp.ts";

/** A served value that history does not give, found while serving. */
export interface AuditedDifference {
  /** A feature, or `status alias`, `event time alias`, `prediction`. */
  readonly what: string;
  readonly t: Timestamp;
  /** The inputs of the service as they were asked, as text. */
  readonly request: Readonly<Record<string, string | null>>;
  readonly loads: Readonly<Record<string, number>>;
  readonly served: string;
  readonly recomputed: string;
  /** The prediction it was served with; null for features that were asked for alone. */
  readonly id: string | null;
}

export interface AuditCounts {
  compared: number;
  different: number;
}

/** What comparing a sample of what a service or a model answered with history came to. */
export interface AuditTarget {
  /** Answers with features alone, or predictions. */
  readonly kind: "features" | "predict";
  /** Of the service, or of the model. */
  readonly name: string;
  /** Answers compared. */
  readonly answers: number;
  readonly compared: number;
  readonly different: number;
  /** By feature, `status alias`, `event time alias`, `prediction`. Where both sides are null nothing is compared. */
  readonly features: Readonly<Record<string, Readonly<AuditCounts>>>;
  /** The first few of each feature. */
  readonly examples: readonly AuditedDifference[];
  /** Answers that wait to be looked at. Of predictions: those of this process, sampled or not. */
  readonly waiting: number;
  /** The moment of the oldest of these; null where none waits. */
  readonly oldest: Timestamp | null;
  /** Sampled answers that were given up: too many waited, or the process ended before their turn. */
  readonly dropped: number;
  /** Sampled answers that were left out: records they may rest on were erased, as `forget` does. */
  readonly unverifiable: number;
  /** When answers were compared last, by the store's clock. */
  readonly lastRun: Timestamp | null;
}

/** The audit that goes on while the store serves. */
export interface AuditReport {
  /** Whether this process audits: it does where it writes the store and the configuration lets it. */
  readonly running: boolean;
  /** The share of requests that is audited, and how often, in microseconds. */
  readonly sample: number;
  readonly every: number;
  readonly answers: number;
  readonly compared: number;
  readonly different: number;
  readonly dropped: number;
  readonly unverifiable: number;
  readonly waiting: number;
  /** How long the oldest answer that waits has waited, in microseconds; 0 where none does. */
  readonly lag: number;
  readonly lastRun: Timestamp | null;
  /** Attempts that failed since the last that did not, and why the last one did. */
  readonly failures: number;
  readonly failure: string | null;
  readonly targets: readonly AuditTarget[];
}

export interface FeatureDrift {
  readonly feature: string;
  /** The population stability index. */
  readonly psi: number | null;
  /** The index to be expected of as many values without any drift. */
  readonly chance: number | null;
  /** The Kolmogorov–Smirnov statistic; null for features that are no numbers. */
  readonly ks: number | null;
  readonly trained: { readonly rows: number; readonly nulls: number };
  readonly served: { readonly rows: number; readonly nulls: number };
}

/** How far what a version of a model is served with is from what it was trained on. */
export interface ModelDrift {
  readonly model: string;
  readonly version: number;
  /** The start of the period that is looked at. */
  readonly since: Timestamp;
  readonly predictions: number;
  /** Of the features that have a summary: not timestamps, lists and counts. */
  readonly features: readonly FeatureDrift[];
}

/** What became of rows that a shadow was to predict. */
export interface ShadowedRows {
  readonly model: string;
  readonly version: number;
  /** Predicted and logged; that it failed for; that were given up, because too many waited or it ended. */
  readonly predictions: number;
  readonly errors: number;
  readonly dropped: number;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

/** What a version did as a shadow, all in all; `error` is why it failed last. */
export type ShadowReport = ShadowedRows;

/** How a feature is spread in what the promoted version of a model was trained on and is served with. */
export interface FeatureDistribution {
  /** Null where no version serves. */
  readonly version: number | null;
  /** Null of what is no number, or where nothing is known of it. */
  readonly histogram: Histograms | null;
}

/** What a service answered since it is defined as it is. */
export interface ServiceRates {
  readonly service: string;
  readonly answers: number;
  readonly views: readonly {
    /** The alias of the view in the service. */
    readonly view: string;
    readonly notFound: number;
    readonly expired: number;
    readonly overflow: number;
    /** Of all values of all features of the view. */
    readonly nulls: number;
    readonly values: number;
  }[];
  /** Nulls by feature. */
  readonly features: Readonly<Record<string, number>>;
}

/** How long a view took of the requests that were measured: to decode what the store holds, and to make its features. */
export interface ViewTime extends Durations {
  readonly view: string;
}

/** How old what a source holds is. */
export interface SourceFreshness {
  readonly source: string;
  readonly newestEvent: Timestamp | null;
  readonly newestAvailable: Timestamp | null;
  /** From these to the store's present, in microseconds. */
  readonly eventAge: number | null;
  readonly availableAge: number | null;
}

/** How well the store serves: is it fresh, is it right, is it asked for what its models know. */
export interface MonitoringReport {
  readonly now: Timestamp;
  readonly watermark: Timestamp | null;
  /** `now − watermark`, in microseconds. */
  readonly freshness: number | null;
  readonly log: {
    readonly start: number;
    readonly end: number;
    readonly folded: number;
    readonly archived: number;
    /** Records and loads that are accepted and cannot be read online yet. */
    readonly unfolded: number;
    /** Bytes of records that wait for the disk, and from how many on more are refused; 0 where another process writes. */
    readonly queued: number;
    readonly queueLimit: number;
  };
  readonly sources: readonly SourceFreshness[];
  readonly services: readonly ServiceRates[];
  readonly audit: AuditReport;
  readonly drift: readonly ModelDrift[];
  /** Of each model that has a shadow. */
  readonly shadows: readonly ShadowReport[];
  /** Views that were asked for together without a service, as Feast's clients may, and in how many answers each was. */
  readonly unnamed: readonly { readonly view: string; readonly answers: number }[];
  /** Of one request in 251 for each service, since the process that writes began. */
  readonly viewTimes: readonly ViewTime[];
}
