import fc from "fast-check";
import { expect, test } from "vitest";
import { compareStrings } from "../schema/compare.ts";
import { type Fields, type Row, t, type Value } from "../schema/data-type.ts";
import { idKeyEncoder, idOrder } from "./id-key.ts";

const fields: Fields = {
  name: t.string(),
  big: t.int64(),
  small: t.int32(),
  at: t.timestamp(),
  ratio: t.float64({ nonFinite: true }),
  yes: t.boolean(),
};
const values: Record<string, fc.Arbitrary<Value>> = {
  name: fc.oneof(
    fc.constantFrom("", "\0", "\0\0", "a", "a\0", "aa", "\u{10000}", "\uffff", "é"),
    fc.string({ unit: "grapheme" }),
  ),
  big: fc.oneof(
    fc.constantFrom(0n, -1n, 255n, 256n, 2n ** 63n - 1n, -(2n ** 63n)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  small: fc.oneof(fc.constantFrom(0, -1, 255, 256, 2 ** 31 - 1, -(2 ** 31)), fc.integer()),
  at: fc.oneof(fc.constantFrom(0, -1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53) + 1), fc.maxSafeInteger()),
  ratio: fc.oneof(
    fc.constantFrom(0, 1, -1, Infinity, -Infinity, 5e-324, -5e-324),
    fc.double({ noNaN: true }).map((x) => x + 0),
  ),
  yes: fc.boolean(),
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function compareValues(a: Value, b: Value): number {
  if (typeof a === "string") return compareStrings(a, b as string);
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

test("keys compare as the ids do, field by field", () => {
  const ids = fc.uniqueArray(fc.constantFrom(...Object.keys(fields)), { minLength: 1, maxLength: 3 });
  const row = fc.record(values);
  fc.assert(
    fc.property(ids, row, row, fc.boolean(), (names, a, given, alike) => {
      const id: Fields = Object.fromEntries(names.map((name) => [name, fields[name]]));
      const order = idOrder(id);
      // The first field is often the same.
      const b: Row = alike ? { ...given, [order[0]]: a[order[0]] } : given;
      const key = idKeyEncoder(id);
      const expected = order.map((name) => compareValues(a[name], b[name])).find((sign) => sign !== 0) ?? 0;
      expect(Math.sign(Buffer.compare(key(a), key(b)))).toBe(Math.sign(expected));
    }),
    { numRuns: 2000 },
  );
});

test("long ids are digested, to keys of one length that is no other's", () => {
  const key = idKeyEncoder({ name: t.string() });
  const keys = [397, 398, 399, 400, 2000].flatMap((n) => ["a", "b"].map((end) => key({ name: "x".repeat(n) + end })));
  expect(new Set(keys.map(hex)).size).toBe(keys.length);
  expect(new Set(keys.map(({ length }) => length))).toEqual(new Set([400, 404]));
});
