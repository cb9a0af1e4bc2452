import { expect, test } from "vitest";
import { addToSummary, emptySummary, type FeatureSummary } from "./feature-summary.ts";
import { histogramsOf } from "./histogram.ts";

function summaryOf(values: readonly (number | null)[]): FeatureSummary {
  const summary = emptySummary({ kind: "float64", nullable: true })!;
  for (const value of values) addToSummary(summary, value);
  return summary;
}

test("counts every number once, in bins that both samples share", () => {
  const trained = Array.from({ length: 1000 }, (_, i) => i - 500);
  const served = [...Array.from({ length: 100 }, (_, i) => i * 10), null, Infinity, -Infinity, NaN];
  const { edges, ...bins } = histogramsOf(summaryOf(trained), summaryOf(served))!;
  expect(edges).toHaveLength(25);
  expect(edges.every((edge, i) => i === 0 || edge > edges[i - 1])).toBe(true);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  expect(sum(bins.trained)).toBe(1000);
  // Null and NaN are no numbers; infinities lie beyond, at either end.
  expect(sum(bins.served)).toBe(102);
  expect(bins.served[0]).toBeGreaterThanOrEqual(1);
  // Each bin holds what lies in it, but for what is as near to an edge as a summary is exact.
  for (let i = 1; i < 23; i++) {
    const within = (slack: number): number =>
      trained.filter(
        (x) => x >= edges[i] + slack * Math.abs(edges[i]) && x < edges[i + 1] - slack * Math.abs(edges[i + 1]),
      ).length;
    expect(bins.trained[i]).toBeGreaterThanOrEqual(within(1 / 32));
    expect(bins.trained[i]).toBeLessThanOrEqual(within(-1 / 32));
  }
});

test("has room for a feature that is always the same", () => {
  const { edges, trained, served } = histogramsOf(summaryOf([3, 3]), summaryOf([]))!;
  expect([edges[0], edges[24]]).toEqual([expect.closeTo(2.5, 1), expect.closeTo(3.5, 1)]);
  expect(trained.filter((count) => count > 0)).toEqual([2]);
  expect(served.every((count) => count === 0)).toBe(true);
});

test("has none of what is no number, and none of nothing", () => {
  const texts = emptySummary({ kind: "string", nullable: false })!;
  expect(histogramsOf(texts, texts)).toBeNull();
  expect(histogramsOf(summaryOf([null]), summaryOf([]))).toBeNull();
});
