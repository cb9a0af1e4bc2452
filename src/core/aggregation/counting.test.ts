import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLaw, type Contribution, folded } from "../../../test/oracle/aggregation-law.ts";
import { compareValues } from "../schema/compare.ts";
import { type DataType, t, type Value } from "../schema/data-type.ts";
import { type AggregationSpec, algebraOf, outputType } from "./aggregation.ts";
import { murmur3 } from "./murmur3.ts";

const few: readonly (readonly [DataType, fc.Arbitrary<Exclude<Value, null>>])[] = [
  [t.string(), fc.constantFrom("", "a", "b", "__proto__", "\uffee", "😀", "7")],
  [t.int32(), fc.integer({ min: -5, max: 5 })],
  [t.int64(), fc.bigInt({ min: 2n ** 63n - 6n, max: 2n ** 63n - 1n })],
  [t.boolean(), fc.boolean()],
];
const more = [
  ...few,
  [t.float64({ nonFinite: true }), fc.constantFrom(0, 0.1, Number.NaN, Infinity, -Infinity, 5e-324)],
  [t.timestamp(), fc.integer({ min: -3, max: 3 })],
] as const;

/** Values and how often each occurs, without a map: in canonical order. */
function tally(items: readonly Contribution[]): (readonly [Value, number])[] {
  const values = items.map(({ value }) => value).sort(compareValues);
  const starts = values.map((value, i) => i === 0 || compareValues(value, values[i - 1]) !== 0);
  return values
    .filter((_, i) => starts[i])
    .map((value) => [value, values.filter((other) => compareValues(other, value) === 0).length] as const);
}

const order = { event: 0, available: 0, order: null, bytes: new Uint8Array() };
const finish = (spec: AggregationSpec, type: DataType, values: Iterable<Exclude<Value, null>>): unknown => {
  const algebra = algebraOf(spec, type);
  return algebra.finish(
    folded(
      algebra,
      [...values].map((value) => ({ value, order })),
    ),
  );
};

describe.each(few)("histogram of %j", (type, value) => {
  test.each([3, 100])("limit %i", (limit) => {
    const oracle = (items: readonly Contribution[]): Record<string, number> | null => {
      const counts = tally(items);
      if (counts.length > limit) return null;
      return Object.fromEntries(counts.map(([value, times]) => [String(value), times]));
    };
    checkLaw(algebraOf({ kind: "histogram", limit }, type), value, oracle, { group: false, numRuns: 150 });
  });
});

describe.each(more)("topK of %j", (type, value) => {
  test.each([
    [2, 3],
    [1, 100],
    [4, 100],
  ])("k %i, limit %i", (k, limit) => {
    const oracle = (items: readonly Contribution[]): Value[] | null => {
      const counts = tally(items);
      if (counts.length > limit) return null;
      const frequencies = [...new Set(counts.map(([, times]) => times))].sort((a, b) => b - a);
      return frequencies.flatMap((f) => counts.filter(([, times]) => times === f).map(([value]) => value)).slice(0, k);
    };
    checkLaw(algebraOf({ kind: "topK", k, limit }, type), value, oracle, { group: false, numRuns: 100 });
  });
});

describe.each(more)("countDistinct of %j", (type, value) => {
  test("is exact up to the bound", () => {
    checkLaw(algebraOf({ kind: "countDistinct", exact: 20 }, type), value, (items) => tally(items).length, {
      group: false,
      numRuns: 150,
    });
  });
});

describe("countDistinct", () => {
  test("obeys the law across the bound, and is a function of the set", () => {
    const exact = 6;
    const algebra = algebraOf({ kind: "countDistinct", exact }, t.int32());
    const oracle = (items: readonly Contribution[]): number => {
      const set = tally(items);
      const answer = algebra.finish(
        folded(
          algebra,
          set.map(([value]) => ({ value: value as number, order })),
        ),
      ) as number;
      if (set.length <= exact) expect(answer).toBe(set.length);
      else expect(Math.abs(answer - set.length)).toBeLessThanOrEqual(1);
      return answer;
    };
    checkLaw(algebra, fc.integer({ min: 0, max: 12 }), oracle, { group: false, numRuns: 200 });
  });

  test.each([1001, 5000, 300_000])("estimates %i values to within four standard errors", (n) => {
    const spec = { kind: "countDistinct", exact: 1000 } as const;
    const numbers = function* (): Generator<number> {
      for (let i = 0; i < n; i++) yield i;
    };
    const estimate = finish(spec, t.int32(), numbers()) as number;
    expect(Math.abs(estimate / n - 1)).toBeLessThan(4 * 0.01625);
    expect(Number.isInteger(estimate) && estimate > 1000).toBe(true);
  });
});

