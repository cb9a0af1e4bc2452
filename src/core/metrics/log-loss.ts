import { ExactSum } from "../aggregation/exact-sum.ts";

/** Probabilities are clipped to [ε, 1 − ε], so that one certain error costs 34.5 and not infinity. */
const EPSILON = 1e-15;

/** Mean of −ln(probability given to what happened), clipped at 1e-15. The sum is exact: row order is immaterial. */
export function logLoss(predictions: Float64Array, labels: Float64Array): number {
  const sum = new ExactSum();
  sum.addAll(logLosses(predictions, labels));
  return sum.value() / predictions.length;
}

/** −ln(probability given to what happened) of each row. */
export function logLosses(predictions: Float64Array, labels: Float64Array): Float64Array {
  return predictions.map((prediction, row) => {
    const p = Math.min(Math.max(prediction, EPSILON), 1 - EPSILON);
    return labels[row] === 1 ? -Math.log(p) : -Math.log1p(-p);
  });
}
