import { expect, test } from "vitest";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import { t } from "../../core/schema/data-type.ts";
import { writeJson } from "../http/json/write-json.ts";
import { answerJson, answerTable } from "./answer.ts";
import { plain } from "./style.ts";

const at = 993_376_800_000_000;
const answer: FeatureAnswer = {
  t: at,
  knowledge: "now",
  knownAt: at,
  loads: { origin: 7, t: at },
  values: { origin__n: 9007199254740993n, origin__last: at, origin__x: NaN, day__name: "Mo", day__mean: null },
  statuses: { origin: "PRESENT", day: "EXPIRED" },
  eventTimes: { origin: at, day: null },
};
const types = {
  origin__n: t.int64(),
  origin__last: t.timestamp(),
  origin__x: t.float64(),
  day__name: t.string(),
  day__mean: t.nullable(t.float64()),
};

test("as a table: each feature with its value, status and newest event", () => {
  expect(answerTable(answer, types, plain)).toBe(
    [
      "feature                        value  status   last event",
      "origin__n           9007199254740993  PRESENT  2001-06-24T10:00:00Z",
      'origin__last  "2001-06-24T10:00:00Z"  PRESENT  2001-06-24T10:00:00Z',
      'origin__x                      "NaN"  PRESENT  2001-06-24T10:00:00Z',
      'day__name                       "Mo"  EXPIRED  -',
      "day__mean                       null  EXPIRED  -",
    ].join("\n"),
  );
});

test("as JSON: moments are ISO 8601 wherever they stand, integers exact; a load under the name t stays a position", () => {
  expect(writeJson(answerJson(answer, types))).toBe(
    '{"t":"2001-06-24T10:00:00Z","knowledge":"now","knownAt":"2001-06-24T10:00:00Z","loads":{"origin":7,"t":993376800000000},' +
      '"values":{"origin__n":9007199254740993,"origin__last":"2001-06-24T10:00:00Z","origin__x":"NaN","day__name":"Mo","day__mean":null},' +
      '"statuses":{"origin":"PRESENT","day":"EXPIRED"},"eventTimes":{"origin":"2001-06-24T10:00:00Z","day":null}}',
  );
});

test("lists of moments are ISO 8601, too", () => {
  const lists = { ...answer, values: { a__last: [at, null] as never } };
  const type = { a__last: { kind: "list", of: t.timestamp(), nullable: false } } as const;
  expect(answerJson(lists, type)["values"]).toEqual({ a__last: ["2001-06-24T10:00:00Z", null] });
});

test("so are the moments in a map", () => {
  const maps = { ...answer, values: { a__last: { x: at, y: null } as never, a__none: null } };
  const map = { kind: "map", key: t.string(), of: t.nullable(t.timestamp()), nullable: true } as const;
  expect(answerJson(maps, { a__last: map, a__none: map })["values"]).toEqual({
    a__last: { x: "2001-06-24T10:00:00Z", y: null },
    a__none: null,
  });
});
