import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, fingerprint } from "./fingerprint.ts";

/** The same data with the names of every object in another order. */
function reordered(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(reordered);
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(
    Object.entries(data)
      .reverse()
      .map(([name, value]) => [name, reordered(value)]),
  );
}

test("the order of names decides nothing, everything else does", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(fingerprint(reordered(a))).toBe(fingerprint(a));
      // −0 and 0 are one number in JSON.
      const same = JSON.stringify(reordered(reordered(a))) === JSON.stringify(reordered(reordered(b)));
      if (same) expect(fingerprint(a)).toBe(fingerprint(b));
      if (canonicalJson(a) !== canonicalJson(b)) expect(fingerprint(a)).not.toBe(fingerprint(b));
      expect(JSON.parse(canonicalJson(a))).toEqual(JSON.parse(JSON.stringify(a)));
    }),
    { numRuns: 300 },
  );
});

test("it is the beginning of the SHA-256 of the canonical JSON", () => {
  expect(canonicalJson({ b: [1, { d: null, c: undefined }], a: "é" })).toBe('{"a":"é","b":[1,{"d":null}]}');
  expect(fingerprint({})).toBe("44136fa355b3678a1146ad16f7e8649e");
});
