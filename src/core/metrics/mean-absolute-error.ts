import { ExactSum } from "../aggregation/exact-sum.ts";

/** Mean of |label − prediction|, in units of the label. The sum is exact: row order is immaterial. */
export function meanAbsoluteError(predictions: Float64Array, labels: Float64Array): number {
  const sum = new ExactSum();
  for (let row = 0; row < predictions.length; row++) sum.add(Math.abs(labels[row] - predictions[row]));
  return sum.value() / predictions.length;
}
