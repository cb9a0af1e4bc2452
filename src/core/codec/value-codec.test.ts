import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AsofError } from "../errors.ts";
import { type DataType, type Fields, type Kind, t, type Value } from "../schema/data-type.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { canonicalize } from "./canonicalize.ts";
import { rowCodec } from "./row-codec.ts";
import { decodeTagged, encodeTagged } from "./tagged-value.ts";
import { decodeValue, encodeValue } from "./value-codec.ts";

/** Canonical values of each kind. */
const valueOf: Record<Kind, fc.Arbitrary<Value>> = {
  string: fc.string({ unit: "grapheme", maxLength: 60 }),
  boolean: fc.boolean(),
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double().map((x) => x + 0),
  timestamp: fc.maxSafeInteger().map((x) => x + 0),
};

const anyType: fc.Arbitrary<DataType> = fc
  .tuple(fc.constantFrom(...(Object.keys(valueOf) as Kind[])), fc.boolean())
  .map(([kind, nullable]) => ({ kind, nullable, ...(kind === "float64" ? { nonFinite: true as const } : {}) }));

const valueFor = (type: DataType): fc.Arbitrary<Value> =>
  type.nullable ? fc.option(valueOf[type.kind], { freq: 3 }) : valueOf[type.kind];

const written = (write: (out: ByteWriter) => void): Uint8Array => {
  const out = new ByteWriter();
  write(out);
  return out.finish();
};

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AsofError) return error.code;
    throw error;
  }
  return "none";
};

