import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { floorMultiple, naiveBounds } from "../../../test/oracle/naive.ts";
import type { AsofError } from "../errors.ts";
import { parseDuration } from "./duration.ts";
import { DAY, HOUR, MINUTE, SECOND } from "./timestamp.ts";
import { checkHops, defaultHop, floorTo, makeWindow, windowEnd, windowStart } from "./window.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const windowError = expect.objectContaining({ name: "AsofError", code: "ASOF_WINDOW" }) as AsofError;

const stepSize = fc.oneof(
  fc.constantFrom(1, 2, 3, 7, SECOND, 5 * MINUTE, HOUR, DAY, 7 * DAY, 2 ** 30, 3 ** 20),
  fc.integer({ min: 1, max: 10 ** 12 }),
);

/** Any moment, and the neighbours of any multiple of the step. */
function momentNear(step: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.maxSafeInteger(),
    fc.constantFrom(-MAX, -MAX + 1, MAX - 1, MAX, 0, 1, -1),
    fc
      .tuple(fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.maxSafeInteger()), fc.constantFrom(-1, 0, 1))
      .map(([k, beside]) => (k % Math.floor(MAX / step)) * step + beside)
      .filter(Number.isSafeInteger),
  );
}

describe("floorTo", () => {
  test("is the mathematical floor, before 1970 and up to the ends of time", () => {
    fc.assert(
      fc.property(
        stepSize.chain((step) => fc.tuple(momentNear(step), fc.constant(step))),
        ([t, step]) => {
          const expected = floorMultiple(BigInt(t), BigInt(step));
          const found = floorTo(t, step);
          // Below −2^53 lies no event: there the bound need not be exact.
          if (expected >= BigInt(-MAX)) expect(found).toBe(Number(expected));
          else expect(found).toBeLessThan(-MAX);
          expect(Object.is(found, -0)).toBe(false);
        },
      ),
      { numRuns: 2500 },
    );
  });

  test.each([
    [-1, 10, -10],
    [-10, 10, -10],
    [-11, 10, -20],
    [0, 10, 0],
    [9, 10, 0],
    [10, 10, 10],
  ])("floorTo(%d, %d) is %d", (t, step, expected) => expect(floorTo(t, step)).toBe(expected));
});

describe("a window", () => {
  const window = fc
    .tuple(stepSize, fc.option(fc.integer({ min: 1, max: 10_000 })), fc.oneof(fc.constant(0), fc.nat(1000)))
    .map(([hop, length, offset]) =>
      length === null ? { length, hop, offset: 0 } : { length: length * hop, hop, offset: offset * hop },
    )
    .filter(({ length, offset }) => (length ?? 0) + offset <= MAX);

  test("has the events that the contract says, at its edges and at those of time", () => {
    fc.assert(
      fc.property(
        window.chain((window) => fc.tuple(fc.constant(window), momentNear(window.hop))),
        fc.maxSafeInteger(),
        ([window, t], elsewhere) => {
          const { start, end } = naiveBounds(window, t);
          const edges = [start ?? 0n, end, BigInt(elsewhere)].flatMap((x) => [x - 1n, x, x + 1n]);
          for (const edge of edges) {
            const event = Number(edge);
            if (!Number.isSafeInteger(event)) continue;
            const expected = (start === null || edge >= start) && edge < end;
            expect(event >= windowStart(window, t) && event < windowEnd(window, t)).toBe(expected);
          }
        },
      ),
      { numRuns: 2500 },
    );
  });

  test("is live at its head, aligned at its tail, and aligned at both with an offset", () => {
    const t = parseDuration("10h") + 7;
    const live = makeWindow(3 * HOUR);
    expect([windowStart(live, t), windowEnd(live, t)]).toEqual([7 * HOUR, t]);
    const before = makeWindow(3 * HOUR, { offset: HOUR });
    expect([windowStart(before, t), windowEnd(before, t)]).toEqual([6 * HOUR, 9 * HOUR]);
    const lifetime = makeWindow(null);
    expect([windowStart(lifetime, t), windowEnd(lifetime, t)]).toEqual([-Infinity, t]);
  });
});

describe("the default hop", () => {
  test.each([
    ["12s", "1s"],
    ["59s", "1s"],
    ["60s", "5s"],
    ["65s", "5s"],
    ["3m", "15s"],
    ["6m", "30s"],
    ["10m", "30s"],
    ["12m", "60s"],
    ["725s", "5s"],
    ["59m", "60s"],
    ["1h", "5m"],
    ["11h", "5m"],
    ["12h", "1h"],
    ["11d", "1h"],
    ["12d", "1d"],
    ["26w", "1d"],
  ])("of %s is %s", (length, hop) => {
    expect(defaultHop(parseDuration(length))).toBe(parseDuration(hop));
    expect(makeWindow(parseDuration(length)).hop).toBe(parseDuration(hop));
  });

  test("is the largest of the list that divides the length and is at most a twelfth of it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3599 }), (seconds) => {
        const expected = [60, 30, 15, 5, 1].find((hop) => seconds % hop === 0 && hop <= seconds / 12);
        if (expected === undefined) expect(() => defaultHop(seconds * SECOND)).toThrow(windowError);
        else expect(defaultHop(seconds * SECOND)).toBe(expected * SECOND);
      }),
    );
  });

  test.each(["11s", "1500ms", "60001ms", "1us"])("of %s there is none", (length) => {
    expect(() => makeWindow(parseDuration(length))).toThrow(windowError);
  });
});

describe("a window is refused", () => {
  test.each([
    ["without a length", 0, {}],
    ["of a negative length", -HOUR, {}],
    ["of no length", Number.NaN, {}],
    ["whose default hop does not divide it", HOUR + MINUTE, {}],
    ["whose hop does not divide it", HOUR, { hop: 7 * MINUTE }],
    ["with a hop of nothing", HOUR, { hop: 0 }],
    ["with a negative hop", HOUR, { hop: -MINUTE }],
    ["with a broken hop", HOUR, { hop: 0.5 }],
    ["whose hop does not divide its offset", HOUR, { offset: MINUTE }],
    ["of the future", HOUR, { offset: -HOUR }],
    ["of a lifetime with an offset", null, { offset: DAY }],
    ["of a lifetime with a hop", null, { hop: HOUR }],
  ])("%s", (_, length, options) => {
    expect(() => makeWindow(length, options)).toThrow(windowError);
  });
});

describe("hops of one view", () => {
  test.each([
    [[]],
    [[HOUR]],
    [[HOUR, HOUR]],
    [[DAY, 5 * MINUTE, HOUR]],
    [[60 * SECOND, 30 * SECOND, 15 * SECOND, 5 * SECOND, SECOND]],
  ])("%j form a chain", (hops) => {
    checkHops(hops);
  });

  test.each([[[2, 3]], [[HOUR, DAY, 7 * HOUR]], [[4, 12, 18]], [[DAY, 5 * MINUTE, 7 * MINUTE]]])(
    "%j do not",
    (hops) => {
      expect(() => checkHops(hops)).toThrow(windowError);
    },
  );
});
