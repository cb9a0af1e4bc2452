import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY, MILLISECOND } from "../time/timestamp.ts";
import { dayOfMonth, hour, minute, month, weekday, year } from "./calendar.ts";

const partsOf = (at: number): number[] => [year, month, dayOfMonth, weekday, hour, minute].map((part) => part(at));

/** The same by JavaScript's calendar, which counts whole milliseconds. */
function partsOfDate(at: number): number[] {
  const date = new Date(Math.floor(at / MILLISECOND));
  return [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCDay() || 7,
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
}

/** Parts below 100 but for the first, as one number that is quick to compare. */
const inOne = (parts: number[]): number => parts.reduce((all, part) => all * 100 + part);

describe("the calendar", () => {
  it("knows every day of the range, to its last microsecond", () => {
    const [first, last] = [Math.ceil(Number.MIN_SAFE_INTEGER / DAY), Math.floor(Number.MAX_SAFE_INTEGER / DAY)];
    const wrong: number[] = [];
    for (let day = first; day < last; day++)
      for (const at of [day * DAY, (day + 1) * DAY - 1])
        if (inOne(partsOf(at)) !== inOne(partsOfDate(at))) wrong.push(at);
    expect(wrong).toEqual([]);
  });

  it("knows every moment", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (at) => {
        expect(partsOf(at)).toEqual(partsOfDate(at));
      }),
      { numRuns: 1000 },
    );
  });
});