describe("encodeValue", () => {
  test("is read back by decodeValue, tagged or not, and is canonical already", () => {
    fc.assert(
      fc.property(
        anyType.chain((type) => fc.tuple(fc.constant(type), valueFor(type))),
        ([type, value]) => {
          const reader = new ByteReader(written((out) => encodeValue(out, type, value)));
          expect(decodeValue(reader, type)).toBe(value);
          reader.end();
          reader.reset(written((out) => encodeTagged(out, value)));
          expect(decodeTagged(reader)).toBe(value);
          reader.end();
          expect(canonicalize(type, value)).toBe(value);
        },
      ),
    );
  });

  test("gives all NaN one form and zero one sign", () => {
    const negative = new Float64Array(new BigUint64Array([0xfff8_dead_beef_0000n]).buffer)[0];
    const type = t.float64({ nonFinite: true });
    const bytes = (value: number): Uint8Array => written((out) => encodeValue(out, type, value));
    expect(bytes(negative)).toEqual(bytes(Number.NaN));
    expect([...bytes(Number.NaN)]).toEqual([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
    expect(bytes(-0)).toEqual(bytes(0));
    expect(Object.is(canonicalize(type, -0), 0)).toBe(true);
    expect(Object.is(canonicalize(t.int32(), -0), 0)).toBe(true);
    expect(Object.is(canonicalize(t.timestamp(), -0), 0)).toBe(true);
  });

  test("whatever the bytes, a value of the type or ASOF_CORRUPT", () => {
    fc.assert(
      fc.property(anyType, fc.uint8Array({ maxLength: 20 }), (type, raw) => {
        let value: Value;
        try {
          value = decodeValue(new ByteReader(raw), type);
        } catch (error) {
          expect(error).toMatchObject({ code: "ASOF_CORRUPT" });
          return;
        }
        expect(canonicalize(type, value)).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("canonicalize", () => {
  const finite = t.float64();
  const open = t.float64({ nonFinite: true });
  test.each<[DataType, unknown, Value]>([
    [t.int64(), 7, 7n],
    [t.int64(), "-9223372036854775808", -(2n ** 63n)],
    [t.int64(), "+5", 5n],
    [t.int64(), -0, 0n],
    [open, "NaN", Number.NaN],
    [open, "-Infinity", -Infinity],
    [t.timestamp(), new Date(5), 5000],
    [t.timestamp(), "1970-01-01T00:00:00.000001Z", 1],
    [t.nullable(t.string()), undefined, null],
    [t.nullable(t.int32()), null, null],
  ])("%j takes %s", (type, given, value) => {
    expect(canonicalize(type, given)).toBe(value);
  });

  test.each<[DataType, unknown, string]>([
    [t.string(), 5, "ASOF_TYPE"],
    [t.string(), "\ud800", "ASOF_STRING"],
    [t.string(), null, "ASOF_MISSING_FIELD"],
    [t.string(), undefined, "ASOF_MISSING_FIELD"],
    [t.boolean(), 1, "ASOF_TYPE"],
    [t.boolean(), "true", "ASOF_TYPE"],
    [t.int32(), 2 ** 31, "ASOF_OVERFLOW"],
    [t.int32(), 0.5, "ASOF_TYPE"],
    [t.int32(), "5", "ASOF_TYPE"],
    [t.int32(), Number.NaN, "ASOF_NOT_FINITE"],
    [t.int32(), 5n, "ASOF_TYPE"],
    [t.int64(), 2n ** 63n, "ASOF_OVERFLOW"],
    [t.int64(), "9223372036854775808", "ASOF_OVERFLOW"],
    [t.int64(), 2 ** 53, "ASOF_OVERFLOW"],
    [t.int64(), "0x10", "ASOF_TYPE"],
    [t.int64(), "", "ASOF_TYPE"],
    [t.int64(), "9".repeat(1000), "ASOF_TYPE"],
    [t.int64(), 1.5, "ASOF_TYPE"],
    [t.int64(), Infinity, "ASOF_NOT_FINITE"],
    [finite, Number.NaN, "ASOF_NOT_FINITE"],
    [finite, "Infinity", "ASOF_NOT_FINITE"],
    [finite, "1.5", "ASOF_TYPE"],
    [open, "1.5", "ASOF_TYPE"],
    [finite, 5n, "ASOF_TYPE"],
    [t.timestamp(), "yesterday", "ASOF_TIMESTAMP"],
    [t.timestamp(), 1.5, "ASOF_TIMESTAMP"],
    [t.timestamp(), 2 ** 53, "ASOF_TIMESTAMP"],
    [t.timestamp(), new Date(Number.NaN), "ASOF_TIMESTAMP"],
    [t.timestamp(), true, "ASOF_TYPE"],
    [t.string(), {}, "ASOF_TYPE"],
    [t.string(), [], "ASOF_TYPE"],
  ])("%j refuses %s with %s, naming the field", (type, given, code) => {
    expect(codeOf(() => canonicalize(type, given))).toBe(code);
    expect(() => canonicalize(type, given, "price")).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ field: "price" }) as unknown }),
    );
    expect(() => canonicalize(type, given, "price")).toThrow("price");
  });
});

describe("rowCodec", () => {
  const anyFields: fc.Arbitrary<Fields> = fc.dictionary(
    fc.stringMatching(/^[a-z_]{1,6}$/).filter((name) => name !== "__proto__"),
    anyType,
    {
      maxKeys: 20,
    },
  );
  const rows = anyFields.chain((fields) =>
    fc.tuple(
      fc.constant(fields),
      fc.record(Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, valueFor(type)]))),
      fc.record(Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, valueFor(type)]))),
    ),
  );

  test("equal rows have equal bytes, in whatever order of fields; others do not", () => {
    fc.assert(
      fc.property(rows, ([fields, row, other]) => {
        const codec = rowCodec(fields);
        const bytes = written((out) => codec.encode(out, row));
        const reader = new ByteReader(bytes);
        const decoded = codec.decode(reader);
        reader.end();
        expect(decoded).toEqual(row);
        expect(codec.equals(decoded, row)).toBe(true);

        const backwards = rowCodec(Object.fromEntries(Object.entries(fields).reverse()));
        expect(written((out) => backwards.encode(out, { extra: 1, ...row }))).toEqual(bytes);
        const same = Buffer.from(written((out) => codec.encode(out, other))).equals(bytes);
        expect(codec.equals(row, other)).toBe(same);
      }),
    );
  });

  test("a null costs one bit", () => {
    const fields = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, t.nullable(t.float64())]));
    const row = Object.fromEntries(Object.keys(fields).map((name) => [name, null]));
    expect(written((out) => rowCodec(fields).encode(out, row))).toHaveLength(2);
    expect(written((out) => rowCodec(fields).encode(out, { ...row, f8: 1 }))).toHaveLength(10);
  });

  test("a row that lacks a field is our own fault", () => {
    const codec = rowCodec({ a: t.int32(), b: t.nullable(t.string()) });
    expect(() => codec.encode(new ByteWriter(), { b: "x" })).toThrow("internal");
    expect(() => codec.encode(new ByteWriter(), { a: null, b: "x" })).toThrow("internal");
    expect(() => codec.encode(new ByteWriter(), { a: 1 })).toThrow("internal");
  });
});
