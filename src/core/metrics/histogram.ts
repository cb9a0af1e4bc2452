import type { FeatureSummary } from "./feature-summary.ts";

/** How numbers of two samples are spread over the same bins of equal width. */
export interface Histograms {
  /** One more than there are bins. What is beyond them counts in the first and in the last bin. */
  readonly edges: readonly number[];
  readonly trained: readonly number[];
  readonly served: readonly number[];
}

const BINS = 24;
/** The share of the first sample, and of the second, that may lie beyond the bins at either end. */
const BEYOND = 0.005;

/**
 * Histograms of two summaries of a feature; null where they are not of numbers, or have none. A number counts where the
 * middle of its bucket in the summary lies, which is off by at most 1/64 of it.
 */
export function histogramsOf(training: FeatureSummary, serving: FeatureSummary): Histograms | null {
  if (training.kind !== "numbers" || serving.kind !== "numbers") return null;
  const bounds = [training.sketch, serving.sketch].flatMap((sketch) =>
    [BEYOND, 1 - BEYOND].map((q) => sketch.quantile(q)).filter((one) => one !== null && Number.isFinite(one)),
  ) as number[];
  if (bounds.length === 0) return null;
  let [low, high] = [Math.min(...bounds), Math.max(...bounds)];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const edges = Array.from({ length: BINS + 1 }, (_, i) => low + ((high - low) * i) / BINS);
  const binned = (sketch: typeof training.sketch): number[] => {
    const bins = Array.from({ length: BINS }, () => 0);
    for (const [value, count] of sketch.middles()) {
      if (Number.isNaN(value)) continue;
      const bin = Math.floor(((value - low) / (high - low)) * BINS);
      bins[Math.min(BINS - 1, Math.max(0, bin))] += count;
    }
    return bins;
  };
  return { edges, trained: binned(training.sketch), served: binned(serving.sketch) };
}
