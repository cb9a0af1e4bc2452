import { ExactSum } from "../aggregation/exact-sum.ts";
import { rootMeanSquareError } from "./root-mean-square-error.ts";
import { rootMeanSquare } from "./root-mean-square.ts";

/**
 * The share of the labels' variance that the predictions explain: 1 − Σ(label − prediction)² / Σ(label − mean)². 0 is
 * what predicting the mean of these labels gives; below is worse. Null where the labels are all equal, or so nearly
 * that the ratio leaves the doubles.
 */
export function rSquared(predictions: Float64Array, labels: Float64Array): number | null {
  if (labels.every((label) => label === labels[0])) return null;
  const sum = new ExactSum();
  sum.addAll(labels);
  const mean = sum.value() / labels.length;
  const spread = rootMeanSquare(labels.map((label) => label - mean));
  const share = 1 - (rootMeanSquareError(predictions, labels) / spread) ** 2;
  return Number.isFinite(share) ? share : null;
}
