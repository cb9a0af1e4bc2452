import type { ScoreGroups } from "./score-groups.ts";

export interface AreaUnderCurve {
  /** The chance that a positive is scored above a negative, ties counting half. Null without both classes. */
  readonly auc: number | null;
  /** Null with fewer than two rows of either class. */
  readonly standardError: number | null;
}

/**
 * The area under the ROC curve and its standard error.
 *
 * The area is the Mann–Whitney statistic with average ranks for ties, U / (mn) for m positives and n negatives (Hanley
 * & McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982). U is counted in halves, in
 * integers: exact while 2mn < 2⁵³.
 *
 * Its standard error is that of DeLong, DeLong & Clarke-Pearson ("Comparing the areas under two or more correlated
 * ROC curves", Biometrics 44, 1988), which assumes no distribution and holds with ties: √(S₁₀/m + S₀₁/n), where S₁₀
 * is the sample variance over the positives of the share of negatives that each beats, and S₀₁ the same over the
 * negatives. A group of equal scores has one such share, so both are sums over groups, not over pairs.
 */
export function areaUnderCurve({ count, positives, negatives }: ScoreGroups): AreaUnderCurve {
  let m = 0;
  let n = 0;
  let halves = 0;
  for (let group = 0; group < count; group++) {
    halves += positives[group] * (2 * n + negatives[group]);
    m += positives[group];
    n += negatives[group];
  }
  if (m === 0 || n === 0) return { auc: null, standardError: null };
  const auc = halves / (2 * m * n);
  if (m < 2 || n < 2) return { auc, standardError: null };

  let below = 0;
  let above = m;
  let ofPositives = 0;
  let ofNegatives = 0;
  for (let group = 0; group < count; group++) {
    above -= positives[group];
    const beats = (below + negatives[group] / 2) / n - auc;
    const loses = (above + positives[group] / 2) / m - auc;
    ofPositives += positives[group] * beats * beats;
    ofNegatives += negatives[group] * loses * loses;
    below += negatives[group];
  }
  return { auc, standardError: Math.sqrt(ofPositives / ((m - 1) * m) + ofNegatives / ((n - 1) * n)) };
}
