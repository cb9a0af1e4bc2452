import type { ComparedMetric } from "../metrics/estimate.ts";
import type { RocCurve } from "../metrics/roc-curve.ts";

/** How much a model depends on a feature. */
export interface FeatureImportance {
  readonly feature: string;
  /** How much worse the metric is where the feature's values are those of other rows; below 0 where it is better. */
  readonly worse: number;
  /** Of `worse`, on these rows; null where they are too few. */
  readonly standardError: number | null;
}

/**
 * What a model loses where a feature tells nothing: its values are shuffled over the held-out rows, and the metric is
 * measured again (permutation importance: Breiman, "Random Forests", Machine Learning 45, 2001). Features that say the
 * same stand in for one another, and each of them seems to matter little.
 */
export interface PermutationImportance {
  readonly metric: ComparedMetric;
  /** The metric with all features as they are. */
  readonly value: number;
  /** Held-out rows that it was measured on, evenly over their time. */
  readonly rows: number;
  /** The most important first. */
  readonly features: readonly FeatureImportance[];
}

/** What was found of a version on its held-out time, beside its metrics. */
export interface HeldOutFindings {
  /** Null for a regression, and where one class is missing. */
  readonly roc: RocCurve | null;
  /** Of the baseline; null without one. */
  readonly baselineRoc: RocCurve | null;
  /** Null where the metric is not defined on the held-out rows. */
  readonly importance: PermutationImportance | null;
}

export interface ModelEvaluation {
  readonly model: string;
  readonly version: number;
  /** Null for a version that was trained before they were kept. */
  readonly findings: HeldOutFindings | null;
}
