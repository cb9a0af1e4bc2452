import type { ComparedMetric, MetricDifference } from "../metrics/estimate.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ServingRole } from "./serving-role.ts";

/** A prediction, and what is known of it: with an outcome its label, else why there is none (see `OutcomeCounts`). */
export interface ScoredPrediction {
  readonly version: number;
  readonly role: ServingRole;
  readonly t: Timestamp;
  readonly value: number;
  readonly fate: "outcome" | "seen" | "far" | "waiting";
  readonly label: number | null;
}

/** What a shadow predicted for a request, beside what that was answered with; `role` is of the latter. */
export interface ScoredPair {
  readonly shadow: number;
  readonly answered: number;
  readonly role: ServingRole;
  readonly values: readonly [shadow: number, answered: number];
  readonly label: number | null;
}

/** Predictions by what is known of how they turned out. */
export interface OutcomeCounts {
  readonly predictions: number;
  readonly withOutcome: number;
  /** The only examples so near were visible already when the prediction was made: those are no outcomes. */
  readonly seen: number;
  /** There are examples of the same inputs, but none so near. */
  readonly far: number;
  /** None of these: nothing has come yet. */
  readonly waiting: number;
}

/** A stretch of a version's time in a role, and how its predictions of then fit what came. */
export interface OutcomeStretch {
  /** The moments of its first and its last prediction. */
  readonly from: Timestamp;
  readonly until: Timestamp;
  readonly withOutcome: number;
  /** The first of the metrics that versions are compared by; null where it is not defined. */
  readonly value: number | null;
  readonly standardError: number | null;
}

/** What a version predicted in a role, and how it turned out. */
export interface VersionOutcomes extends OutcomeCounts {
  readonly version: number;
  readonly role: ServingRole;
  /** The moments of the first and the last of the predictions. */
  readonly first: Timestamp;
  readonly last: Timestamp;
  /** Null where there is no outcome yet. */
  readonly metrics: Metrics | null;
  readonly standardErrors: Readonly<Partial<Record<ComparedMetric, number | null>>>;
  /** Those with outcomes in the order of their moments, in stretches of about as many each: twelve at the most. */
  readonly course: readonly OutcomeStretch[];
}

/** A version that is tried out, against what answered. */
export interface TrialComparison {
  readonly version: number;
  readonly role: ServingRole;
  readonly against: { readonly version: number; readonly role: ServingRole };
  /**
   * Whether both predicted for the same requests, as a shadow and what answered do. Otherwise they are compared over the
   * same time.
   */
  readonly paired: boolean;
  /** Predictions of each; the same number where they are paired. */
  readonly predictions: readonly [own: number, other: number];
  readonly withOutcome: readonly [own: number, other: number];
  /** Of paired predictions, the mean of how far they are from one another; null otherwise. */
  readonly apart: number | null;
  /** Of those with outcomes. */
  readonly metrics: readonly [own: Metrics | null, other: Metrics | null];
  /** Own less other, by metric; what is undefined is left out. */
  readonly differences: Readonly<Partial<Record<ComparedMetric, MetricDifference>>>;
}

/** How well the versions of a model predict, by what has become known since. */
export interface ModelComparison extends OutcomeCounts {
  readonly model: string;
  readonly task: Metrics["task"];
  /** Where outcomes come from. */
  readonly source: string;
  /** Outcomes that were known by then. */
  readonly t: Timestamp;
  /** Predictions of moments in [since, until); null for all. */
  readonly since: Timestamp | null;
  readonly until: Timestamp | null;
  /** How far an outcome may lie from its prediction, in microseconds, and the inputs they share. */
  readonly within: number;
  readonly by: readonly string[];
  readonly versions: readonly VersionOutcomes[];
  readonly trials: readonly TrialComparison[];
}
