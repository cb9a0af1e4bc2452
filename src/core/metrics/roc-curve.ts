import type { ScoreGroups } from "./score-groups.ts";

/** How many rows of either class are taken for positive from a threshold on. */
export interface RocPoint {
  /** Rows whose prediction is at least this. */
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** A receiver operating characteristic: points by falling threshold, from (0, 0), which is none of them, to all rows. */
export interface RocCurve {
  readonly positives: number;
  readonly negatives: number;
  readonly points: readonly RocPoint[];
}

/** So many points draw a curve that is wider than any screen needs. */
const POINTS = 100;

/**
 * The curve with exact counts, at every threshold where there are at most a hundred, else at the first one past each
 * hundredth of its way, (TPR + FPR) / 2. A function of the multiset of (prediction, label). Null without both classes.
 */
export function rocCurve({ count, scores, positives, negatives }: ScoreGroups): RocCurve | null {
  let [m, n] = [0, 0];
  for (let group = 0; group < count; group++) {
    m += positives[group];
    n += negatives[group];
  }
  if (m === 0 || n === 0) return null;
  const points: RocPoint[] = [];
  let [truePositives, falsePositives] = [0, 0];
  let reached = 0;
  for (let group = count - 1; group >= 0; group--) {
    truePositives += positives[group];
    falsePositives += negatives[group];
    const step = Math.floor(((truePositives * n + falsePositives * m) * POINTS) / (2 * m * n));
    if (count > POINTS && step === reached) continue;
    reached = step;
    points.push({ threshold: scores[group], truePositives, falsePositives });
  }
  return { positives: m, negatives: n, points };
}
