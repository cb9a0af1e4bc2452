import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLaw, type Contribution, folded } from "../../../test/oracle/aggregation-law.ts";
import { compareValues } from "../schema/compare.ts";
import { type DataType, t, type Value } from "../schema/data-type.ts";
import { algebraOf, type OrderKey, outputType } from "./aggregation.ts";

/** The order of the contract, said once more and as plainly as possible. */
function inOrder(items: readonly Contribution[]): Value[] {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const rank = (a: Contribution, b: Contribution): number[] => [
    a.order.event - b.order.event,
    a.order.available - b.order.available,
    compareValues(a.order.order, b.order.order),
    text(a.order.bytes) < text(b.order.bytes) ? -1 : text(a.order.bytes) > text(b.order.bytes) ? 1 : 0,
    compareValues(a.value, b.value),
  ];
  return [...items].sort((a, b) => rank(a, b).find((each) => each !== 0) ?? 0).map(({ value }) => value);
}

const samples: readonly (readonly [DataType, fc.Arbitrary<Exclude<Value, null>>])[] = [
  [t.string(), fc.constantFrom("", "a", "b", "\uffee", "😀")],
  [t.int32(), fc.integer({ min: -2, max: 2 })],
  [t.int64(), fc.bigInt({ min: -2n, max: 2n ** 63n - 1n })],
  [t.float64({ nonFinite: true }), fc.constantFrom(0, 0.1, Number.NaN, -Infinity, 5e-324)],
  [t.boolean(), fc.boolean()],
  [t.timestamp(), fc.maxSafeInteger()],
];

describe.each(samples)("the law over %j", (type, value) => {
  test("first", () => {
    checkLaw(algebraOf({ kind: "first" }, type), value, (items) => inOrder(items)[0] ?? null, { group: false });
  });
  test("last", () => {
    checkLaw(algebraOf({ kind: "last" }, type), value, (items) => inOrder(items).at(-1) ?? null, { group: false });
  });
  test.each([1, 3, 100])("lastN, n = %i", (n) => {
    const oracle = (items: readonly Contribution[]): Value[] => inOrder(items).reverse().slice(0, n);
    checkLaw(algebraOf({ kind: "lastN", n }, type), value, oracle, { group: false, numRuns: 100 });
  });
});

test("the level that differs first decides: event, available, order column, bytes", () => {
  const key = (event: number, available: number, order: Value, ...bytes: number[]): OrderKey => ({
    event,
    available,
    order,
    bytes: Uint8Array.from(bytes),
  });
  const ascending = [
    key(1, 9, "z", 255),
    key(2, 3, "z", 255),
    key(2, 4, null, 255),
    key(2, 4, "\uffee", 255),
    key(2, 4, "😀", 0),
    key(2, 4, "😀", 0, 0),
    key(2, 4, "😀", 128),
  ];
  const items = ascending.map((order, value) => ({ order, value }));
  const algebra = algebraOf({ kind: "lastN", n: 10 }, t.int32());
  expect(algebra.finish(folded(algebra, [...items].reverse()))).toEqual([6, 5, 4, 3, 2, 1, 0]);
});

test("types, and numbers that have no meaning", () => {
  expect(outputType({ kind: "lastN", n: 3 }, t.nullable(t.string()))).toEqual({
    kind: "list",
    of: { kind: "string", nullable: false },
    nullable: false,
  });
  expect(outputType({ kind: "last" }, t.boolean())).toEqual({ kind: "boolean", nullable: true });
  for (const n of [0, -1, 1.5, Number.NaN, 10_001])
    expect(() => algebraOf({ kind: "lastN", n }, t.int32())).toThrow(
      expect.objectContaining({ code: "ASOF_DEFINITION" }),
    );
  expect(() => algebraOf({ kind: "last" }, null)).toThrow(expect.objectContaining({ code: "ASOF_DEFINITION" }));
});
