/** Upper bounds of the buckets, in seconds: from a quarter of a millisecond to ten seconds. */
export const BOUNDS: readonly number[] = [
  0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** How long things took: how many up to each bound, beyond the last one, and the sum. */
export class Histogram {
  /** By bucket alone, not added up; the last is of what took longer than any bound. */
  readonly buckets: number[] = Array.from({ length: BOUNDS.length + 1 }, () => 0);
  sum = 0;

  observe(seconds: number): void {
    let i = 0;
    while (i < BOUNDS.length && seconds > BOUNDS[i]) i++;
    this.buckets[i]++;
    this.sum += seconds;
  }

  add({ buckets, sum }: Pick<Histogram, "buckets" | "sum">): void {
    for (let i = 0; i < buckets.length; i++) this.buckets[i] += buckets[i];
    this.sum += sum;
  }
}
