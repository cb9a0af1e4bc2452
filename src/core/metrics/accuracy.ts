/** The share of rows predicted rightly when a probability of at least 0.5 is read as class 1. */
export function accuracy(predictions: Float64Array, labels: Float64Array): number {
  let right = 0;
  for (let row = 0; row < predictions.length; row++) if (predictions[row] >= 0.5 === (labels[row] === 1)) right++;
  return right / predictions.length;
}
