/**
 * The predictions of a classification in ascending order, equal ones together, with the labels each was given to.
 * A function of the multiset of (prediction, label): what is computed from it does not depend on the order of rows.
 */
export interface ScoreGroups {
  readonly count: number;
  /** The first `count` elements of each array are in use. */
  readonly scores: Float64Array;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** Groups predictions without NaN by value; `labels` are 0 or 1. O(n log n). */
export function groupByScore(predictions: Float64Array, labels: Float64Array): ScoreGroups {
  const rows = predictions.length;
  const positive = predictions.filter((_, row) => labels[row] === 1).sort();
  const negative = predictions.filter((_, row) => labels[row] !== 1).sort();
  const scores = new Float64Array(rows);
  const positives = new Float64Array(rows);
  const negatives = new Float64Array(rows);
  let count = 0;
  let p = 0;
  let n = 0;
  while (p < positive.length || n < negative.length) {
    const score = Math.min(positive[p] ?? Infinity, negative[n] ?? Infinity);
    const p0 = p;
    const n0 = n;
    while (p < positive.length && positive[p] === score) p++;
    while (n < negative.length && negative[n] === score) n++;
    scores[count] = score;
    positives[count] = p - p0;
    negatives[count] = n - n0;
    count++;
  }
  return { count, scores, positives, negatives };
}
