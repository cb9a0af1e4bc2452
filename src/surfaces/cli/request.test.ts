import fc from "fast-check";
import { expect, test } from "vitest";
import { t } from "../../core/schema/data-type.ts";
import { parseRequest } from "./request.ts";

const inputs = {
  name: t.string(),
  on: t.boolean(),
  small: t.int32(),
  big: t.int64(),
  x: t.nullable(t.float64()),
  at: t.timestamp(),
};

test("reads each value as its input's type", () => {
  const given = ["name=a=b", "on=true", "small=-7", "big=9007199254740993", "x=1.5e-3", "at=2001-06-24T10:00:00Z"];
  expect(parseRequest(given, inputs)).toEqual({
    name: "a=b",
    on: true,
    small: -7,
    big: 9007199254740993n,
    x: 0.0015,
    at: 993376800000000,
  });
});

test("null is null, but a string of four letters for a string; an empty string is a string", () => {
  expect(parseRequest(["x=null", "name=null"], inputs)).toEqual({ x: null, name: "null" });
  expect(parseRequest(["name="], inputs)).toEqual({ name: "" });
});

test("numbers and times survive being written", () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.maxSafeInteger(),
      (x, big, at) => {
        const read = parseRequest([`x=${x}`, `big=${big}`, `at=${at}`], inputs);
        expect(read).toEqual({ x: x + 0, big, at: at + 0 });
      },
    ),
  );
});

test.each([
  ["small=1x", "ASOF_TYPE", { field: "small", expected: "int32", value: "1x" }],
  ["small=", "ASOF_TYPE", { field: "small" }],
  ["small=0x10", "ASOF_TYPE", { field: "small" }],
  ["on=yes", "ASOF_TYPE", { field: "on" }],
  ["big=1.5", "ASOF_TYPE", { field: "big" }],
  ["at=yesterday", "ASOF_TIMESTAMP", { value: "yesterday" }],
  ["nmae=a", "ASOF_UNKNOWN_FIELD", { field: "nmae" }],
  ["toString=a", "ASOF_UNKNOWN_FIELD", { field: "toString" }],
  ["name", "ASOF_USAGE", { argument: "name" }],
  ["=a", "ASOF_USAGE", { argument: "=a" }],
])("refuses %s", (argument, code, details) => {
  expect(() => parseRequest([argument], inputs)).toThrow(
    expect.objectContaining({ code, details: expect.objectContaining(details) }),
  );
});

test("refuses an input given twice", () => {
  expect(() => parseRequest(["name=a", "name=b"], inputs)).toThrow(expect.objectContaining({ code: "ASOF_USAGE" }));
});
