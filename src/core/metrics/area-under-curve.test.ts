import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { areaUnderCurve } from "./area-under-curve.ts";
import { groupByScore } from "./score-groups.ts";

type Scored = readonly [score: number, label: 0 | 1];

const area = (rows: readonly Scored[]) =>
  areaUnderCurve(
    groupByScore(
      Float64Array.from(rows, ([score]) => score),
      Float64Array.from(rows, ([, label]) => label),
    ),
  );

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);

/** Every pair of a positive and a negative, as DeLong et al. define the area and its variance. */
function byPairs(rows: readonly Scored[]) {
  const positives = rows.filter(([, label]) => label === 1).map(([score]) => score);
  const negatives = rows.filter(([, label]) => label === 0).map(([score]) => score);
  const beats = (x: number, y: number) => (x > y ? 1 : x === y ? 0.5 : 0);
  const ofPositive = positives.map((x) => mean(negatives.map((y) => beats(x, y))));
  const ofNegative = negatives.map((y) => mean(positives.map((x) => beats(x, y))));
  return {
    auc: mean(ofPositive),
    standardError: Math.sqrt(variance(ofPositive) / positives.length + variance(ofNegative) / negatives.length),
  };
}

/** Few scores, so that ties are common, or many. */
const scored = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ min: 0, max: 1, noNaN: true }));
const rows = fc.array(fc.tuple(scored, fc.constantFrom<0 | 1>(0, 1)), { minLength: 1, maxLength: 40 });

describe("area under the curve", () => {
  test("equals the count over all pairs", () => {
    fc.assert(
      fc.property(rows, (some) => {
        const all: Scored[] = [...some, [0, 0], [1, 1], [2, 0], [3, 1]];
        const oracle = byPairs(all);
        const found = area(all);
        expect(found.auc).toBeCloseTo(oracle.auc, 12);
        expect(found.standardError).toBeCloseTo(oracle.standardError, 12);
      }),
    );
  });

  test("does not depend on the order of rows, and turns over with the scores", () => {
    fc.assert(
      fc.property(rows, (some) => {
        expect(area(some.toReversed())).toEqual(area(some));
        const { auc } = area(some);
        const turned = area(some.map(([score, label]) => [-score, label] as const)).auc;
        if (auc === null) expect(turned).toBeNull();
        else expect(turned).toBeCloseTo(1 - auc, 12);
      }),
    );
  });

  test("known values", () => {
    expect(
      area([
        [0.1, 0],
        [0.4, 0],
        [0.35, 1],
        [0.8, 1],
      ]).auc,
    ).toBe(0.75);
    expect(
      area([
        [0, 0],
        [1, 1],
      ]),
    ).toEqual({ auc: 1, standardError: null });
    expect(
      area([
        [5, 0],
        [5, 1],
        [5, 0],
        [5, 1],
      ]),
    ).toEqual({ auc: 0.5, standardError: 0 });
  });

  test("is undefined without both classes", () => {
    expect(
      area([
        [0.2, 1],
        [0.3, 1],
      ]),
    ).toEqual({ auc: null, standardError: null });
    expect(area([[0.2, 0]])).toEqual({ auc: null, standardError: null });
  });

  test("its standard error is that of repeated samples", () => {
    // Scores normal, positives one standard deviation higher. A linear congruential generator (Lehmer), fixed seed.
    let state = 42;
    const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const samples = Array.from({ length: 400 }, () =>
      area(
        Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? ([normal() + 1, 1] as const) : ([normal(), 0] as const))),
      ),
    );
    const spread = Math.sqrt(variance(samples.map(({ auc }) => auc!)));
    const told = mean(samples.map(({ standardError }) => standardError!));
    expect(told / spread).toBeGreaterThan(0.9);
    expect(told / spread).toBeLessThan(1.1);
  });
});
