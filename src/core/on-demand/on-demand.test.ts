import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { OnDemandViewDefinition } from "../definition/data.ts";
import { onDemandView } from "../definition/on-demand-view.ts";
import type { AsofError } from "../errors.ts";
import { type Fields, t, type Value } from "../schema/data-type.ts";
import { onDemand } from "./on-demand.ts";

const view = (features: Fields): OnDemandViewDefinition =>
  onDemandView("view", { input: { x: t.int32() }, features, compute: () => ({}) }).view as OnDemandViewDefinition;

const failure = (details: object = {}): AsofError =>
  expect.objectContaining({
    name: "AsofError",
    code: "ASOF_ON_DEMAND",
    details: expect.objectContaining({ view: "view", ...details }) as object,
  }) as AsofError;

/** What a request-time function of one feature gives. */
function run(feature: Fields[string], compute: (input: { x: number }, context: { t: number }) => unknown): Value {
  const [row] = onDemand(view({ y: feature }), (input, context) => ({ y: compute(input, context) }))([{ x: 7 }], [42]);
  return row["y"];
}

const impurities: readonly [string, () => unknown][] = [
  ["Date.now()", () => Date.now()],
  ["new Date()", () => new Date().getTime()],
  ["Date()", () => Date()],
  ["new date.constructor()", () => new (new Date(0).constructor as DateConstructor)().getTime()],
  ["Math.random()", () => Math.random()],
  ["performance.now()", () => performance.now()],
  ["crypto.randomUUID()", () => crypto.randomUUID()],
  ["crypto.getRandomValues()", () => crypto.getRandomValues(new Uint8Array(1))[0]],
  ["Intl.DateTimeFormat().format()", () => new Intl.DateTimeFormat().format()],
  ["Intl.DateTimeFormat().formatToParts()", () => Intl.DateTimeFormat().formatToParts()],
];

/** Whatever was put aside is back, and works. */
function expectTheWorldAsItWas(): void {
  for (const [, impurity] of impurities) impurity();
  expect(new Date()).toBeInstanceOf(Date);
  expect(Math.abs(Date.now() - new Date().getTime())).toBeLessThan(60_000);
  expect(Object.hasOwn(performance, "now")).toBe(false);
  expect(Object.hasOwn(crypto, "randomUUID")).toBe(false);
  expect(Object.hasOwn(crypto, "getRandomValues")).toBe(false);
}

afterEach(expectTheWorldAsItWas);

describe("a request-time function", () => {
  test("computes every row from its input and its moment", () => {
    const compute = onDemand(
      view({ sum: t.float64(), text: t.nullable(t.string()) }),
      ({ x }: { x: number }, { t }) => ({
        sum: x + t,
        text: x > 1 ? `${x}` : undefined,
        other: "left out",
      }),
    );
    expect(compute([{ x: 1 }, { x: 2 }], Float64Array.of(10, 20))).toStrictEqual([
      { sum: 11, text: null },
      { sum: 22, text: "2" },
    ]);
    expect(compute([], [])).toEqual([]);
  });

  test.each(impurities)("may not call %s", (_, impurity) => {
    expect(() => run(t.nullable(t.string()), () => String(impurity()))).toThrow(failure());
    expectTheWorldAsItWas();
  });

  test("may fail, at any row, and leaves the world as it was", () => {
    const compute = onDemand(view({ y: t.int32() }), ({ x }: { x: number }) => {
      if (x === 3) throw new RangeError("three");
      return { y: x };
    });
    expect(() => compute([{ x: 1 }, { x: 3 }], [0, 0])).toThrow(failure());
    expect(() => compute([{ x: 1 }, { x: 3 }], [0, 0])).toThrow(/view view.*three/);
    expectTheWorldAsItWas();
    expect(compute([{ x: 1 }], [0])).toEqual([{ y: 1 }]);
  });

  test("may throw what is no error", () => {
    expect(() =>
      run(t.int32(), () => {
        // oxlint-disable-next-line typescript/only-throw-error, no-throw-literal -- users do
        throw "text";
      }),
    ).toThrow(failure());
  });

  test("keeps what another has put in place of the clock", () => {
    const own = Object.getOwnPropertyDescriptor(performance, "now");
    const simulated = { value: () => 7, configurable: true, writable: true, enumerable: true };
    Object.defineProperty(performance, "now", simulated);
    try {
      expect(() => run(t.float64(), () => performance.now())).toThrow(failure());
      expect(Object.getOwnPropertyDescriptor(performance, "now")).toStrictEqual(simulated);
    } finally {
      Reflect.deleteProperty(performance, "now");
    }
    expect(Object.getOwnPropertyDescriptor(performance, "now")).toBe(own);
  });
});

