import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AsofError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";

const unsigned = fc.oneof(fc.nat(300), fc.nat(), fc.maxSafeNat(), fc.constantFrom(2 ** 53, 2 ** 31, 2 ** 32, 127, 128));
const signed = fc.oneof(
  fc.integer({ min: -200, max: 200 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(2 ** 53, -(2 ** 53), 63, 64, -64, -65),
);
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.string({ minLength: 120, maxLength: 400, unit: "grapheme" }),
  fc.constantFrom(
    "",
    "a".repeat(127),
    "a".repeat(128),
    "é".repeat(64),
    "\ufeffbom",
    "😀".repeat(24),
    "x".repeat(48),
    "x".repeat(49),
  ),
);

type Item =
  | { kind: "u8" | "u32" | "varint" | "zigzag" | "f64"; value: number }
  | { kind: "i64"; value: bigint }
  | { kind: "string"; value: string }
  | { kind: "bytes"; value: Uint8Array };

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ kind: fc.constant("u8" as const), value: fc.nat(255) }),
  fc.record({ kind: fc.constant("u32" as const), value: fc.nat(2 ** 31 - 1).map((n) => n * 2) }),
  fc.record({ kind: fc.constant("varint" as const), value: unsigned }),
  fc.record({ kind: fc.constant("zigzag" as const), value: signed }),
  fc.record({ kind: fc.constant("f64" as const), value: fc.double() }),
  fc.record({ kind: fc.constant("i64" as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc.record({ kind: fc.constant("string" as const), value: text }),
  fc.record({ kind: fc.constant("bytes" as const), value: fc.uint8Array({ maxLength: 300 }) }),
);

function write(writer: ByteWriter, item: Item): void {
  switch (item.kind) {
    case "i64":
      return writer.i64(item.value);
    case "string":
      return writer.string(item.value);
    case "bytes":
      return writer.bytes(item.value);
    default:
      return writer[item.kind](item.value);
  }
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AsofError) return error.code;
    throw error;
  }
  return "none";
};

