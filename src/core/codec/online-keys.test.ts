import fc from "fast-check";
import { expect, test } from "vitest";
import type { AsofError } from "../errors.ts";
import { compareStrings } from "../schema/compare.ts";
import { type Fields, type Row, t } from "../schema/data-type.ts";
import {
  blockKey,
  entityKeyEncoder,
  headKey,
  headPrefix,
  keyColumns,
  META_KEY,
  stateOfKey,
  statePrefix,
  VIEWS_KEY,
} from "./online-keys.ts";
import { ByteWriter } from "./bytes.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const keys: Fields = {
  name: t.string(),
  other: t.string(),
  n: t.int32(),
  big: t.int64(),
  at: t.timestamp(),
  yes: t.boolean(),
};

/** Texts that are alike in their beginnings, some longer than a key of the store may be. */
const text = fc.oneof(
  fc.constantFrom("", "a", "aa", "\0", "\u{10000}", "é"),
  fc
    .tuple(fc.constantFrom(1, 290, 310, 390, 398, 399, 400, 2000), fc.constantFrom("", "a", "b"))
    .map(([n, end]) => "x".repeat(n) + end),
  fc.tuple(fc.constantFrom(99, 133, 200), fc.constantFrom("é", "😀")).map(([n, char]) => char.repeat(n)),
);
const key: fc.Arbitrary<Row> = fc.record({
  name: text,
  other: text,
  n: fc.oneof(fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer()),
  big: fc.constantFrom(0n, -1n, 2n ** 63n - 1n),
  at: fc.oneof(fc.constantFrom(0, 1), fc.maxSafeInteger()),
  yes: fc.boolean(),
});

test("different keys have different bytes, equal keys equal ones, all of them short enough", () => {
  const encode = entityKeyEncoder(keys);
  const mirrored = entityKeyEncoder(Object.fromEntries(Object.entries(keys).reverse()));
  fc.assert(
    fc.property(key, key, (a, b) => {
      const [x, y] = [a, b].map((key) => encode((name) => key[name])!);
      const same = Object.keys(keys).every((name) => a[name] === b[name]);
      expect(hex(x) === hex(y)).toBe(same);
      expect(hex(mirrored((name) => a[name])!)).toBe(hex(x));
      expect(blockKey(2 ** 32 - 1, x, 3, 2 ** 48).length).toBeLessThanOrEqual(511);
    }),
    { numRuns: 2000 },
  );
});

test("a long key and a short one that was made to look like it are told apart", () => {
  const fields = { a: t.string(), b: t.string() };
  const encode = entityKeyEncoder(fields);
  const long = encode((name) => (name === "a" ? "x".repeat(310) : "y".repeat(200)))!;
  // Whatever stands for a long key is longer than any key that stands for itself.
  const short = encode((name) => (name === "a" ? "x".repeat(310) : "y".repeat(86)))!;
  expect(short.length).toBe(400 - 1);
  expect(long.length).toBeGreaterThan(400);
});

test("a key with a null has no bytes", () => {
  const encode = entityKeyEncoder({ airport: t.string(), n: t.int32() });
  const of = keyColumns({ airport: "origin", n: "number" });
  expect(encode(of({ origin: null, number: 1 }))).toBeNull();
  expect(encode(of({ origin: "ORD", number: null }))).toBeNull();
  expect(encode(of({ origin: "ORD", number: 1 }))).toEqual(Uint8Array.of(3, 79, 82, 68, 2));
});

test("every head and block of every state has a key of its own, under its state's prefix", () => {
  const encode = entityKeyEncoder({ name: t.string() });
  const place = fc.record({
    state: fc.constantFrom(1, 2, 256, 2 ** 31, 2 ** 32 - 1),
    name: fc.constantFrom("", "\0", "a", "a\0", "x".repeat(500)),
    level: fc.constantFrom(0, 1, 255),
    block: fc.option(fc.oneof(fc.constantFrom(0, -1, 1, 2 ** 40, -(2 ** 40), 2 ** 48, -(2 ** 48)), fc.integer())),
  });
  type Place = typeof place extends fc.Arbitrary<infer P> ? P : never;
  const keyOf = ({ state, name, level, block }: Place): Uint8Array => {
    const entity = encode(() => name)!;
    return block === null ? headKey(state, entity) : blockKey(state, entity, level, block);
  };
  fc.assert(
    fc.property(place, place, (a, b) => {
      const same =
        a.state === b.state && a.name === b.name && a.block === b.block && (a.block === null || a.level === b.level);
      expect(hex(keyOf(a)) === hex(keyOf(b))).toBe(same);
      expect(hex(keyOf(a)).startsWith(hex(statePrefix(b.state)))).toBe(a.state === b.state);
      expect(hex(keyOf(a)).startsWith(hex(headPrefix(b.state)))).toBe(a.state === b.state && a.block === null);
      for (const own of [META_KEY, VIEWS_KEY]) expect(hex(keyOf(a)).startsWith(hex(own))).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test("blocks of a key are ordered as time is", () => {
  const entity = Uint8Array.of(1, 65);
  const blocks = [-(2 ** 48), -(2 ** 40), -(2 ** 32), -257, -1, 0, 1, 255, 2 ** 32, 2 ** 40, 2 ** 48];
  const found = blocks.map((block) => hex(blockKey(7, entity, 1, block)));
  expect([...found].sort(compareStrings)).toEqual(found);
});

test("a key up to the limit stands for itself", () => {
  const encode = entityKeyEncoder({ name: t.string() });
  const out = new ByteWriter();
  out.string("x".repeat(398));
  expect(encode(() => "x".repeat(398))).toEqual(out.finish());
  expect(encode(() => "x".repeat(399))!.length).toBeGreaterThan(400);
});

test("a key that is cut short is damage, not a fault", () => {
  const entity = Uint8Array.of(1, 65);
  for (const [key, least] of [
    [headKey(7, entity), 6],
    [blockKey(7, entity, 1, 5), 14],
  ] as const)
    for (let length = 1; length < least; length++)
      expect(() => stateOfKey(key.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError,
      );
});
