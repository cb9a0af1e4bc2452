import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLaw, type Contribution, folded } from "../../../test/oracle/aggregation-law.ts";
import { everydayDouble } from "../../../test/oracle/doubles.ts";
import { naiveResult } from "../../../test/oracle/naive.ts";
import { compareOrdered } from "./order-key.ts";
import { removable } from "./removable.ts";
import { compareValues } from "../schema/compare.ts";
import { type DataType, t, type Value } from "../schema/data-type.ts";
import {
  type AggregationSpec,
  type Algebra,
  algebraOf,
  type Keyed,
  outputType,
  type PlainSpec,
} from "./aggregation.ts";

const keys: readonly (readonly [DataType, fc.Arbitrary<Exclude<Value, null>>])[] = [
  [t.string(), fc.constantFrom("", "a", "b", "__proto__", "\uffee", "😀", "7")],
  [t.int32(), fc.integer({ min: -3, max: 3 })],
  [t.int64(), fc.bigInt({ min: 2n ** 63n - 6n, max: 2n ** 63n - 1n })],
  [t.boolean(), fc.boolean()],
];
const specs: readonly PlainSpec[] = [
  { kind: "count" },
  { kind: "sum" },
  { kind: "avg" },
  { kind: "var" },
  { kind: "stddev" },
  { kind: "min" },
  { kind: "max" },
  { kind: "first" },
  { kind: "last" },
  { kind: "countDistinct", exact: 1000 },
];
const groups = new Set(["count", "sum", "avg", "var", "stddev", "countDistinct"]);

const keyedOf = (spec: PlainSpec, key: DataType, limit: number): Algebra<unknown, Keyed> =>
  algebraOf({ kind: "per", each: spec, limit }, t.float64(), key);

/** Records with their values and keys, in the order of records. */
function inOrder(items: readonly Contribution<Keyed>[]): Keyed[] {
  const ordered = items.map(({ value, order }) => ({ value: value.value, key: order, keyed: value }));
  return ordered.sort(compareOrdered).map(({ keyed }) => keyed);
}

describe.each(specs)("$kind, for each", (each) => {
  describe.each(keys)("%j", (type, key) => {
    const item: fc.Arbitrary<Keyed> = fc.record({ key, value: everydayDouble });
    test.each([2, 100])("of at most %i keys", (limit) => {
      const spec = { kind: "per", each, limit } as const;
      const oracle = (items: readonly Contribution<Keyed>[]) => naiveResult(spec, inOrder(items));
      const algebra = keyedOf(each, type, limit);
      checkLaw(algebra, item, oracle, { group: false, numRuns: 60 });
      expect(algebra.sliding !== undefined).toBe(groups.has(each.kind));
      checkLaw(removable(algebra, t.float64()), item, oracle, { group: true, numRuns: 60 });
    });
  });
});

test("states that are never stored forget what leaves them, also from above the limit", () => {
  const item = fc.record({ key: fc.constantFrom("a", "b", "c", "d"), value: everydayDouble });
  fc.assert(
    fc.property(
      fc.constantFrom<PlainSpec>(
        { kind: "count" },
        { kind: "sum" },
        { kind: "stddev" },
        { kind: "countDistinct", exact: 1000 },
      ),
      fc.array(item, { maxLength: 30 }),
      fc.nat({ max: 30 }),
      fc.integer({ min: 1, max: 4 }),
      (each, items, gone, limit) => {
        const spec: AggregationSpec = { kind: "per", each, limit };
        const sliding = keyedOf(each, t.string(), limit).sliding!;
        let state = sliding.empty();
        for (const each of items) state = sliding.add(state, each);
        for (const each of items.slice(0, gone)) state = sliding.remove!(state, each);
        const left = items.slice(gone);
        expect(sliding.finish(state)).toStrictEqual(naiveResult(spec, left));
        expect(sliding.isEmpty(state)).toBe(left.length === 0);
        expect(sliding.overflows!(state)).toBe(new Set(left.map(({ key }) => key)).size > limit);
      },
    ),
    { numRuns: 500 },
  );
});

test("quantiles by key are those of the values under it", () => {
  const spec = { kind: "quantile", q: 0.5, accuracy: 0.01 } as const;
  const plain = algebraOf(spec, t.float64());
  const order = { event: 0, available: 0, order: null, bytes: new Uint8Array() };
  const of = (values: readonly number[]): unknown =>
    plain.finish(
      folded(
        plain,
        values.map((value) => ({ value, order })),
      ),
    );
  checkLaw(
    keyedOf(spec, t.string(), 3),
    fc.record({ key: fc.constantFrom("a", "b", "c", "d"), value: everydayDouble }),
    (items) => {
      const by = Map.groupBy(items, ({ value }) => value.key as string);
      if (by.size > 3) return null;
      return Object.fromEntries(
        [...by]
          .sort(([a], [b]) => compareValues(a, b))
          .map(([key, mine]) => [key, of(mine.map(({ value }) => value.value)) as number]),
      );
    },
    { group: false, numRuns: 100 },
  );
});

test("keys stand in their canonical order", () => {
  const algebra = keyedOf({ kind: "count" }, t.string(), 10);
  const state = ["\u{10000}", "\uffff", "b", "a", "a"].reduce(
    (state, key) => algebra.add(state, { key, value: true }),
    algebra.empty(),
  );
  expect(Object.entries(algebra.finish(state) as object)).toEqual([
    ["a", 2],
    ["b", 1],
    ["\uffff", 1],
    ["\u{10000}", 1],
  ]);
});

describe("types", () => {
  test("of results", () => {
    expect(outputType({ kind: "per", each: { kind: "sum" }, limit: 9 }, t.int64(), t.nullable(t.string()))).toEqual({
      kind: "map",
      key: t.string(),
      of: t.float64(),
      nullable: true,
    });
    expect(outputType({ kind: "per", each: { kind: "var" }, limit: 9 }, t.int32(), t.boolean())).toEqual({
      kind: "map",
      key: t.boolean(),
      of: t.nullable(t.float64()),
      nullable: true,
    });
  });

  test("that do not fit are refused", () => {
    const refused = expect.objectContaining({ code: "ASOF_DEFINITION" }) as Error;
    const per = (each: PlainSpec, limit = 9): AggregationSpec => ({ kind: "per", each, limit });
    const sum: PlainSpec = { kind: "sum" };
    for (const key of [t.float64(), t.timestamp(), null])
      expect(() => algebraOf(per(sum), t.int32(), key)).toThrow(refused);
    expect(() => algebraOf(per(sum), t.string(), t.string())).toThrow(refused);
    for (const limit of [0, 1.5, 100_001])
      expect(() => algebraOf(per(sum, limit), t.int32(), t.string())).toThrow("limit");
    for (const each of [
      { kind: "lastN", n: 2 },
      { kind: "topK", k: 1, limit: 5 },
      { kind: "histogram", limit: 5 },
    ] as const)
      expect(() => algebraOf(per(each), t.int32(), t.string())).toThrow("gives a collection");
  });
});
