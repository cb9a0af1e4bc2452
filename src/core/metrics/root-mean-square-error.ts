import { rootMeanSquare } from "./root-mean-square.ts";

/** √(mean of (label − prediction)²), in units of the label. */
export function rootMeanSquareError(predictions: Float64Array, labels: Float64Array): number {
  return rootMeanSquare(labels.map((label, row) => label - predictions[row]));
}
