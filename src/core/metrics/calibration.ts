import { ExactSum } from "../aggregation/exact-sum.ts";
import type { ScoreGroups } from "./score-groups.ts";

/** Rows of neighbouring predictions: what was predicted for them on average, and what happened. */
export interface CalibrationBin {
  readonly count: number;
  readonly predicted: number;
  readonly observed: number;
}

const BINS = 10;

/**
 * At most ten bins of equal counts, by ascending prediction. Equal predictions stay together, so that the bins do not
 * depend on the order of rows: a bin ends at the first prediction that fills its tenth of the rows.
 */
export function calibrationBins({ count, scores, positives, negatives }: ScoreGroups): CalibrationBin[] {
  let rows = 0;
  for (let group = 0; group < count; group++) rows += positives[group] + negatives[group];

  const bins: CalibrationBin[] = [];
  const sum = new ExactSum();
  let seen = 0;
  let inBin = 0;
  let happened = 0;
  for (let group = 0; group < count; group++) {
    const size = positives[group] + negatives[group];
    for (let row = 0; row < size; row++) sum.add(scores[group]);
    inBin += size;
    seen += size;
    happened += positives[group];
    if (seen * BINS < rows * (Math.floor(((seen - inBin) * BINS) / rows) + 1)) continue;
    bins.push({ count: inBin, predicted: sum.value() / inBin, observed: happened / inBin });
    sum.clear();
    inBin = 0;
    happened = 0;
  }
  return bins;
}

/**
 * Expected calibration error: the mean over rows of |predicted − observed| of their bin (Naeini, Cooper & Hauskrecht,
 * AAAI 2015, with bins of equal counts as in Nixon et al., "Measuring calibration in deep learning", 2019).
 */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  let rows = 0;
  let error = 0;
  for (const { count, predicted, observed } of bins) {
    rows += count;
    error += count * Math.abs(predicted - observed);
  }
  return error / rows;
}