describe("what it returns is checked against the declared type", () => {
  test.each<[string, Fields[string], unknown, Value]>([
    ["an int32", t.int32(), 3, 3],
    ["a zero without a sign", t.float64(), -0, 0],
    ["an int64 given as a number", t.int64(), 5, 5n],
    ["a null where it may be", t.nullable(t.int32()), null, null],
    ["nothing where null may be", t.nullable(t.int32()), undefined, null],
    ["a NaN where it may be", t.float64({ nonFinite: true }), Number.NaN, Number.NaN],
    ["a timestamp as text", t.timestamp(), "1970-01-01T00:00:01Z", 1_000_000],
  ])("%s is taken", (_, type, given, expected) => {
    expect(run(type, () => given)).toStrictEqual(expected);
  });

  test("a date is taken as the moment it is", () => {
    expect(run(t.timestamp(), () => new Date(1))).toBe(1000);
  });

  test.each<[string, Fields[string], unknown]>([
    ["a text for a number", t.int32(), "3"],
    ["a fraction for an integer", t.int32(), 1.5],
    ["an integer out of range", t.int32(), 2 ** 31],
    ["a null that may not be", t.int32(), null],
    ["nothing", t.string(), undefined],
    ["a NaN that may not be", t.float64(), Number.NaN],
    ["a lone surrogate", t.string(), "\uD800"],
    ["half a microsecond", t.timestamp(), 0.5],
  ])("%s is refused", (_, type, given) => {
    expect(() => run(type, () => given)).toThrow(failure({ feature: "y" }));
  });

  test.each([[null], [undefined], [7], ["text"]])("%s is no answer", (answer) => {
    expect(() => onDemand(view({ y: t.int32() }), () => answer)([{ x: 1 }], [0])).toThrow(failure());
  });

  test("a promise is no answer, and does no harm when it fails", async () => {
    const late = onDemand(view({ y: t.int32() }), async () => {
      throw new Error("late");
    });
    expect(() => late([{ x: 1 }], [0])).toThrow(/a promise/);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

test.each(["America/New_York", "Asia/Kolkata", "UTC"])("dates behave as in UTC on a machine in %s", (zone) => {
  const child = spawnSync(
    process.execPath,
    [fileURLToPath(new URL("../../../test/oracle/dates-child.ts", import.meta.url))],
    {
      env: { ...process.env, TZ: zone },
      encoding: "utf8",
    },
  );
  expect(child.stderr).toBe("");
  const { outside, inside } = JSON.parse(child.stdout) as { outside: number; inside: Record<string, unknown> };
  expect(outside === 0).toBe(zone === "UTC");
  const at = "2001-06-24T03:07:09.005Z";
  expect(inside).toStrictEqual({
    parts: [2001, 5, 24, 0, 3, 7, 9, 5, 0],
    set: "2002-07-25T04:08:10.006Z",
    fields: "2001-06-24T03:07:09.005Z",
    year: "1999-01-01T00:00:00.000Z",
    date: "2001-06-24T00:00:00.000Z",
    naive: "2001-06-24T03:07:09.000Z",
    blank: "2001-06-24T03:07:00.000Z",
    words: "2001-06-24T00:00:00.000Z",
    slashes: "2001-06-24T03:07:00.000Z",
    zoned: "2001-06-24T01:07:00.000Z",
    named: "2001-06-24T07:07:00.000Z",
    parsed: Date.parse("2001-06-24T03:07:00Z"),
    copied: at,
    text: at,
    joined: `${at}!`,
    dateText: "2001-06-24",
    timeText: "03:07:09.005Z",
    json: JSON.stringify(at),
    locale: "6/24/2001, 3:07:09 AM",
    localeDate: "6/24/2001",
    localeTime: "3:07:09 AM",
    formatted: "6/24/2001, 3 AM",
    parts24: "03",
    chosen: "23",
    isDate: [true, true],
    invalid: "Invalid Date",
    utc: Date.UTC(2001, 5, 24),
  });
});
