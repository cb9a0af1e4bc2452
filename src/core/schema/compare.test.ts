import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyDouble } from "../../../test/oracle/doubles.ts";
import { compareStrings, compareValues } from "./compare.ts";
import type { Value } from "./data-type.ts";

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b", "\uD7FF", "\uE000", "\uFFFF", "\u{10000}", "\u{10FFFF}", "\0") }),
  fc.string({ unit: "grapheme" }).filter((text) => text.isWellFormed()),
);

describe("compareStrings", () => {
  it("orders as the UTF-8 bytes do", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareStrings(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("compareValues", () => {
  it.each<[string, Value[]]>([
    ["null first", [null, ""]],
    ["booleans", [null, false, true]],
    ["numbers, NaN last", [null, -Infinity, -1.5, 0, 5e-324, 2, Infinity, Number.NaN]],
    ["bigints", [null, -(2n ** 63n), -1n, 0n, 2n ** 63n - 1n]],
    ["strings", [null, "", "\0", "a", "\uFFFF", "\u{10000}"]],
  ])("orders %s", (_, values) => {
    for (const [i, a] of values.entries())
      for (const [j, b] of values.entries()) expect(Math.sign(compareValues(a, b))).toBe(Math.sign(i - j));
  });

  it("is a total order of numbers", () => {
    fc.assert(
      fc.property(anyDouble, anyDouble, anyDouble, (a, b, c) => {
        expect(compareValues(a, b)).toBe(0 - compareValues(b, a));
        expect(compareValues(a, b) === 0).toBe(Object.is(a, b));
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it("holds values of different kinds for a fault of ours", () => {
    expect(() => compareValues(1, 1n)).toThrow("internal error");
  });
});
