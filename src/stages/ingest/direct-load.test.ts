import { describe, expect, test } from "vitest";
import { DAY } from "../../core/time/timestamp.ts";
import { nearlyByDay, type Span } from "./day-order.ts";
import { timeSql } from "./time-sql.ts";

describe("rows are written as they come", () => {
  const groups = (count: number, of: (i: number) => Span): Span[] => Array.from({ length: count }, (_, i) => of(i));

  test("where each stretch of a file has days of its own, or nearly", () => {
    expect(nearlyByDay(groups(100, (i) => [i * 3 * DAY, (i * 3 + 3) * DAY]))).toBe(true);
    expect(nearlyByDay(groups(100, (i) => [-i * DAY, -i * DAY + DAY / 2]))).toBe(true);
    expect(nearlyByDay([[0, 1000 * DAY]])).toBe(true);
  });

  test("and not where every stretch has rows of most days", () => {
    expect(nearlyByDay(groups(10, () => [0, 365 * DAY]))).toBe(false);
    // One row of long ago makes nothing of the disorder good.
    expect(nearlyByDay([[-20_000 * DAY, -20_000 * DAY], ...groups(10, (): Span => [0, 365 * DAY])])).toBe(false);
  });
});

test("only a field, and one so much later or earlier, are times in SQL", () => {
  const column = (field: string): string => `"${field}"`;
  const duration = { op: "literal", kind: "duration", value: 15 } as const;
  const at = { op: "column", name: "at" } as const;
  expect(timeSql(at, column)).toBe('"at"');
  expect(timeSql({ op: "add", args: [at, duration] }, column)).toContain('epoch_us("at") + (15)');
  expect(timeSql({ op: "subtract", args: [at, duration] }, column)).toContain('epoch_us("at") - (15)');
  expect(timeSql({ op: "add", args: [{ op: "add", args: [at, duration] }, duration] }, column)).toBeNull();
  expect(timeSql({ op: "coalesce", args: [at, at] }, column)).toBeNull();
});
