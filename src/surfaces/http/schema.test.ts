import fc from "fast-check";
import { expect, test } from "vitest";
import { AsofError } from "../../core/errors.ts";
import { parseTimestamp } from "../../core/time/timestamp.ts";
import { momentText } from "./schema.ts";

const pattern = new RegExp(String(momentText["pattern"]));

/** Why a text is no moment; null where it is one. */
function fault(text: string): string | null {
  try {
    parseTimestamp(text);
    return null;
  } catch (error) {
    if (error instanceof AsofError && error.code === "ASOF_TIMESTAMP") return error.message;
    throw error;
  }
}

test("a moment as the document describes it is read, but for days that there are not", () => {
  fc.assert(
    fc.property(fc.stringMatching(pattern), (text) => {
      expect(fault(text) ?? "no such date").toMatch(/no such date|outside/);
    }),
  );
});

test("a moment that is read is as the document describes it", () => {
  const digits = fc.stringMatching(/^\d{2}$/);
  const parts = fc.tuple(
    fc.constantFrom("2026", "0000", "+012026", "-000001", "026"),
    ...Array.from({ length: 5 }, () => digits),
    fc.constantFrom("", ".5", ",000001", ".0000000", ".123456000", ".1234567"),
    fc.constantFrom("", "Z", "z", " Z", "+01", "+0130", "-23:59", "+24", "UTC"),
    fc.constantFrom("T", " ", "t"),
  );
  const text = parts.map(
    ([year, month, day, hour, minute, second, fraction, zone, between]) =>
      `${year}-${month}-${day}${between}${hour}:${minute}:${second}${fraction}${zone}`,
  );
  const forms = fc.oneof(
    text,
    text.map((one) => one.slice(0, 10)),
    text.map((one) => one.slice(0, 16)),
  );
  let read = 0;
  fc.assert(
    fc.property(forms, (one) => {
      if (fault(one) !== null) return;
      read++;
      expect(one.trim()).toMatch(pattern);
    }),
    { numRuns: 20_000 },
  );
  expect(read).toBeGreaterThan(20);
});
