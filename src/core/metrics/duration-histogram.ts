/** Upper bounds of the buckets for requests, in seconds: from a quarter of a millisecond to ten seconds. */
export const REQUEST_BOUNDS: readonly number[] = [
  0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** For parts of requests: from a microsecond to a tenth of a second. */
export const PART_BOUNDS: readonly number[] = [
  0.000_001, 0.000_002_5, 0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005,
  0.01, 0.025, 0.05, 0.1,
];

/** What a histogram has counted. */
export interface Durations {
  /** By bucket alone, not added up; the last is of what took longer than any bound. */
  readonly buckets: readonly number[];
  /** In seconds. */
  readonly sum: number;
}

/** How long things took: how many up to each bound, beyond the last one, and the sum. */
export class DurationHistogram implements Durations {
  readonly buckets: number[];
  sum = 0;
  private readonly bounds: readonly number[];

  constructor(bounds: readonly number[] = REQUEST_BOUNDS) {
    this.bounds = bounds;
    this.buckets = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(seconds: number): void {
    const { bounds } = this;
    let i = 0;
    while (i < bounds.length && seconds > bounds[i]) i++;
    this.buckets[i]++;
    this.sum += seconds;
  }

  add({ buckets, sum }: Durations): void {
    for (let i = 0; i < buckets.length; i++) this.buckets[i] += buckets[i];
    this.sum += sum;
  }
}
