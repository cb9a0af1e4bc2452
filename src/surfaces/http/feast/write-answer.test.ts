import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FeatureType, FeatureValue } from "../../../core/aggregation/feature-type.ts";
import type { FeatureAnswer, ViewStatus } from "../../../core/result/answers.ts";
import { t } from "../../../core/schema/data-type.ts";
import type { Selection } from "./selection.ts";
import { feastValueWriter } from "./value-writer.ts";
import { columnNames, writeAnswer } from "./write-answer.ts";

describe("a value", () => {
  test("that is a double has a point or an exponent, and is itself", () => {
    const write = feastValueWriter(t.float64());
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        const text = write(value);
        expect(text).toMatch(/[.e]/);
        expect(JSON.parse(text) + 0).toBe(value + 0);
      }),
    );
    expect([5, 1e21, -3, Number.NaN, Infinity, null].map(write)).toEqual([
      "5.0",
      "1e+21",
      "-3.0",
      '"NaN"',
      '"Infinity"',
      "null",
    ]);
  });

  test("that is an integer has all its digits, and no point", () => {
    const write = feastValueWriter(t.int64());
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(BigInt(write(value))).toBe(value);
      }),
    );
  });

  test("that is a moment is whole seconds, rounded down", () => {
    const write = feastValueWriter(t.timestamp());
    expect([1_500_000, -1, 0, null].map(write)).toEqual(["1", "-1", "0", "null"]);
  });

  test("that is a collection is written by what it is of", () => {
    const list: FeatureType = { kind: "list", of: t.float64(), nullable: false };
    const map: FeatureType = { kind: "map", key: t.string(), of: t.timestamp(), nullable: false };
    const counts: FeatureType = { kind: "counts", of: t.string(), nullable: false };
    expect(feastValueWriter(list)([1, 2.5])).toBe("[1.0,2.5]");
    expect(feastValueWriter(map)({ 'a"': 2_000_000 })).toBe('{"a\\"":2}');
    expect(feastValueWriter(counts)({ a: 3 })).toBe('{"a":3}');
  });
});

describe("an answer", () => {
  const selection = (type: FeatureType): Selection => ({
    inputs: { id: t.string() },
    keys: new Set(["id"]),
    features: [{ alias: "view", name: "f", place: "view__f", type }],
    read: () => Promise.resolve([]),
  });
  const answer = (value: FeatureValue, status: ViewStatus = "PRESENT"): FeatureAnswer => ({
    values: { view__f: value },
    statuses: { view: status },
    eventTimes: { view: 1 },
    t: 2,
    knowledge: "served",
    loads: {},
  });
  const written = (type: FeatureType, one: FeatureAnswer): unknown[] => {
    const text = writeAnswer(selection(type), ["id", "f"], [{ id: "a" }], [one], { full: false, views: false });
    const { values, statuses, event_timestamps } = (JSON.parse(text) as { results: Record<string, unknown[]>[] })
      .results[1];
    return [values[0], statuses[0], event_timestamps[0]];
  };

  test("tells the statuses of views as Feast's", () => {
    const at = "1970-01-01T00:00:00.000001Z";
    expect(written(t.float64(), answer(1))).toEqual([1, "PRESENT", at]);
    expect(written(t.float64(), answer(null))).toEqual([null, "NULL_VALUE", at]);
    expect(written(t.float64(), answer(null, "OVERFLOW"))).toEqual([null, "NULL_VALUE", at]);
    expect(written(t.float64(), answer(null, "EXPIRED"))).toEqual([null, "OUTSIDE_MAX_AGE", at]);
    expect(written(t.float64(), answer(null, "NOT_FOUND"))).toEqual([null, "NOT_FOUND", at]);
    expect(written(t.float64(), answer(1, "OVERFLOW"))).toEqual([1, "PRESENT", at]);
  });

  test("has null for empty collections, which Feast's client cannot read", () => {
    const list: FeatureType = { kind: "list", of: t.float64(), nullable: false };
    const counts: FeatureType = { kind: "counts", of: t.string(), nullable: false };
    expect(written(list, answer([])).slice(0, 2)).toEqual([null, "NULL_VALUE"]);
    expect(written(counts, answer({})).slice(0, 2)).toEqual([null, "NULL_VALUE"]);
    expect(written(list, answer([0])).slice(0, 2)).toEqual([[0], "PRESENT"]);
  });

  test("has no two columns of one name, keys among them", () => {
    const one = selection(t.float64());
    const twice = { ...one, features: [...one.features, { ...one.features[0], alias: "other" }] };
    expect(() => columnNames(twice, ["id"], false)).toThrow(expect.objectContaining({ code: "ASOF_NAME_COLLISION" }));
    expect(columnNames(twice, ["id", "x"], true)).toEqual(["id", "view__f", "other__f"]);
    const key = { ...one, keys: new Set(["f"]), inputs: { f: t.string() } };
    expect(() => columnNames(key, ["f"], false)).toThrow(expect.objectContaining({ code: "ASOF_NAME_COLLISION" }));
  });
});
