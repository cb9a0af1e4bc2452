import * as arrow from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FeatureType, FeatureValue } from "../../../core/aggregation/feature-type.ts";
import { type DataType, type Kind, t, type Value } from "../../../core/schema/data-type.ts";
import type { FeatureAnswer } from "../../../core/result/answers.ts";
import { arrowAnswer } from "./arrow-answer.ts";

const kinds: Readonly<Record<Kind, fc.Arbitrary<Value>>> = {
  string: fc.string({ unit: "grapheme" }),
  boolean: fc.boolean(),
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  timestamp: fc.maxSafeInteger(),
};

const plain = fc.constantFrom(...(Object.keys(kinds) as Kind[])).map((kind): DataType => ({ kind, nullable: true }));

const columns: fc.Arbitrary<readonly [FeatureType, readonly FeatureValue[]]> = plain.chain((of) => {
  const one = kinds[of.kind];
  const key = fc.string({ unit: "grapheme" }).filter((name) => name !== "__proto__");
  const some = (value: fc.Arbitrary<FeatureValue>): fc.Arbitrary<readonly FeatureValue[]> =>
    fc.array(fc.option(value), { minLength: 1, maxLength: 70 });
  return fc.oneof(
    some(one).map((values) => [of, values] as const),
    some(fc.array(one, { maxLength: 5 })).map(
      (values) => [{ kind: "list", of, nullable: true } as const, values] as const,
    ),
    some(fc.dictionary(key, one, { maxKeys: 4, noNullPrototype: true })).map(
      (values) => [{ kind: "map", key: t.string(), of, nullable: true } as const, values] as const,
    ),
    some(fc.dictionary(key, fc.nat(), { maxKeys: 4, noNullPrototype: true })).map(
      (values) => [{ kind: "counts", of, nullable: true } as const, values] as const,
    ),
  );
});

/** A stored value, without the conversions of Arrow's own reading, which round timestamps. */
function valueOf(vector: arrow.Vector, i: number): FeatureValue {
  if (!vector.isValid(i)) return null;
  const { type } = vector;
  if (arrow.DataType.isTimestamp(type)) {
    expect([type.unit, type.timezone]).toEqual([arrow.TimeUnit.MICROSECOND, "UTC"]);
    return Number((vector.data[0].values as BigInt64Array)[i]);
  }
  if (arrow.DataType.isList(type) || arrow.DataType.isMap(type)) {
    const [from, until] = [vector.data[0].valueOffsets[i], vector.data[0].valueOffsets[i + 1]];
    const child = new arrow.Vector([vector.data[0].children[0]]);
    const places = Array.from({ length: until - from }, (_, j) => from + j);
    if (arrow.DataType.isList(type)) return places.map((place) => valueOf(child, place) as Value);
    const [keys, values] = child.data[0].children.map((data) => new arrow.Vector([data]));
    return Object.fromEntries(places.map((place) => [valueOf(keys, place), valueOf(values, place) as Value]));
  }
  return vector.get(i) as Value;
}

describe("an Arrow stream", () => {
  test("holds every value of every type exactly, by what Apache's own reader reads", () => {
    fc.assert(
      fc.property(columns, ([type, values]) => {
        const answers = values.map((value): FeatureAnswer => ({
          values: { v__f: value },
          statuses: { v: value === null ? "NOT_FOUND" : "PRESENT" },
          eventTimes: { v: value === null ? null : 1_700_000_000_123_457 },
          t: 1,
          knowledge: "served",
          loads: { v: 3 },
        }));
        const table = arrow.tableFromIPC(arrowAnswer(arrow, "s", { v__f: type }, answers));
        expect(table.schema.fields.map(({ name }) => name)).toEqual(["v__f", "v.status", "v.event_time"]);
        expect(Object.fromEntries(table.schema.metadata)).toEqual({
          service: "s",
          t: "1970-01-01T00:00:00.000001Z",
          knowledge: "served",
          loads: '{"v":3}',
        });
        const [feature, status, time] = [0, 1, 2].map((place) => table.getChildAt(place)!);
        expect(table.numRows).toBe(values.length);
        values.forEach((value, i) => {
          const expected = type.kind === "counts" && value !== null ? countsOf(value as Record<string, number>) : value;
          expect(valueOf(feature, i)).toEqual(expected);
          expect([status.get(i), valueOf(time, i)]).toEqual(
            value === null ? ["NOT_FOUND", null] : ["PRESENT", 1_700_000_000_123_457],
          );
        });
      }),
      { numRuns: 300 },
    );
  });
});

const countsOf = (counts: Readonly<Record<string, number>>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, BigInt(count)]));
