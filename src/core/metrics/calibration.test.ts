import fc from "fast-check";
import { expect, test } from "vitest";
import { calibrationBins, expectedCalibrationError } from "./calibration.ts";
import { groupByScore } from "./score-groups.ts";

const bins = (predictions: readonly number[], labels: readonly number[]) =>
  calibrationBins(groupByScore(Float64Array.from(predictions), Float64Array.from(labels)));

const probability = fc.oneof(fc.constantFrom(0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const rows = fc.array(fc.tuple(probability, fc.constantFrom(0, 1)), { minLength: 1, maxLength: 100 });

test("distinct predictions make ten bins of equal counts", () => {
  const predictions = Array.from({ length: 50 }, (_, i) => i / 50);
  const labels = predictions.map((p) => (p >= 0.5 ? 1 : 0));
  const found = bins(predictions, labels);
  expect(found.map(({ count }) => count)).toEqual(Array(10).fill(5));
  expect(found[0]).toEqual({ count: 5, predicted: expect.closeTo(0.04, 14), observed: 0 });
  expect(found[9]).toEqual({ count: 5, predicted: expect.closeTo(0.94, 14), observed: 1 });
});

test("equal predictions stay in one bin", () => {
  expect(bins([0.3, 0.3, 0.3, 0.3], [1, 0, 0, 0])).toEqual([{ count: 4, predicted: 0.3, observed: 0.25 }]);
  const found = bins([...Array(15).fill(0.1), 0.2, 0.3, 0.4, 0.5, 0.6], Array(20).fill(0));
  expect(found.map(({ count }) => count)).toEqual([15, 1, 2, 2]);
});

test("bins hold every row once, ascend, and do not depend on the order of rows", () => {
  fc.assert(
    fc.property(rows, (some) => {
      const found = bins(
        some.map(([p]) => p),
        some.map(([, label]) => label),
      );
      expect(found.length).toBeLessThanOrEqual(10);
      expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(some.length);
      expect(found.reduce((sum, { count, observed }) => sum + Math.round(count * observed), 0)).toBe(
        some.filter(([, label]) => label === 1).length,
      );
      for (let i = 1; i < found.length; i++) expect(found[i].predicted).toBeGreaterThan(found[i - 1].predicted);
      const turned = some.toReversed();
      expect(
        bins(
          turned.map(([p]) => p),
          turned.map(([, label]) => label),
        ),
      ).toEqual(found);
    }),
  );
});

test("the expected error weighs bins by their rows", () => {
  const error = expectedCalibrationError([
    { count: 3, predicted: 0.25, observed: 0.5 },
    { count: 1, predicted: 1, observed: 0.5 },
  ]);
  expect(error).toBe((3 * 0.25 + 1 * 0.5) / 4);
});
