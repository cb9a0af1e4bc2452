import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLaw, type Contribution, decoded, encoded, folded } from "../../../test/oracle/aggregation-law.ts";
import { type DataType, t, type Value } from "../schema/data-type.ts";
import { type AggregationSpec, algebraOf } from "./aggregation.ts";
import { removable } from "./removable.ts";

const samples: readonly (readonly [DataType, fc.Arbitrary<Exclude<Value, null>>])[] = [
  [t.string(), fc.constantFrom("", "a", "b", "__proto__", "\uffee", "😀")],
  [t.int32(), fc.integer({ min: -2, max: 2 })],
  [t.int64(), fc.bigInt({ min: 2n ** 63n - 4n, max: 2n ** 63n - 1n })],
  [t.boolean(), fc.boolean()],
];
const more = [
  ...samples,
  [t.float64({ nonFinite: true }), fc.constantFrom(0, 0.1, Number.NaN, -Infinity, 5e-324)],
  [t.timestamp(), fc.maxSafeInteger()],
] as const;

const withoutRemove: readonly AggregationSpec[] = [
  { kind: "min" },
  { kind: "max" },
  { kind: "first" },
  { kind: "last" },
  { kind: "lastN", n: 1 },
  { kind: "lastN", n: 3 },
  { kind: "countDistinct", exact: 100 },
  // Beyond the bound it is the sketch that must come and go.
  { kind: "countDistinct", exact: 2 },
  { kind: "topK", k: 2, limit: 3 },
  { kind: "topK", k: 3, limit: 100 },
];

describe.each(more)("values of %j that can be taken away again", (type, value) => {
  test.each(withoutRemove)("obey the law, and answer as the aggregation does: %j", (spec) => {
    const base = algebraOf(spec, type);
    expect(base.remove).toBeNull();
    const oracle = (items: readonly Contribution[]) => base.finish(folded(base, items));
    checkLaw(removable(base, type), value, oracle, { group: true, numRuns: 60 });
  });
});

describe.each(samples)("counts of values of %j", (type, value) => {
  test.each([2, 100])("limit %i", (limit) => {
    const base = algebraOf({ kind: "histogram", limit }, type);
    const oracle = (items: readonly Contribution[]) => base.finish(folded(base, items));
    checkLaw(removable(base, type), value, oracle, { group: true, numRuns: 60 });
  });
});

test("the same value many times is counted as often", () => {
  const order = { event: 1, available: 2, order: null, bytes: Uint8Array.of(7) };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (added, removed) => {
      const times = Math.max(added, removed);
      for (const spec of [
        { kind: "histogram", limit: 3 },
        { kind: "lastN", n: 70 },
      ] as const) {
        const base = algebraOf(spec, t.int32());
        const algebra = removable(base, t.int32());
        const items = (n: number): Contribution[] => Array.from({ length: n }, () => ({ value: 5, order }));
        let state = folded(algebra, items(times));
        for (let i = 0; i < removed; i++) state = algebra.remove!(state, 5, order);
        expect(algebra.finish(state)).toStrictEqual(base.finish(folded(base, items(times - removed))));
        expect(encoded(algebra, state)).toBe(encoded(algebra, folded(algebra, items(times - removed))));
      }
    }),
    { numRuns: 60 },
  );
});

test("thousands of values come and go in any order: the bytes are those of what is left", () => {
  const order = (event: number) => ({ event, available: 0, order: null, bytes: new Uint8Array() });
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 3000 }), fc.boolean(), (seed, size, isOrdered) => {
      let random = seed;
      const next = (below: number): number => {
        random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
        return Math.floor((random / 2 ** 32) * below);
      };
      const base = algebraOf({ kind: isOrdered ? "last" : "max" }, t.int32());
      const algebra = removable(base, t.int32());
      const there: Contribution[] = [];
      let state = algebra.empty();
      for (let i = 0; i < size; i++) {
        const item = { value: next(5000), order: order(next(700)) };
        there.push(item);
        state = algebra.add(state, item.value, item.order);
        if (next(3) > 0) continue;
        const [gone] = there.splice(next(there.length), 1);
        state = algebra.remove!(state, gone.value, gone.order);
        if (next(20) === 0) state = decoded(algebra, encoded(algebra, state));
      }
      const bytes = encoded(algebra, folded(algebra, there));
      expect(encoded(algebra, state)).toBe(bytes);
      expect(algebra.finish(state)).toBe(base.finish(folded(base, there)));
      while (there.length > 0) {
        const [gone] = there.splice(next(there.length), 1);
        state = algebra.remove!(state, gone.value, gone.order);
      }
      expect(algebra.isEmpty(state)).toBe(true);
      expect(encoded(algebra, state)).toBe(encoded(algebra, algebra.empty()));
    }),
    { numRuns: 60 },
  );
});

test("an aggregation that can remove is left as it is", () => {
  for (const kind of ["sum", "avg", "var", "stddev"] as const) {
    const algebra = algebraOf({ kind }, t.float64());
    expect(removable(algebra, t.float64())).toBe(algebra);
  }
  const count = algebraOf({ kind: "count" }, null);
  expect(removable(count, null)).toBe(count);
});

test("what was never added cannot be removed", () => {
  const algebra = removable(algebraOf({ kind: "max" }, t.int32()), t.int32());
  const state = algebra.add(algebra.empty(), 1);
  expect(() => algebra.remove!(state, 2)).toThrow("internal error");
});

describe("an aggregation that is a group keeps nothing of its records", () => {
  const groups: readonly AggregationSpec[] = [
    { kind: "count" },
    { kind: "sum" },
    { kind: "avg" },
    { kind: "var" },
    { kind: "stddev" },
    { kind: "quantile", q: 0.5, accuracy: 0.01 },
  ];
  test.each(groups)("%j: its state is that of a source without ids, however many they are", (spec) => {
    const type = t.float64();
    const base = algebraOf(spec, spec.kind === "count" ? null : type);
    const algebra = removable(base, type);
    expect(algebra).toBe(base);
    const bytes = [100, 10_000].map((records) => {
      let state = algebra.empty();
      for (let i = 0; i < records; i++) state = algebra.add(state, ((i * 7919) % 97) / 7);
      return encoded(algebra, state).length;
    });
    // Counts of more records are longer numbers.
    expect(bytes[1] - bytes[0]).toBeLessThan(200);
  });
});
