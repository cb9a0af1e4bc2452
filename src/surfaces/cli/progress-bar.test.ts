import fc from "fast-check";
import { expect, test } from "vitest";
import { progressLine } from "./progress-bar.ts";
import { width } from "./text.ts";

const reading = { phase: "reading", done: 1_560_000, total: 3_000_000, unit: "rows" } as const;

test("says what, how far, how many and how long still", () => {
  expect(progressLine(reading, 2.3, 100)).toBe(
    "reading  [############------------]   52 %  1,560,000 / 3,000,000 rows  2.1 s left",
  );
});

test("does not guess in the first moments, nor at the end", () => {
  expect(progressLine(reading, 1, 100)).not.toContain("left");
  expect(progressLine({ ...reading, done: 3_000_000 }, 9, 100)).toBe(
    "reading  [########################]  100 %  3,000,000 / 3,000,000 rows",
  );
});

test("without a total it counts; bytes are sizes", () => {
  expect(progressLine({ phase: "log", done: 12_345, total: null, unit: "rows" }, 3.25, 100)).toBe(
    "log  12,345 rows  3.3 s",
  );
  expect(progressLine({ phase: "log", done: 5e6, total: 1e7, unit: "bytes" }, 1, 100)).toContain("5.0 MB / 10.0 MB");
});

test("stays on one line of any terminal, whatever it is told", () => {
  const amount = fc.double({ min: 0, max: 1e15, noNaN: true });
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      amount,
      fc.option(amount),
      amount,
      fc.integer({ min: 1, max: 300 }),
      (...all) => {
        const [phase, done, total, elapsed, columns] = all;
        const line = progressLine({ phase, done, total, unit: "keys" }, elapsed, columns);
        expect(width(line)).toBeLessThan(Math.max(columns, 1));
        expect(line).not.toContain("\n");
      },
    ),
  );
});
