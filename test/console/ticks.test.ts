import { expect, test } from "vitest";
import { roundTicks, roundTicksWithin, tickTexts } from "../../console/src/parts/plot/ticks.ts";

test("ticks around values are round, and hold all of them", () => {
  expect(tickTexts(roundTicks([0.571, 0.766, 0.751]))).toEqual(["0.55", "0.60", "0.65", "0.70", "0.75", "0.80"]);
  expect(tickTexts(roundTicks([12.4, 18]))).toEqual(["12", "14", "16", "18"]);
  // Where all values are the same there is an axis too.
  expect(roundTicks([3, 3]).length).toBeGreaterThan(1);
});

test("ticks within bounds are round, and hold the bounds that are", () => {
  expect(tickTexts(roundTicksWithin(0, 1.016, 6))).toEqual(["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  expect(tickTexts(roundTicksWithin(-12.3, 20, 6))).toEqual(["−10", "0", "10", "20"]);
  expect(tickTexts(roundTicksWithin(0, 35.1, 4))).toEqual(["0", "10", "20", "30"]);
  expect(tickTexts(roundTicksWithin(0, 30_000, 3))).toEqual(["0", "10,000", "20,000", "30,000"]);
});
