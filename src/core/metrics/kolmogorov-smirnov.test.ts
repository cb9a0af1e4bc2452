import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QuantileSketch } from "../aggregation/quantile-sketch.ts";
import { kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";

const numbers = fc.array(
  fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
    fc.integer({ min: -5, max: 5 }),
    fc.double({ noNaN: true, min: 1, max: 1.1 }),
  ),
  { minLength: 1, maxLength: 60 },
);

/** The greatest distance of the two distribution functions, looked for at every number. */
function naive(a: readonly number[], b: readonly number[]): number {
  const below = (sample: readonly number[], x: number): number =>
    sample.filter((one) => one <= x).length / sample.length;
  return Math.max(...[...a, ...b].map((x) => Math.abs(below(a, x) - below(b, x))));
}

function sketchOf(sample: readonly number[]): QuantileSketch {
  const sketch = new QuantileSketch(5);
  for (const x of sample) sketch.add(x, 1);
  return sketch;
}

/** The middle of the bucket that a number falls into. */
const middle = (x: number): number => sketchOf([x]).quantile(0)!;

describe("the Kolmogorov–Smirnov statistic", () => {
  test("is that of the numbers, each moved to the middle of its bucket", () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const found = kolmogorovSmirnov(sketchOf(a).counts(), sketchOf(b).counts())!;
        expect(found).toBeCloseTo(naive(a.map(middle), b.map(middle)), 12);
      }),
      { seed: 3 },
    );
  });

  test("is at most that of the numbers, and less by no more than the share of one bucket", () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const found = kolmogorovSmirnov(sketchOf(a).counts(), sketchOf(b).counts())!;
        const exact = naive(a, b);
        const share = (sample: readonly number[], bucket: number): number =>
          sample.filter((x) => middle(x) === bucket).length / sample.length;
        const widest = Math.max(
          ...[...a, ...b].map(middle).map((bucket) => Math.max(share(a, bucket), share(b, bucket))),
        );
        expect(found).toBeLessThanOrEqual(exact + 1e-12);
        expect(found).toBeGreaterThanOrEqual(exact - widest - 1e-12);
      }),
      { seed: 4 },
    );
  });

  test("is 0 of equal samples, 1 of samples that do not overlap, nothing of none", () => {
    expect(kolmogorovSmirnov(sketchOf([1, 2, 3]).counts(), sketchOf([1, 1, 2, 2, 3, 3]).counts())).toBe(0);
    expect(kolmogorovSmirnov(sketchOf([1, 2]).counts(), sketchOf([3, 4]).counts())).toBe(1);
    expect(kolmogorovSmirnov(sketchOf([]).counts(), sketchOf([3]).counts())).toBeNull();
  });
});
