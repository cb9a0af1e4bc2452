import { ExactSum } from "../aggregation/exact-sum.ts";
import { logLosses } from "./log-loss.ts";
import type { Metrics } from "./metrics.ts";
import { areaUnderCurve } from "./area-under-curve.ts";
import { groupByScore } from "./score-groups.ts";
import { rootMeanSquareError } from "./root-mean-square-error.ts";

/** The metrics that versions are compared by. Of each task in the order they are shown. */
export const comparedMetrics = {
  classification: ["auc", "logLoss"],
  regression: ["rmse", "mae"],
} as const satisfies Record<Metrics["task"], readonly string[]>;

export type ComparedMetric = (typeof comparedMetrics)[Metrics["task"]][number];

/**
 * A metric, and what each row adds to its deviation: the standard error follows from how these spread, within each
 * stratum. Those of two models on the same rows may be subtracted, row by row: then it follows for their difference.
 */
export interface Estimate {
  readonly value: number | null;
  readonly influence: Float64Array;
  /** The rows whose influences are a sample of their own: of either label for the AUC, else all. */
  readonly strata: readonly Uint32Array[];
}

/** A difference of a metric, with an interval that holds the true one in about 95 of 100 cases. */
export interface MetricDifference {
  readonly difference: number;
  readonly standardError: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** The quantile of the normal distribution that leaves 2.5 % on either side. */
const Z = 1.959963984540054;

export function estimate(metric: ComparedMetric, predictions: Float64Array, labels: Float64Array): Estimate {
  const all = [Uint32Array.from(labels.keys())];
  switch (metric) {
    case "auc":
      return {
        value: areaUnderCurve(groupByScore(predictions, labels)).auc,
        influence: placements(predictions, labels),
        strata: [1, 0].map((label) => all[0].filter((row) => labels[row] === label)),
      };
    case "logLoss":
      return meanOf(logLosses(predictions, labels), all);
    case "mae":
      return meanOf(
        labels.map((label, row) => Math.abs(label - predictions[row])),
        all,
      );
    case "rmse": {
      const value = rootMeanSquareError(predictions, labels);
      // The delta method: d√m = dm / 2√m, m the mean of squares.
      const influence = labels.map((label, row) => (value === 0 ? 0 : (label - predictions[row]) ** 2 / (2 * value)));
      return { value, influence, strata: all };
    }
  }
}

/** √Σ s²/n over the strata; null where one has fewer than two rows. A function of the multiset of rows. */
export function standardError({ influence, strata }: Estimate): number | null {
  if (strata.some(({ length }) => length < 2)) return null;
  const variance = strata.map((rows) => {
    const sum = new ExactSum();
    for (const row of rows) sum.add(influence[row]);
    const mean = sum.value() / rows.length;
    sum.clear();
    for (const row of rows) sum.add((influence[row] - mean) ** 2);
    return sum.value() / (rows.length - 1) / rows.length;
  });
  return Math.sqrt(variance.reduce((total, one) => total + one, 0));
}

/** `a − b` of two models on the same rows; null where either is undefined. */
export function pairedDifference(a: Estimate, b: Estimate): MetricDifference | null {
  if (a.value === null || b.value === null) return null;
  const influence = a.influence.map((own, row) => own - b.influence[row]);
  return interval(a.value - b.value, standardError({ value: null, influence, strata: a.strata }));
}

/** `a − b` of two models on different rows. */
export function unpairedDifference(a: Estimate, b: Estimate): MetricDifference | null {
  if (a.value === null || b.value === null) return null;
  const [ofA, ofB] = [standardError(a), standardError(b)];
  return interval(a.value - b.value, ofA === null || ofB === null ? null : Math.hypot(ofA, ofB));
}

function interval(difference: number, error: number | null): MetricDifference {
  if (error === null) return { difference, standardError: null, low: null, high: null };
  return { difference, standardError: error, low: difference - Z * error, high: difference + Z * error };
}

function meanOf(influence: Float64Array, strata: Estimate["strata"]): Estimate {
  const sum = new ExactSum();
  sum.addAll(influence);
  return { value: sum.value() / influence.length, influence, strata };
}

/**
 * For each row of either label the share of rows of the other that are scored on the right side of it, ties counting
 * half: the components of DeLong, DeLong & Clarke-Pearson ("Comparing the areas under two or more correlated ROC
 * curves", Biometrics 44, 1988), whose covariances over the same rows are those of the areas.
 */
function placements(predictions: Float64Array, labels: Float64Array): Float64Array {
  const positives = predictions.filter((_, row) => labels[row] === 1).sort();
  const negatives = predictions.filter((_, row) => labels[row] !== 1).sort();
  return predictions.map((score, row) => {
    const others = labels[row] === 1 ? negatives : positives;
    if (others.length === 0) return 0;
    const [below, upTo] = [firstNotBelow(others, score), firstAbove(others, score)];
    const half = (below + upTo) / 2;
    return labels[row] === 1 ? half / others.length : (others.length - half) / others.length;
  });
}

function firstNotBelow(sorted: Float64Array, score: number): number {
  return firstWhere(sorted, (other) => other >= score);
}

function firstAbove(sorted: Float64Array, score: number): number {
  return firstWhere(sorted, (other) => other > score);
}

function firstWhere(sorted: Float64Array, holds: (score: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
