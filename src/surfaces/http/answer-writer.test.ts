import fc from "fast-check";
import { expect, test } from "vitest";
import type { FeatureType } from "../../core/aggregation/aggregation.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import { t } from "../../core/schema/data-type.ts";
import { parseTimestamp } from "../../core/time/timestamp.ts";
import { answerWriter } from "./answer-writer.ts";

const types: Record<string, FeatureType> = {
  v__time: t.nullable(t.timestamp()),
  v__whole: t.int64(),
  v__number: t.nullable(t.float64({ nonFinite: true })),
  v__text: t.string(),
  v__flag: t.boolean(),
  v__times: { kind: "list", of: t.timestamp(), nullable: true },
  v__counts: { kind: "counts", of: t.string(), nullable: false },
  v__map: { kind: "map", key: t.string(), of: t.nullable(t.timestamp()), nullable: true },
};

const at = parseTimestamp("2026-01-02T03:04:05.000006Z");

const answer = (values: Record<string, unknown>): FeatureAnswer => ({
  knowledge: "served",
  values: values as FeatureAnswer["values"],
  statuses: { v: "PRESENT", w: "EXPIRED" },
  eventTimes: { v: at, w: null },
  t: at,
  loads: { v: 7, w: 0 },
});

test("values are written by their types", () => {
  const { features } = answerWriter(types);
  const full = {
    v__time: at,
    v__whole: 9007199254740993n,
    v__number: 0.1,
    v__text: 'a "b"\n\u2028',
    v__flag: false,
    v__times: [at, null],
    v__counts: { a: 2 },
    v__map: { 'b"': at, c: null },
  };
  expect(features(answer(full))).toBe(
    '{"values":{"v__time":"2026-01-02T03:04:05.000006Z","v__whole":9007199254740993,"v__number":0.1,' +
      '"v__text":"a \\"b\\"\\n\u2028","v__flag":false,"v__times":["2026-01-02T03:04:05.000006Z",null],"v__counts":{"a":2},' +
      '"v__map":{"b\\"":"2026-01-02T03:04:05.000006Z","c":null}},' +
      '"statuses":{"v":"PRESENT","w":"EXPIRED"},"eventTimes":{"v":"2026-01-02T03:04:05.000006Z","w":null},' +
      '"t":"2026-01-02T03:04:05.000006Z","knowledge":"served","loads":{"v":7,"w":0}}',
  );
  const empty = Object.fromEntries(Object.keys(types).map((name) => [name, null]));
  expect(JSON.parse(features(answer(empty)))).toMatchObject({ values: empty });
});

test("what JSON has no number for is a string, and nothing else changes", () => {
  const { features } = answerWriter(types);
  const written = (number: number): unknown => JSON.parse(features(answer({ v__number: number }))).values.v__number;
  expect([NaN, Infinity, -Infinity].map(written)).toEqual(["NaN", "Infinity", "-Infinity"]);
  for (const number of [5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1 / 3, 1e21]) expect(written(number)).toBe(number);
});

test("plain values are written alike by the quick way and by the other", () => {
  const plain = {
    v__number: t.nullable(t.float64({ nonFinite: true })),
    v__whole: t.nullable(t.int32()),
    v__text: t.nullable(t.string()),
    v__flag: t.nullable(t.boolean()),
  };
  const quick = answerWriter(plain);
  // A type that only the other way knows.
  const other = answerWriter({ ...plain, v__long: t.int64() });
  const rows = fc.record({
    v__number: fc.option(fc.double().map((value) => value + 0)),
    v__whole: fc.option(fc.integer()),
    v__text: fc.option(fc.string({ unit: "grapheme" })),
    v__flag: fc.option(fc.boolean()),
  });
  fc.assert(
    fc.property(rows, (values) => {
      expect(quick.features(answer(values))).toBe(other.features(answer(values)));
    }),
  );
});

test("each row keeps its own moment and loads", () => {
  const { features } = answerWriter({});
  const first = answer({});
  const second = { ...answer({}), t: 0, loads: { v: 8 } };
  for (const row of [first, second, first])
    expect(JSON.parse(features(row))).toMatchObject({
      t: row === first ? "2026-01-02T03:04:05.000006Z" : "1970-01-01T00:00:00Z",
      loads: row.loads,
    });
});

test("an answer in hindsight says whose knowledge it has", () => {
  const { features } = answerWriter({});
  const { t } = answer({});
  expect(JSON.parse(features({ ...answer({}), t: 0, knowledge: "now", knownAt: t }))).toMatchObject({
    t: "1970-01-01T00:00:00Z",
    knowledge: "now",
    knownAt: "2026-01-02T03:04:05.000006Z",
  });
});

test("a prediction carries what the model was told", () => {
  const { prediction } = answerWriter(types);
  const written = prediction({
    model: "m",
    id: "p-1",
    version: 3,
    prediction: 0.25,
    features: answer({ v__whole: 1n }),
  });
  expect(JSON.parse(written)).toEqual({
    id: "p-1",
    version: 3,
    prediction: 0.25,
    features: {
      values: { v__whole: 1 },
      statuses: { v: "PRESENT", w: "EXPIRED" },
      eventTimes: { v: "2026-01-02T03:04:05.000006Z", w: null },
      t: "2026-01-02T03:04:05.000006Z",
      knowledge: "served",
      loads: { v: 7, w: 0 },
    },
  });
});
