import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Value } from "../schema/data-type.ts";
import { driftOf } from "./drift.ts";
import {
  addToSummary,
  closeSummary,
  emptyLike,
  emptySummary,
  type FeatureSummary,
  mergeSummary,
  type SummaryData,
  summaryFromJson,
  summaryRows,
  summaryToJson,
} from "./feature-summary.ts";
import { populationStability } from "./population-stability.ts";

const float = { kind: "float64", nullable: true } as const;
const text = { kind: "string", nullable: true } as const;

function trained(type: typeof float | typeof text, values: readonly Value[]): FeatureSummary {
  const summary = emptySummary(type)!;
  for (const value of values) addToSummary(summary, value);
  return closeSummary(summary);
}

function served(training: FeatureSummary, values: readonly Value[]): FeatureSummary {
  const summary = emptyLike(training);
  for (const value of values) addToSummary(summary, value);
  return summary;
}

const range = (n: number, of: (i: number) => Value): Value[] => Array.from({ length: n }, (_, i) => of(i));

describe("drift of numbers", () => {
  test("over the deciles of training is the index of the raw samples in these bins", () => {
    // Powers of two: each has a bucket of its own, so that the bins are those of the numbers.
    const power = fc.option(fc.integer({ min: -20, max: 20 }).map((n) => 2 ** n));
    fc.assert(
      fc.property(fc.array(power, { minLength: 1 }), fc.array(power, { minLength: 1 }), (before, now) => {
        const training = trained(float, before);
        const numbers = before.filter((x) => x !== null).toSorted((a, b) => a - b);
        const deciles = range(9, (d) => numbers[Math.ceil(((d + 1) * numbers.length) / 10) - 1]);
        const edges = [...new Set(deciles)].filter((edge) => edge !== numbers.at(-1)) as number[];
        const bin = (x: number | null): number =>
          x === null ? edges.length + 1 : edges.filter((edge) => x > edge).length;
        const counted = (sample: readonly (number | null)[]): number[] =>
          Array.from({ length: edges.length + 2 }, (_, i) => sample.filter((x) => bin(x) === i).length);
        const { psi } = driftOf(training, served(training, now));
        expect(psi).toBeCloseTo(populationStability(counted(before), counted(now))!, 9);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test("is small where nothing changed, and much where all moved", () => {
    const training = trained(
      float,
      range(10_000, (i) => i % 1000),
    );
    const same = driftOf(
      training,
      served(
        training,
        range(5000, (i) => (i * 7) % 1000),
      ),
    );
    expect(same.psi).toBeLessThan(0.001);
    expect(same.ks).toBeLessThan(0.01);
    const moved = driftOf(
      training,
      served(
        training,
        range(5000, (i) => ((i * 7) % 1000) + 500),
      ),
    );
    expect(moved.psi).toBeGreaterThan(0.25);
    expect(moved.ks).toBeCloseTo(0.5, 1);
  });

  test("is seen where values become null, which the statistic of the numbers does not tell", () => {
    const training = trained(
      float,
      range(1000, (i) => i),
    );
    const { psi, ks } = driftOf(
      training,
      served(
        training,
        range(1000, (i) => (i % 2 === 0 ? null : i)),
      ),
    );
    expect(psi).toBeGreaterThan(0.25);
    expect(ks).toBeLessThan(0.02);
  });

  test("is undefined before anything was served", () => {
    const training = trained(float, [1, 2]);
    expect(driftOf(training, served(training, []))).toEqual({ psi: null, chance: null, ks: null });
  });
});

describe("drift of values", () => {
  test("counts the most frequent one by one, and all that training did not know as others", () => {
    const training = trained(text, [
      ...range(300, () => "a"),
      ...range(100, () => "b"),
      ...range(60, (i) => `rare ${i}`),
    ]);
    expect(training).toMatchObject({ others: 12, nulls: 0 });
    expect(summaryRows(training)).toBe(460);
    const serving = served(training, ["a", "a", "new", "newer", null]);
    expect(serving).toMatchObject({ others: 2, nulls: 1 });
    expect(driftOf(training, serving).psi).toBeGreaterThan(0);
    expect(driftOf(training, serving).ks).toBeNull();
    expect(driftOf(training, training).psi).toBe(0);
  });
});

describe("a summary", () => {
  test.each([
    ["numbers", float, [1, 2.5, -3, null, 0, 1e30, 7]],
    ["values", text, ["x", "y", null, "x", "ü"]],
  ] as const)("of %s is the same through JSON, and made in parts", (_, type, values) => {
    const whole = trained(type, values);
    const stored = JSON.parse(JSON.stringify(summaryToJson(whole))) as SummaryData;
    expect(stored).toEqual(summaryToJson(whole));
    expect(summaryToJson(summaryFromJson(stored))).toEqual(stored);
    const parts = emptyLike(whole);
    mergeSummary(parts, served(whole, values.slice(0, 3)));
    mergeSummary(parts, served(whole, values.slice(3)));
    expect(summaryToJson(parts)).toEqual(summaryToJson(whole));
  });

  test("there is none of timestamps and collections", () => {
    expect(emptySummary({ kind: "timestamp", nullable: true })).toBeNull();
    expect(emptySummary({ kind: "list", of: float, nullable: false })).toBeNull();
  });
});
