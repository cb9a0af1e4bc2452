/** A sample by ascending buckets of numbers, each with how many fell into it. */
export interface BucketCounts {
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

/**
 * The Kolmogorov–Smirnov statistic of two samples: the greatest distance of their distribution functions, 0 to 1. It is
 * taken at the bounds of the buckets: never more than that of the numbers themselves, and less by at most the share of
 * the one bucket in which the greatest distance lies. Null where a sample is empty.
 */
export function kolmogorovSmirnov(a: BucketCounts, b: BucketCounts): number | null {
  const [ofA, ofB] = [total(a), total(b)];
  if (ofA === 0 || ofB === 0) return null;
  let [i, j, belowA, belowB, greatest] = [0, 0, 0, 0, 0];
  while (i < a.buckets.length || j < b.buckets.length) {
    const bucket = Math.min(a.buckets[i] ?? Infinity, b.buckets[j] ?? Infinity);
    if (a.buckets[i] === bucket) belowA += a.counts[i++];
    if (b.buckets[j] === bucket) belowB += b.counts[j++];
    greatest = Math.max(greatest, Math.abs(belowA / ofA - belowB / ofB));
  }
  return greatest;
}

function total({ counts }: BucketCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
