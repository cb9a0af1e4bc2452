import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLaw, type Contribution, encoded, folded } from "../../../test/oracle/aggregation-law.ts";
import { anyDouble, everydayDouble } from "../../../test/oracle/doubles.ts";
import { compareNumbers } from "../schema/compare.ts";
import { t } from "../schema/data-type.ts";
import { algebraOf, outputType } from "./aggregation.ts";

const order = { event: 0, available: 0, order: null, bytes: new Uint8Array() };

/** The exact quantile, then what the documented limits and buckets make of it. */
const near = (answer: unknown, items: readonly Contribution[], q: number, accuracy: number): void => {
  if (items.length === 0) return expect(answer).toBeNull();
  const values = items.map(({ value }) => Number(value)).sort(compareNumbers);
  const exact = values[Math.floor(q * (values.length - 1))];
  if (Number.isNaN(exact)) return expect(answer).toBeNaN();
  const magnitude = Math.abs(exact);
  if (magnitude < 2 ** -126) return expect(answer).toBe(0);
  if (magnitude >= 2 ** 128) return expect(answer).toBe(Math.sign(exact) * Infinity);
  return expect(Math.abs((answer as number) - exact)).toBeLessThanOrEqual(accuracy * magnitude);
};

describe.each([0.01, 0.001, 0.5, 0.1])("accuracy %d", (accuracy) => {
  test.each([0, 0.25, 0.5, 0.99, 1])("the law, and the quantile %d to within it", (q) => {
    for (const [type, value] of [
      [t.float64({ nonFinite: true }), anyDouble],
      [t.float64(), everydayDouble],
      [t.int32(), fc.integer()],
      [t.int64(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    ] as const) {
      const algebra = algebraOf({ kind: "quantile", q, accuracy }, type);
      const oracle = (items: readonly Contribution[]): number | null => {
        // The bucket is the sketch's own; that it is the right one is checked against the sorted values.
        const sorted = [...items].sort((a, b) => compareNumbers(Number(a.value), Number(b.value)));
        const answer = algebra.finish(folded(algebra, sorted)) as number | null;
        near(answer, items, q, accuracy);
        return answer;
      };
      checkLaw(algebra, value, oracle, { group: true, numRuns: 40, maxLength: 25 });
    }
  });
});

test("the edges of the range: buckets begin and end where they say", () => {
  const of = (x: number): unknown => {
    const algebra = algebraOf({ kind: "quantile", q: 0.5, accuracy: 0.01 }, t.float64());
    return algebra.finish(folded(algebra, [{ value: x, order }]));
  };
  expect(of(2 ** -126 * (1 - 2 ** -53))).toBe(0);
  expect(of(2 ** -126)).toBe(2 ** -126 * (1 + 1 / 128));
  expect(of(2 ** 128 * (1 - 2 ** -53))).toBe(2 ** 127 * (2 - 1 / 128));
  expect(of(2 ** 128)).toBe(Infinity);
  expect(of(-(2 ** 128))).toBe(-Infinity);
  expect(of(1)).toBe(1 + 1 / 128);
  expect(of(-1)).toBe(-1 - 1 / 128);
  expect(of(1 + 1 / 64)).toBe(1 + 3 / 128);
});

test("one state serves all quantiles", () => {
  const median = algebraOf({ kind: "quantile", q: 0.5, accuracy: 0.01 }, t.float64());
  const top = algebraOf({ kind: "quantile", q: 0.9, accuracy: 0.01 }, t.float64());
  const items = [1, 2, 3].map((value) => ({ value, order }));
  expect(encoded(median, folded(median, items))).toBe(encoded(top, folded(top, items)));
});

test("types, and numbers that have no meaning", () => {
  expect(outputType({ kind: "quantile", q: 0.5, accuracy: 0.01 }, t.int32())).toEqual({
    kind: "float64",
    nullable: true,
  });
  for (const [q, accuracy] of [
    [1.1, 0.01],
    [-0.1, 0.01],
    [Number.NaN, 0.01],
    [0.5, 0],
    [0.5, 0.6],
  ] as const)
    expect(() => algebraOf({ kind: "quantile", q, accuracy }, t.int32())).toThrow(
      expect.objectContaining({ code: "ASOF_DEFINITION" }),
    );
  expect(() => algebraOf({ kind: "quantile", q: 0.5, accuracy: 0.01 }, t.string())).toThrow("needs an argument");
});
