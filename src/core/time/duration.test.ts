import fc from "fast-check";
import { expect, test } from "vitest";
import type { AsofError } from "../errors.ts";
import { formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["0s", 0],
  ["1us", 1],
  ["5ms", 5_000],
  ["15s", 15_000_000],
  ["15m", 900_000_000],
  ["3h", 10_800_000_000],
  ["7d", 604_800_000_000],
  ["1w", 604_800_000_000],
  ["007d", 604_800_000_000],
  ["9007199254740991us", Number.MAX_SAFE_INTEGER],
])("%s is %d µs", (text, micros) => expect(parseDuration(text)).toBe(micros));

test.each([
  "",
  "h",
  "3",
  "3 h",
  " 3h",
  "3h ",
  "-3h",
  "+3h",
  "1.5h",
  "1e3s",
  "3H",
  "3min",
  "3h30m",
  "9007199254740992us",
  "1000000000w",
  "٣h",
])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(
    expect.objectContaining({ name: "AsofError", code: "ASOF_WINDOW", details: { value: text } }) as AsofError,
  );
});

test("what is formatted is read as it was, in the largest unit that is exact", () => {
  const micros = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.nat(1000).chain((n) => fc.constantFrom(n * 86_400_000_000, n * 3_600_000_000, n * 1000)),
  );
  fc.assert(
    fc.property(micros, (micros) => {
      expect(parseDuration(formatDuration(micros))).toBe(micros);
    }),
    { numRuns: 1000 },
  );
  expect([0, 1, 1000, 90_000_000, 3_600_000_000, 604_800_000_000].map(formatDuration)).toEqual([
    "0us",
    "1us",
    "1ms",
    "90s",
    "1h",
    "7d",
  ]);
});
