import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AsofError } from "../errors.ts";
import { formatTimestamp, parseTimestamp, type TimestampInput } from "./timestamp.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const timestampError = expect.objectContaining({ name: "AsofError", code: "ASOF_TIMESTAMP" }) as AsofError;
const moment = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(-MAX, MAX, 0, -1, 1),
  fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).map((seconds) => seconds * 1_000_000),
  fc.integer().map((millis) => millis * 1000),
);

describe("a timestamp", () => {
  test("is read as it was formatted, to the microsecond", () => {
    fc.assert(
      fc.property(moment, (at) => {
        const text = formatTimestamp(at);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?:\d{3}|\d{6}))?Z$/);
        expect(parseTimestamp(text)).toBe(at);
        expect(parseTimestamp(text.slice(0, -1))).toBe(at);
        expect(parseTimestamp(` ${text.toLowerCase().replace("t", " ")} `)).toBe(at);
        expect(parseTimestamp(at)).toBe(at);
      }),
      { numRuns: 2000 },
    );
  });

  test("agrees with the platform's dates", () => {
    const date = fc.date({ min: new Date("1685-01-01"), max: new Date("2255-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(date, (date) => {
        expect(parseTimestamp(date)).toBe(date.getTime() * 1000);
        expect(parseTimestamp(date.toISOString())).toBe(date.getTime() * 1000);
        expect(formatTimestamp(date.getTime() * 1000)).toBe(date.toISOString().replace(".000Z", "Z"));
      }),
    );
  });

  test("in the form that machines write is what it is in any other form, or as wrong", () => {
    const two = (max: number): fc.Arbitrary<string> => fc.nat(max).map((n) => String(n).padStart(2, "0"));
    const year = fc.oneof(fc.integer({ min: 1600, max: 2300 }), fc.nat(9999)).map((n) => String(n).padStart(4, "0"));
    const fraction = fc.oneof(
      fc.constant(""),
      fc.stringMatching(/^\.[0-9]{0,8}$/),
      fc.stringMatching(/^[.,:][0-9a ]{1,7}$/),
    );
    const parts = fc.tuple(year, two(13), two(32), two(24), two(60), two(60), fraction);
    const result = (text: string): number | string => {
      try {
        return parseTimestamp(text);
      } catch (error) {
        return (error as AsofError).code;
      }
    };
    let good = 0;
    fc.assert(
      fc.property(
        parts,
        fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.nat(26)),
        ([y, mo, d, h, mi, s, part], spoilt) => {
          const text = `${y}-${mo}-${d}T${h}:${mi}:${s}${part}Z`;
          const given = spoilt === null ? text : `${text.slice(0, spoilt)}x${text.slice(spoilt + 1)}`;
          const other = given.replace(/Z$/, "+00:00");
          expect(result(given), given).toBe(result(other));
          if (typeof result(given) === "number") good++;
        },
      ),
      { numRuns: 5000 },
    );
    expect(good).toBeGreaterThan(500);
  });

  test("in another zone is the same moment", () => {
    const zone = fc.tuple(fc.constantFrom(1, -1), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), zone, (seconds, [sign, hours, minutes]) => {
        const offset = sign * (hours * 60 + minutes);
        const local = formatTimestamp((seconds + offset * 60) * 1_000_000).slice(0, -1);
        const two = (n: number): string => String(n).padStart(2, "0");
        for (const colon of ["", ":"])
          expect(parseTimestamp(`${local}${sign < 0 ? "-" : "+"}${two(hours)}${colon}${two(minutes)}`)).toBe(
            seconds * 1_000_000,
          );
      }),
    );
  });

  test.each<[TimestampInput, number]>([
    ["2001-06-24", 993_340_800_000_000],
    ["2001-06-24T10:00", 993_376_800_000_000],
    ["2001-06-24 10:00:00.5", 993_376_800_500_000],
    ["2001-06-24T10:00:00,123456", 993_376_800_123_456],
    ["2001-06-24T10:00:00.123456000Z", 993_376_800_123_456],
    ["2001-06-24T12:00:00+02", 993_376_800_000_000],
    ["2001-06-24T23:59:59.999999Z", 993_427_199_999_999],
    ["1969-12-31T23:59:59.999999Z", -1],
    ["2000-02-29", 951_782_400_000_000],
    ["+002001-06-24", 993_340_800_000_000],
    [-0, 0],
  ])("%j is %d", (text, at) => expect(parseTimestamp(text)).toBe(at));

  test.each([
    "",
    "now",
    "2001",
    "2001-06",
    "2001-6-24",
    "2001-02-29",
    "1900-02-29",
    "2001-13-01",
    "2001-00-01",
    "2001-01-00",
    "2001-04-31",
    "2001-06-24T24:00:00",
    "2001-06-24T10:60:00",
    "2001-06-24T10:00:60",
    "2001-06-24T10",
    "2001-06-24T10:00:00.1234567Z",
    "2001-06-24T10:00:00.0000001Z",
    "2001-06-24T10:00:00.Z",
    "2001-06-24T10:00:00+24:00",
    "2001-06-24T10:00:00+02:60",
    "2001-06-24T10:00:00 EST",
    "24/06/2001",
    "1684-01-01",
    "2256-01-01",
    "+275760-09-13",
    1.5,
    2 ** 53,
    -(2 ** 53),
    Number.NaN,
    Infinity,
    new Date(Number.NaN),
    new Date(8.64e15),
  ])("%s is refused", (input) => {
    expect(() => parseTimestamp(input)).toThrow(timestampError);
  });

  test.each([undefined, null, {}, [], true, 5n])("%s, which types forbid, is refused by its code", (input) => {
    expect(() => parseTimestamp(input as never)).toThrow(timestampError);
  });
});
