import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLaw, type Contribution, folded } from "../../../test/oracle/aggregation-law.ts";
import { anyDouble, everydayDouble, finiteDouble } from "../../../test/oracle/doubles.ts";
import { exactSum, exactVariance } from "../../../test/oracle/exact.ts";
import { compareValues } from "../schema/compare.ts";
import { type DataType, t, type Value } from "../schema/data-type.ts";
import { type AggregationSpec, algebraOf, outputType } from "./aggregation.ts";

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -(2n ** 53n) - 1n),
);
const text = fc.oneof(
  fc.constantFrom("", "a", "é", "\uffee", "😀", "ab"),
  fc.string({ unit: "grapheme", maxLength: 5 }),
);

const valuesOf: Record<DataType["kind"], fc.Arbitrary<Exclude<Value, null>>> = {
  string: text,
  boolean: fc.boolean(),
  int32: fc.integer(),
  int64,
  float64: anyDouble,
  timestamp: fc.maxSafeInteger(),
};
const numeric = ["boolean", "int32", "int64", "float64"] as const;
const kinds = Object.keys(valuesOf) as DataType["kind"][];
const typeOf = (kind: DataType["kind"]): DataType => (kind === "float64" ? t.float64({ nonFinite: true }) : t[kind]());

const numbers = (items: readonly Contribution[]): (number | bigint)[] =>
  items.map(({ value }) => (typeof value === "boolean" ? Number(value) : (value as number | bigint)));
const orNull = <T>(items: readonly unknown[], make: () => T): T | null => (items.length === 0 ? null : make());

const oracles = {
  sum: (items: readonly Contribution[]) => orNull(items, () => exactSum(numbers(items))),
  avg: (items: readonly Contribution[]) => orNull(items, () => exactSum(numbers(items)) / items.length + 0),
  var: (items: readonly Contribution[]) => exactVariance(numbers(items)),
  stddev: (items: readonly Contribution[]) => {
    const variance = exactVariance(numbers(items));
    return variance === null ? null : Math.sqrt(variance);
  },
};

describe("the law", () => {
  test("count", () => {
    checkLaw(algebraOf({ kind: "count" }, null), fc.boolean(), (items) => items.length, { group: true });
  });

  describe.each(["sum", "avg", "var", "stddev"] as const)("%s", (kind) => {
    test.each(numeric)("of %s", (input) => {
      checkLaw(algebraOf({ kind }, typeOf(input)), valuesOf[input], oracles[kind], { group: true });
    });
    test("of everyday and of extreme finite values", () => {
      const algebra = algebraOf({ kind }, t.float64());
      checkLaw(algebra, everydayDouble, oracles[kind], { group: true, maxLength: 100 });
      checkLaw(algebra, finiteDouble, oracles[kind], { group: true });
    });
  });

  describe.each([
    ["min", (a: Value, b: Value) => compareValues(a, b) < 0],
    ["max", (a: Value, b: Value) => compareValues(a, b) > 0],
  ] as const)("%s", (kind, before) => {
    test.each(kinds)("of %s", (input) => {
      const oracle = (items: readonly Contribution[]): Value =>
        items.reduce<Value>((best, { value }) => (best === null || before(value, best) ? value : best), null);
      checkLaw(algebraOf({ kind }, typeOf(input)), valuesOf[input], oracle, { group: false, numRuns: 150 });
    });
  });
});

const of = (spec: AggregationSpec, type: DataType, values: readonly Exclude<Value, null>[]): unknown => {
  const order = { event: 0, available: 0, order: null, bytes: new Uint8Array() };
  const algebra = algebraOf(spec, type);
  return algebra.finish(
    folded(
      algebra,
      values.map((value) => ({ value, order })),
    ),
  );
};

describe("examples", () => {
  test("a variance that naive sums of squares lose", () => {
    expect(of({ kind: "var" }, t.float64(), [1e8 + 1, 1e8 + 2, 1e8 + 3])).toBe(1);
    expect(of({ kind: "var" }, t.float64(), [1e300, 1e300])).toBe(0);
    expect(of({ kind: "var" }, t.float64(), [1e200, -1e200])).toBe(Infinity);
    expect(of({ kind: "var" }, t.float64(), [1e-200, -1e-200])).toBe(0);
    expect(of({ kind: "var" }, t.float64(), [1e-160, -1e-160])).toBe(2e-320);
    expect(of({ kind: "stddev" }, t.float64(), [1, 1])).toBe(0);
    expect(of({ kind: "var" }, t.int64(), [2n ** 62n, 2n ** 62n + 1n])).toBe(0.5);
    expect(of({ kind: "var" }, t.float64(), [5])).toBeNull();
  });

  test("sums of what cancels, overflows and does not fit a double", () => {
    for (const order of [
      [1e308, 1e308, -1e308],
      [1e308, -1e308, 1e308],
      [-1e308, 1e308, 1e308],
    ])
      expect(of({ kind: "sum" }, t.float64(), order)).toBe(1e308);
    expect(of({ kind: "sum" }, t.int64(), [2n ** 53n, 1n, 1n])).toBe(2 ** 53 + 2);
    expect(of({ kind: "sum" }, t.int64(), [2n ** 53n + 1n, 1n])).toBe(2 ** 53 + 2);
    expect(of({ kind: "avg" }, t.boolean(), [true, false, true, true])).toBe(0.75);
  });

  test("nothing is null, and counts as 0", () => {
    expect(of({ kind: "count" }, t.string(), [])).toBe(0);
    for (const kind of ["sum", "avg", "min", "max", "var", "stddev"] as const)
      expect(of({ kind }, t.float64(), [])).toBeNull();
  });
});

describe("types", () => {
  test("of results", () => {
    expect(outputType({ kind: "count" }, null)).toEqual({ kind: "float64", nullable: false });
    expect(outputType({ kind: "sum" }, t.int64())).toEqual({ kind: "float64", nullable: true });
    expect(outputType({ kind: "max" }, t.string())).toEqual({ kind: "string", nullable: true });
    expect(outputType({ kind: "avg" }, t.float64({ nonFinite: true }))).toEqual({
      kind: "float64",
      nullable: true,
      nonFinite: true,
    });
  });

  test("that do not fit are refused", () => {
    for (const kind of ["sum", "avg", "var", "stddev"] as const)
      for (const input of [t.string(), t.timestamp(), null]) {
        expect(() => algebraOf({ kind }, input)).toThrow(expect.objectContaining({ code: "ASOF_DEFINITION" }));
        expect(() => outputType({ kind }, input)).toThrow(expect.objectContaining({ code: "ASOF_DEFINITION" }));
      }
    expect(() => algebraOf({ kind: "min" }, null)).toThrow(expect.objectContaining({ code: "ASOF_DEFINITION" }));
  });
});
