import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { populationStability, stabilityByChance } from "./population-stability.ts";

const counts = fc.array(fc.tuple(fc.nat(500), fc.nat(500)), { minLength: 1, maxLength: 12 });

/** The definition over the raw samples: each value is the number of its bin, and half a value is added to each bin. */
function naive(expected: readonly number[], actual: readonly number[]): number {
  const bins = [...new Set([...expected, ...actual])];
  const share = (sample: readonly number[], bin: number): number =>
    (sample.filter((one) => one === bin).length + 0.5) / (sample.length + 0.5 * bins.length);
  return bins
    .map((bin) => (share(actual, bin) - share(expected, bin)) * Math.log(share(actual, bin) / share(expected, bin)))
    .reduce((sum, term) => sum + term, 0);
}

const samples = (bins: readonly number[]): number[] =>
  bins.flatMap((count, bin) => Array.from({ length: count }, () => bin));

describe("the population stability index", () => {
  test("is that of the raw samples", () => {
    fc.assert(
      fc.property(counts, (bins) => {
        const [expected, actual] = [bins.map(([e]) => e), bins.map(([, a]) => a)];
        fc.pre(expected.some((n) => n > 0) && actual.some((n) => n > 0));
        expect(populationStability(expected, actual)).toBeCloseTo(naive(samples(expected), samples(actual)), 9);
      }),
      { seed: 1 },
    );
  });

  test("is never negative, and the same the other way round", () => {
    fc.assert(
      fc.property(counts, (bins) => {
        const [expected, actual] = [bins.map(([e]) => e), bins.map(([, a]) => a)];
        fc.pre(expected.some((n) => n > 0) && actual.some((n) => n > 0));
        const index = populationStability(expected, actual)!;
        expect(index).toBeGreaterThanOrEqual(0);
        expect(populationStability(actual, expected)).toBeCloseTo(index, 12);
      }),
      { seed: 2 },
    );
  });

  test("of a published example: shares of 0.2 and 0.8 against 0.4 and 0.6", () => {
    const million = 1e6;
    const index = populationStability([0.2 * million, 0.8 * million], [0.4 * million, 0.6 * million]);
    expect(index).toBeCloseTo(0.2 * Math.log(2) - 0.2 * Math.log(0.75), 5);
  });

  test("is nothing where a sample is empty, and 0 where the shares are equal", () => {
    expect(populationStability([0, 0], [1, 2])).toBeNull();
    expect(populationStability([1, 2], [0, 0])).toBeNull();
    expect(stabilityByChance([1, 2], [0, 0])).toBeNull();
    expect(populationStability([10, 0, 30], [10, 0, 30])).toBe(0);
  });

  test("by chance is about what samples of one distribution have on average", () => {
    // A generator of numbers with a fixed seed (mulberry32).
    let state = 7;
    const random = (): number => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    const sample = (n: number): number[] => {
      const bins = Array.from({ length: 10 }, () => 0);
      for (let i = 0; i < n; i++) bins[Math.floor(random() * 10)]++;
      return bins;
    };
    let [sum, chance] = [0, 0];
    const rounds = 400;
    for (let i = 0; i < rounds; i++) {
      const [expected, actual] = [sample(2000), sample(500)];
      sum += populationStability(expected, actual)!;
      chance = stabilityByChance(expected, actual)!;
    }
    expect(chance).toBeCloseTo(9 * (1 / 2000 + 1 / 500), 12);
    expect(sum / rounds / chance).toBeGreaterThan(0.9);
    expect(sum / rounds / chance).toBeLessThan(1.1);
  });
});
