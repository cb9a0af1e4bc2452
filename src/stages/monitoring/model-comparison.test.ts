import { expect, test } from "vitest";
import { evaluate } from "../../core/metrics/metrics.ts";
import type { ScoredPrediction } from "../../core/result/comparison.ts";
import { compareOutcomes } from "./model-comparison.ts";

const predictions = (count: number): ScoredPrediction[] =>
  Array.from({ length: count }, (_, i) => ({
    version: 1,
    role: "current",
    // Not in the order of their moments, some of which are the same.
    t: Math.floor(((i * 7919) % count) / 3),
    value: ((i * 104_729) % 1000) / 1000,
    fate: i % 5 === 0 ? "waiting" : "outcome",
    label: i % 5 === 0 ? null : (i * 104_729) % 1000 > (i * 31) % 1000 ? 1 : 0,
  }));

test("the course has every outcome once, in the order of moments, whatever the order of predictions", () => {
  const all = predictions(1501);
  const [{ course, withOutcome }] = compareOutcomes("classification", all, []).versions;
  expect(withOutcome).toBe(1200);
  expect(course).toHaveLength(12);
  expect(course.reduce((sum, stretch) => sum + stretch.withOutcome, 0)).toBe(1200);
  for (const [i, { from, until, value, standardError }] of course.entries()) {
    expect(until).toBeGreaterThan(from);
    if (i > 0) expect(from).toBeGreaterThan(course[i - 1].until);
    expect(Math.abs(course[i].withOutcome - 100)).toBeLessThan(4);
    expect(standardError).toBeGreaterThan(0);
    const inside = all.filter(({ t, label }) => label !== null && t >= from && t <= until);
    expect(inside).toHaveLength(course[i].withOutcome);
    const metrics = evaluate(
      "classification",
      Float64Array.from(inside, (one) => one.value),
      Float64Array.from(inside, ({ label }) => label!),
    );
    expect(metrics).toMatchObject({ auc: value, aucStandardError: expect.closeTo(standardError!, 12) });
  }
  expect(compareOutcomes("classification", all.toReversed(), []).versions[0].course).toEqual(course);
});

test("few outcomes have no course, and labels of one kind no value", () => {
  expect(compareOutcomes("classification", predictions(60), []).versions[0].course).toEqual([]);
  const same = predictions(300).map((one) => (one.label === null ? one : { ...one, label: 1 }));
  for (const stretch of compareOutcomes("classification", same, []).versions[0].course)
    expect(stretch).toMatchObject({ value: null, standardError: null });
});
