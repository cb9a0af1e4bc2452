import fc from "fast-check";
import { expect, test } from "vitest";
import { bytes, count, metric, plural, seconds, span } from "./format.ts";

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [3_000_000, "3,000,000"],
  [-1234, "-1,234"],
  [12345678901234567890n, "12,345,678,901,234,567,890"],
  [null, "-"],
])("count of %s", (value, text) => expect(count(value)).toBe(text));

test("count is read back by removing its commas, which stand before every third digit", () => {
  fc.assert(
    fc.property(fc.bigInt(), (value) => {
      expect(BigInt(count(value).replaceAll(",", ""))).toBe(value);
      expect(count(value)).toMatch(/^-?\d{1,3}(,\d{3})*$/);
    }),
  );
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_949, "999.9 kB"],
  [999_950, "1.0 MB"],
  [44_200_000, "44.2 MB"],
  [2.5e18, "2500.0 PB"],
  [null, "-"],
])("bytes of %s", (value, text) => expect(bytes(value)).toBe(text));

test.each([
  [0, "0.000 s"],
  [0.0123, "0.012 s"],
  [0.9996, "1.0 s"],
  [59.94, "59.9 s"],
  [59.95, "1 min 00 s"],
  [185, "3 min 05 s"],
  [3599.6, "1 h 00 min"],
  [7384, "2 h 03 min"],
  [null, "-"],
])("seconds of %s", (value, text) => expect(seconds(value)).toBe(text));

test.each([
  [250, "250 µs"],
  [8_200, "8.2 ms"],
  [1_500_000, "1.5 s"],
  [90_000_000, "1.5 min"],
  [12_600_000_000, "3.5 h"],
  [345_600_000_000, "4.0 d"],
  [-8_200, "-8.2 ms"],
  [null, "-"],
])("span of %s", (value, text) => expect(span(value)).toBe(text));

test("metrics have four decimals, nouns their number", () => {
  expect(metric(0.75)).toBe("0.7500");
  expect(metric(null)).toBe("-");
  expect(plural(1, "row")).toBe("1 row");
  expect(plural(2000, "row")).toBe("2,000 rows");
});
