import type { FeatureSummary } from "./feature-summary.ts";
import { type BucketCounts, kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";
import { populationStability, stabilityByChance } from "./population-stability.ts";

/** How far the values of a feature at serving are from those at training. */
export interface Drift {
  /** The population stability index over the deciles of training, or over its most frequent values; nulls are a bin. */
  readonly psi: number | null;
  /** The index to be expected of as many values without any drift. */
  readonly chance: number | null;
  /** The Kolmogorov–Smirnov statistic of the numbers that are not null; null for other features. */
  readonly ks: number | null;
}

const BINS = 10;

/** Compares two summaries of a feature, the second made to be compared with the first. */
export function driftOf(training: FeatureSummary, serving: FeatureSummary): Drift {
  if (training.kind === "numbers" && serving.kind === "numbers") {
    const [before, now] = [training.sketch.counts(), serving.sketch.counts()];
    const edges = decileEdges(before);
    const [expected, actual] = [binned(before, edges), binned(now, edges)];
    return {
      ...stability([...expected, training.nulls], [...actual, serving.nulls]),
      ks: kolmogorovSmirnov(before, now),
    };
  }
  if (training.kind === "categories" && serving.kind === "categories") {
    const values = [...training.counts.keys()];
    const expected = [...values.map((value) => training.counts.get(value)!), training.others, training.nulls];
    const actual = [...values.map((value) => serving.counts.get(value) ?? 0), serving.others, serving.nulls];
    return { ...stability(expected, actual), ks: null };
  }
  return { psi: null, chance: null, ks: null };
}

function stability(expected: readonly number[], actual: readonly number[]): Pick<Drift, "psi" | "chance"> {
  return { psi: populationStability(expected, actual), chance: stabilityByChance(expected, actual) };
}

/** The buckets in which the deciles of a sample lie, each once: the last bucket of each bin but the last. */
function decileEdges({ buckets, counts }: BucketCounts): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const edges: number[] = [];
  let below = 0;
  // The last bucket ends the last bin.
  for (let i = 0; i < buckets.length - 1; i++) {
    const [before, until] = [below, (below += counts[i])];
    if (Math.floor((until * BINS) / total) > Math.floor((before * BINS) / total)) edges.push(buckets[i]);
  }
  return edges;
}

function binned({ buckets, counts }: BucketCounts, edges: readonly number[]): number[] {
  const bins = Array.from({ length: edges.length + 1 }, () => 0);
  let bin = 0;
  for (let i = 0; i < buckets.length; i++) {
    while (bin < edges.length && buckets[i] > edges[bin]) bin++;
    bins[bin] += counts[i];
  }
  return bins;
}