describe("limits", () => {
  test("beyond the limit the answer is null and says OVERFLOW, for ever", () => {
    const algebra = algebraOf({ kind: "topK", k: 1, limit: 2 }, t.string());
    const at = (...values: string[]): unknown =>
      folded(
        algebra,
        values.map((value) => ({ value, order })),
      );
    expect(algebra.overflows!(at("a", "b", "a"))).toBe(false);
    expect(algebra.finish(at("a", "b", "b"))).toEqual(["b"]);
    expect(algebra.overflows!(at("a", "b", "c"))).toBe(true);
    expect(algebra.finish(algebra.merge(at("a", "b"), at("b", "c")))).toBeNull();
    expect(algebra.isEmpty(at("a", "b", "c"))).toBe(false);
  });

  test("empty windows have empty lists and maps, and no value is mistaken for a prototype", () => {
    expect(finish({ kind: "topK", k: 3, limit: 9 }, t.string(), [])).toEqual([]);
    expect(finish({ kind: "histogram", limit: 9 }, t.string(), [])).toEqual({});
    expect(finish({ kind: "countDistinct", exact: 9 }, t.string(), [])).toBe(0);
    const counts = finish({ kind: "histogram", limit: 9 }, t.string(), ["__proto__", "toString"]) as object;
    expect(Object.entries(counts)).toEqual([
      ["__proto__", 1],
      ["toString", 1],
    ]);
  });

  test("types, and numbers that have no meaning", () => {
    expect(outputType({ kind: "topK", k: 3, limit: 9 }, t.int64())).toEqual({
      kind: "list",
      of: { kind: "int64", nullable: false },
      nullable: true,
    });
    const bad: readonly (readonly [AggregationSpec, DataType | null])[] = [
      [{ kind: "topK", k: 0, limit: 9 }, t.string()],
      [{ kind: "topK", k: 10, limit: 9 }, t.string()],
      [{ kind: "histogram", limit: 0 }, t.string()],
      [{ kind: "histogram", limit: 9 }, t.float64()],
      [{ kind: "countDistinct", exact: -1 }, t.string()],
      [{ kind: "countDistinct", exact: 9 }, null],
    ];
    for (const [spec, input] of bad)
      expect(() => algebraOf(spec, input)).toThrow(expect.objectContaining({ code: "ASOF_DEFINITION" }));
  });
});

test("murmur3 is MurmurHash3_x86_128", () => {
  const hashOf = (text: string): string => {
    const hash = new Uint32Array(4);
    murmur3(new TextEncoder().encode(text), hash);
    return [...hash].map((word) => word.toString(16).padStart(8, "0")).join("");
  };
  expect(hashOf("")).toBe("0".repeat(32));
  expect(hashOf("I will not buy this tobacconist's, it is scratched.")).toBe("9b5b7ba2ef3f7866889adeaf00f3f98e");
  expect(hashOf("The quick brown fox jumps over the lazy dog")).toBe("2f1583c3ecee2c675d7bf66ce5e91d2c");
});

describe.each(few)("counts of %j that are never stored", (type, value) => {
  test("forget what leaves them, also from above the limit", () => {
    const specs: readonly AggregationSpec[] = [
      { kind: "histogram", limit: 3 },
      { kind: "topK", k: 2, limit: 2 },
      { kind: "countDistinct", exact: 2 },
      { kind: "countDistinct", exact: 100 },
    ];
    fc.assert(
      fc.property(fc.constantFrom(...specs), fc.array(value), fc.nat({ max: 10 }), (spec, values, gone) => {
        const { sliding } = algebraOf(spec, type);
        let state = sliding!.empty();
        for (const value of values) {
          state = sliding!.add(state, value);
          if (value === values[gone]) sliding!.finish(state);
        }
        for (const value of values.slice(0, gone)) state = sliding!.remove!(state, value);
        expect(sliding!.finish(state)).toStrictEqual(finish(spec, type, values.slice(gone)));
        expect(sliding!.isEmpty(state)).toBe(values.length <= gone);
      }),
      { numRuns: 300 },
    );
  });
});