describe("ByteWriter and ByteReader", () => {
  test("what is written is read", () => {
    const writer = new ByteWriter(1);
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), fc.nat(20), (items, offset) => {
        writer.reset();
        for (const each of items) write(writer, each);
        const stored = writer.finish();
        expect(stored).toEqual(writer.view());
        const placed = new Uint8Array(offset + stored.length + 3).fill(0xff);
        placed.set(stored, offset);
        const reader = new ByteReader(placed, offset, stored.length);
        for (const each of items) expect(reader[each.kind]()).toEqual(each.value);
        reader.end();
        expect(codeOf(() => reader.u8())).toBe("ASOF_CORRUPT");
      }),
    );
  });

  test("a zigzag varint is the varint of the zigzag", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), (value) => {
        const one = new ByteWriter();
        const other = new ByteWriter();
        one.zigzag(value);
        other.varint(value < 0 ? -2 * value - 1 : 2 * value);
        expect(one.finish()).toEqual(other.finish());
      }),
    );
  });

  test("bytes cut short are refused, wherever the cut", () => {
    fc.assert(
      fc.property(item, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (each, part) => {
        const writer = new ByteWriter();
        write(writer, each);
        const cut = Math.floor(writer.length * part);
        const reader = new ByteReader(writer.finish(), 0, cut);
        expect(codeOf(() => reader[each.kind]())).toBe("ASOF_CORRUPT");
      }),
    );
  });

  test("whatever the bytes, a varint is one that the writer writes, or refused", () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 0x80, 0xff, 0x90, 0x10));
    fc.assert(
      fc.property(
        fc.array(byte, { minLength: 1, maxLength: 10 }),
        fc.constantFrom("varint" as const, "zigzag" as const),
        (raw, kind) => {
          const reader = new ByteReader(Uint8Array.from(raw));
          let value: number;
          try {
            value = reader[kind]();
          } catch (error) {
            expect(error).toMatchObject({ code: "ASOF_CORRUPT" });
            return;
          }
          const writer = new ByteWriter();
          writer[kind](value);
          expect([...writer.finish()]).toEqual(raw.slice(0, reader.position));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("a string is length-prefixed UTF-8, of whichever length", () => {
    fc.assert(
      fc.property(
        text.filter((value) => value.isWellFormed()),
        (value) => {
          const writer = new ByteWriter(4);
          writer.string(value);
          const reader = new ByteReader(writer.finish());
          expect(Buffer.from(reader.bytesView())).toEqual(Buffer.from(value, "utf8"));
          reader.end();
        },
      ),
    );
  });

  test("lone surrogates are refused and bad UTF-8 is damage", () => {
    const writer = new ByteWriter();
    for (const bad of ["\ud800", `${"a".repeat(100)}\udc00`, "x\ud800y"])
      expect(codeOf(() => writer.string(bad))).toBe("ASOF_STRING");
    for (const raw of [
      [1, 0x80],
      [2, 0xc3, 0x28],
      [3, 0xed, 0xa0, 0x80],
      [50, ...Array<number>(50).fill(0xff)],
    ])
      expect(codeOf(() => new ByteReader(Uint8Array.from(raw)).string())).toBe("ASOF_CORRUPT");
  });

  test("what no varint holds is our own fault, not written", () => {
    const writer = new ByteWriter();
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53 + 2, Infinity])
      expect(() => writer.varint(bad)).toThrow("internal");
    for (const bad of [0.5, -0.5, Number.NaN, 2 ** 53 + 2, -Infinity])
      expect(() => writer.zigzag(bad)).toThrow("internal");
  });

  test("a reader is reused on other bytes; a copy survives them, a view does not", () => {
    const bytes = Uint8Array.of(2, 7, 8, 1, 9);
    const reader = new ByteReader(bytes);
    const copy = reader.bytes();
    reader.reset(bytes);
    const view = reader.bytesView();
    bytes[1] = 77;
    expect([...copy]).toEqual([7, 8]);
    expect([...view]).toEqual([77, 8]);
    reader.reset(Uint8Array.of(5), 0);
    expect(reader.u8()).toBe(5);
    expect(() => reader.reset(bytes, 3, 3)).toThrow("internal");
  });
});

test("what was cut off stays what it was, whatever is written behind it", () => {
  const step = fc.record({
    item,
    /** What is done to what is written so far. */
    afterwards: fc.constantFrom("go on", "cut", "finish", "reset"),
    room: fc.constantFrom(0, 0, 7, 500),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(1, 16, 64, 4096), (steps, capacity) => {
      const writer = new ByteWriter(capacity);
      const plain = new ByteWriter();
      const results: { readonly got: Uint8Array; readonly expected: Uint8Array }[] = [];
      for (const { item, afterwards, room } of steps) {
        writer.ensure(room);
        write(writer, item);
        write(plain, item);
        if (afterwards === "cut" || afterwards === "finish")
          results.push({ got: writer[afterwards](), expected: plain.finish() });
        if (afterwards === "finish") writer.reset();
        if (afterwards === "reset") writer.reset(writer.length >> 1);
        if (afterwards === "cut" || afterwards === "finish") plain.reset();
        if (afterwards === "reset") plain.reset(plain.length >> 1);
        expect(writer.length).toBe(plain.length);
        expect(Buffer.compare(writer.view(), plain.view())).toBe(0);
      }
      for (const { got, expected } of results) expect(Buffer.compare(got, expected)).toBe(0);
    }),
  );
});

test("a string is what the bytes say, whatever is expected there", () => {
  fc.assert(
    fc.property(text, text, fc.boolean(), (there, other, expectIt) => {
      const writer = new ByteWriter();
      writer.string(there);
      expect(new ByteReader(writer.finish()).string(expectIt ? there : other)).toBe(there);
    }),
  );
});
