import fc from "fast-check";
import { expect, test } from "vitest";
import type { ListType } from "../aggregation/feature-type.ts";
import type { AsofError } from "../errors.ts";
import { type DataType, t, type Value } from "../schema/data-type.ts";
import { collectionText, columnType, parseCollection } from "./collection-text.ts";

const items: readonly (readonly [DataType, fc.Arbitrary<Value>])[] = [
  [t.string(), fc.string({ unit: "grapheme" })],
  [t.boolean(), fc.boolean()],
  [t.int32(), fc.integer()],
  [t.int64(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [t.float64({ nonFinite: true }), fc.double().map((value) => value + 0)],
  [t.timestamp(), fc.maxSafeInteger()],
];

test.each(items)("a list of %j is read as it was written, and equal lists have equal text", (of, item) => {
  const type: ListType = { kind: "list", of: { ...of, nullable: true }, nullable: false };
  fc.assert(
    fc.property(fc.array(fc.option(item, { freq: 5 })), (list) => {
      const text = collectionText(type, list);
      expect(() => JSON.parse(text) as unknown).not.toThrow();
      expect(parseCollection(type, text)).toStrictEqual(list);
      expect(collectionText(type, parseCollection(type, text) as Value[])).toBe(text);
    }),
  );
});

test.each(items)("a map of %j is read as it was written, and equal maps have equal text", (of, item) => {
  const type = { kind: "map", key: t.string(), of: { ...of, nullable: true }, nullable: true } as const;
  const key = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", '"', "\\", '1:"2', "-7", "12"));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.option(item, { freq: 5 }))), (entries) => {
      const map = Object.fromEntries(entries);
      const text = collectionText(type, map);
      expect(() => JSON.parse(text) as unknown).not.toThrow();
      const read = parseCollection(type, text) as Record<string, Value>;
      expect(Object.entries(read)).toStrictEqual(Object.entries(map));
      expect(collectionText(type, read)).toBe(text);
    }),
  );
});

test("counts are an object, in which no name is special", () => {
  const type = { kind: "counts", of: t.string(), nullable: true } as const;
  const counts = Object.fromEntries([
    ["__proto__", 2],
    ["é", 1],
  ]);
  expect(collectionText(type, counts)).toBe('{"__proto__":2,"é":1}');
  expect(Object.entries(parseCollection(type, '{"__proto__":2,"é":1}') as object)).toEqual(Object.entries(counts));
  expect(columnType(type)).toEqual({ kind: "string", nullable: true });
});

test("what JSON has no number for", () => {
  const numbers = { kind: "list", of: t.float64({ nonFinite: true }), nullable: false } as const;
  expect(collectionText(numbers, [Number.NaN, -Infinity, 0.1])).toBe('["NaN","-Infinity",0.1]');
  const moments = { kind: "list", of: t.timestamp(), nullable: false } as const;
  expect(collectionText(moments, [0])).toBe('["1970-01-01T00:00:00Z"]');
});

test("keys that differ in their escapes alone are told apart", () => {
  const type = { kind: "counts", of: t.string(), nullable: true } as const;
  for (const key of ["\\", "\n", '"', "\t"])
    expect(parseCollection(type, collectionText(type, { a: 1, [key]: 2 }))).toStrictEqual({ a: 1, [key]: 2 });
});

test("a text that holds something else is refused by its code, and soon", () => {
  const list = { kind: "list", of: t.int64(), nullable: false } as const;
  const map = { kind: "map", key: t.string(), of: t.int64(), nullable: false } as const;
  for (const text of ["", "[", '["x"]', "[[1]]", "[1.5]", `["${'\\"'.repeat(100_000)}`, `[${'"\\'.repeat(100_000)}`])
    expect(() => parseCollection(list, text)).toThrow(expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError);
  for (const text of ['{"a":{}}', '{"a"1}', '{"a":"x"}'])
    expect(() => parseCollection(map, text)).toThrow(expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError);
});
