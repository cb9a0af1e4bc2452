import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { areaUnderCurve } from "./area-under-curve.ts";
import {
  comparedMetrics,
  type ComparedMetric,
  estimate,
  pairedDifference,
  standardError,
  unpairedDifference,
} from "./estimate.ts";
import { evaluate } from "./metrics.ts";
import { groupByScore } from "./score-groups.ts";

type Row = readonly [a: number, b: number, label: 0 | 1];

const score = fc.oneof(fc.constantFrom(0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const rows = fc
  .array(fc.tuple(score, score, fc.constantFrom<0 | 1>(0, 1)), { minLength: 4, maxLength: 40 })
  .filter((some) => [0, 1].every((label) => some.filter((row) => row[2] === label).length >= 2));

const column = (some: readonly Row[], place: 0 | 1 | 2): Float64Array => Float64Array.from(some, (row) => row[place]);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const covariance = (x: readonly number[], y: readonly number[]) =>
  x.reduce((sum, value, i) => sum + (value - mean(x)) * (y[i] - mean(y)), 0) / (x.length - 1);

/** Of two models on the same rows, as DeLong et al. have it: from the covariances of the components, pair by pair. */
function byCovariances(some: readonly Row[]) {
  const [positives, negatives] = [1, 0].map((label) => some.filter((row) => row[2] === label));
  const beats = (x: number, y: number) => (x > y ? 1 : x === y ? 0.5 : 0);
  const of = (side: 0 | 1) => ({
    positive: positives.map((p) => mean(negatives.map((n) => beats(p[side], n[side])))),
    negative: negatives.map((n) => mean(positives.map((p) => beats(p[side], n[side])))),
  });
  const [a, b] = [of(0), of(1)];
  const spread = (x: readonly number[], y: readonly number[]) =>
    (covariance(x, x) + covariance(y, y) - 2 * covariance(x, y)) / x.length;
  return {
    difference: mean(a.positive) - mean(b.positive),
    variance: spread(a.positive, b.positive) + spread(a.negative, b.negative),
  };
}

describe("estimates", () => {
  test("are the metrics, and the AUC's error is the one it has alone", () => {
    fc.assert(
      fc.property(rows, (some) => {
        const [predictions, labels] = [column(some, 0), column(some, 2)];
        for (const task of ["classification", "regression"] as const) {
          const metrics = evaluate(task, predictions, labels) as unknown as Record<ComparedMetric, number>;
          for (const name of comparedMetrics[task])
            expect(estimate(name, predictions, labels).value).toBe(metrics[name]);
        }
        const alone = areaUnderCurve(groupByScore(predictions, labels)).standardError!;
        expect(standardError(estimate("auc", predictions, labels))).toBeCloseTo(alone, 12);
      }),
    );
  });

  test("of two areas on the same rows differ as their covariances say", () => {
    fc.assert(
      fc.property(rows, (some) => {
        const [a, b] = ([0, 1] as const).map((side) => estimate("auc", column(some, side), column(some, 2)));
        const found = pairedDifference(a, b)!;
        const expected = byCovariances(some);
        expect(found.difference).toBeCloseTo(expected.difference, 12);
        expect(found.standardError! ** 2).toBeCloseTo(expected.variance, 10);
      }),
    );
  });

  test("do not depend on the order of rows, to the last bit", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 1000 }), (some, salt) => {
        const order = some.map((row, i) => ({ row, key: Math.sin(i * salt) })).sort((x, y) => x.key - y.key);
        const shuffled = order.map(({ row }) => row);
        for (const name of ["auc", "logLoss", "rmse", "mae"] as const) {
          const of = (given: readonly Row[]) =>
            pairedDifference(
              estimate(name, column(given, 0), column(given, 2)),
              estimate(name, column(given, 1), column(given, 2)),
            );
          expect(of(shuffled)).toEqual(of(some));
        }
      }),
    );
  });

  test("of a model and itself do not differ, and on rows of its own the errors add up", () => {
    const some: Row[] = Array.from({ length: 30 }, (_, i) => [(i % 7) / 7, 0, i % 3 === 0 ? 1 : 0]);
    for (const name of ["auc", "logLoss", "rmse", "mae"] as const) {
      const one = estimate(name, column(some, 0), column(some, 2));
      expect(pairedDifference(one, one)).toEqual({ difference: 0, standardError: 0, low: 0, high: 0 });
      expect(unpairedDifference(one, one)!.standardError).toBeCloseTo(Math.SQRT2 * standardError(one)!, 12);
    }
  });

  test("have no error where there is too little to tell, and no AUC of one class", () => {
    const labels = Float64Array.of(1, 1, 0);
    const predictions = Float64Array.of(0.9, 0.4, 0.3);
    const auc = estimate("auc", predictions, labels);
    expect(pairedDifference(auc, auc)).toEqual({ difference: 0, standardError: null, low: null, high: null });
    const one = estimate("auc", predictions, Float64Array.of(1, 1, 1));
    expect(one.value).toBeNull();
    expect(pairedDifference(one, one)).toBeNull();
    expect(standardError(estimate("logLoss", Float64Array.of(0.5), Float64Array.of(1)))).toBeNull();
  });

  test("have intervals that hold the truth in about 95 of 100 samples", () => {
    // A linear congruential generator (Lehmer), fixed seed.
    let state = 20_010_630;
    const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    let held = 0;
    const samples = 400;
    for (let sample = 0; sample < samples; sample++) {
      // Two models that are as good as one another: the truth is no difference.
      const some = Array.from({ length: 120 }, (): Row => {
        const risk = next();
        const noisy = (): number => Math.min(Math.max(risk + (next() - 0.5) / 2, 0.01), 0.99);
        return [noisy(), noisy(), next() < risk ? 1 : 0];
      });
      const [a, b] = ([0, 1] as const).map((side) => estimate("auc", column(some, side), column(some, 2)));
      const { low, high } = pairedDifference(a, b)!;
      if (low! <= 0 && high! >= 0) held++;
    }
    // Four standard deviations of a binomial distribution.
    expect(Math.abs(held / samples - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / samples));
  });
});
