import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AsofError } from "../../../core/errors.ts";
import { locateJsonError } from "./locate-json-error.ts";
import { parseJson } from "./parse-json.ts";
import { MAX_DEPTH, scanJson } from "./scan-json.ts";
import { writeJson } from "./write-json.ts";

function problemOf(run: () => unknown): AsofError {
  try {
    run();
  } catch (error) {
    if (error instanceof AsofError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parseJson", () => {
  test("keeps integers exact and leaves other numbers alone", () => {
    expect(
      parseJson("[9007199254740993, -9223372036854775808, 9007199254740991, 1e20, 1.5, 1234567890123456789.0]"),
    ).toEqual([9007199254740993n, -9223372036854775808n, 9007199254740991, 1e20, 1.5, 1234567890123456800]);
  });

  test("an integer beyond every type is a double, whatever its length", () => {
    expect(parseJson(`[${"9".repeat(300)}, ${"9".repeat(100_000)}]`)).toEqual([1e300, Infinity]);
  });

  test("digits in strings are strings", () => {
    expect(parseJson('{"9007199254740993":"9007199254740993"}')).toEqual({ "9007199254740993": "9007199254740993" });
  });

  test("reaches no prototype", () => {
    const parsed = parseJson('{"__proto__":{"polluted":9007199254740993}}') as object;
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(Object.hasOwn(parsed, "__proto__")).toBe(true);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("names line, column and position of what is wrong", () => {
    const error = problemOf(() => parseJson('{"a": 1,\n "b": }'));
    expect(error.code).toBe("ASOF_JSON");
    expect(error.details).toEqual({ line: 2, column: 7, position: 15, expected: "a value" });
    expect(error.message).toBe('line 2, column 7: expected a value, found "}"');
  });

  test("names the place in the body for a text that is a part of it", () => {
    expect(problemOf(() => parseJson("{x", { lines: 4, characters: 100 })).details).toMatchObject({
      line: 5,
      column: 2,
      position: 101,
    });
  });

  test.each([
    ["", "a value"],
    ["nul", "a value"],
    ["[1,]", "a value"],
    ["[1 2]", '"," or "]"'],
    ["{1:2}", "a name in double quotes"],
    ['{"a" 2}', '":"'],
    ['"abc', "the end of a string"],
    ['"a\nb"', "no control character in a string"],
    ['"\\x"', "a valid escape"],
    ["1 2", "nothing more"],
    ["01", "nothing more"],
    ["NaN", "a value"],
    ["\ufeff{}", "a value"],
  ])("%j lacks %s", (text, expected) => {
    expect(problemOf(() => parseJson(text)).details["expected"]).toBe(expected);
  });

  test("refuses nesting before it costs anything", () => {
    const deep = "[".repeat(5_000_000) + "]".repeat(5_000_000);
    const started = performance.now();
    expect(problemOf(() => parseJson(deep)).details).toMatchObject({ position: MAX_DEPTH });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(parseJson("[".repeat(MAX_DEPTH) + "]".repeat(MAX_DEPTH))).toBeDefined();
  });

  test("a long text that breaks at its end is located too", () => {
    for (const text of [`"${"a\\n".repeat(2_000_000)}`, `[${" ".repeat(5_000_000)}`, `[${"1".repeat(5_000_000)}`])
      expect(problemOf(() => parseJson(text)).details["position"]).toBe(text.length);
  });
});

/** JSON with a few characters struck out, doubled or replaced. */
const damaged = fc
  .tuple(
    fc.json({ maxDepth: 4 }),
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom("", '"', "\\", "{", "]", ",", ":", "0", ".", "e", "-", " ", "\n", "t")),
      {
        maxLength: 3,
      },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((now, [at, by]) => {
      const place = at % (now.length + 1);
      return now.slice(0, place) + by + now.slice(place + 1);
    }, text),
  );

test("the locator and the engine agree on what is JSON", () => {
  fc.assert(
    fc.property(damaged, (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      const problem = locateJsonError(text);
      expect(problem === null).toBe(valid);
      // What stands before the place can be completed, so no earlier place is wrong.
      if (problem !== null)
        expect(locateJsonError(text.slice(0, problem.position))?.position ?? text.length).toBeGreaterThanOrEqual(
          problem.position,
        );
    }),
    { numRuns: 2000 },
  );
});

test("a scan sees long numbers outside strings only", () => {
  expect(scanJson('{"a":"12345678901234567890","b":123456789012345}')).toEqual({ tooDeepAt: -1, longNumbers: false });
  for (const [digits, longNumbers] of [
    ["1234567890123456", false],
    ["8999999999999999", false],
    ["9007199254740993", true],
    ["12345678901234567", true],
  ] as const)
    expect(scanJson(`{"a\\"":-${digits}}`)).toEqual({ tooDeepAt: -1, longNumbers });
  expect(scanJson('["\\\\", [')).toEqual({ tooDeepAt: -1, longNumbers: false });
});

test("parseJson reads what writeJson writes", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      fc.string({ unit: "binary" }),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  const plain = (x: unknown): unknown => {
    if (typeof x === "bigint") return Number.isSafeInteger(Number(x)) ? Number(x) : x;
    // A double that is a whole number beyond ±2^53 is written with digits only and read exactly.
    if (typeof x === "number")
      return Number.isInteger(x) && !Number.isSafeInteger(x) && Math.abs(x) < 1e20 ? BigInt(x) : x + 0;
    if (Array.isArray(x)) return x.map(plain);
    if (x !== null && typeof x === "object")
      return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]));
    return x;
  };
  fc.assert(
    fc.property(value, (x) => {
      expect(parseJson(writeJson(x))).toEqual(plain(x));
    }),
  );
});

test("what JSON has no number for is a string", () => {
  expect(writeJson({ a: NaN, b: [Infinity, -Infinity, -0], c: undefined, d: [undefined] })).toBe(
    '{"a":"NaN","b":["Infinity","-Infinity",0],"d":[null]}',
  );
});
