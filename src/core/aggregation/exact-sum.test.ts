import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyDouble, everydayDouble, finiteDouble } from "../../../test/oracle/doubles.ts";
import { exactSum } from "../../../test/oracle/exact.ts";
import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { ExactSum } from "./exact-sum.ts";

const sumOf = (values: readonly number[]): ExactSum => {
  const sum = new ExactSum();
  for (const x of values) sum.add(x);
  return sum;
};

const bytesOf = (sum: ExactSum): number[] => {
  const out = new ByteWriter();
  sum.encode(out);
  return [...out.view()];
};

describe("ExactSum", () => {
  test("is the exact sum rounded once, whatever the values", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(finiteDouble, everydayDouble), { maxLength: 60 }), (values) => {
        const sum = sumOf(values);
        expect(sum.value()).toBe(exactSum(values));
        bytesOf(sum);
        expect(sum.value()).toBe(exactSum(values));
      }),
      { numRuns: 1000 },
    );
  });

  test("is the same whether values are added one by one, all at once or as sums, and taken away in any way", () => {
    const values = fc.array(fc.oneof(anyDouble, everydayDouble), { maxLength: 60 });
    fc.assert(
      fc.property(values, fc.nat({ max: 60 }), fc.nat({ max: 60 }), (values, a, b) => {
        const [from, until] = [Math.min(a, b, values.length), Math.min(Math.max(a, b), values.length)];
        const bytes = bytesOf(sumOf(values));
        const ranged = sumOf(values.slice(0, from));
        ranged.addAll(Float64Array.from(values), from);
        expect(bytesOf(ranged)).toEqual(bytes);

        const merged = sumOf(values.slice(0, from));
        const middle = new ExactSum();
        middle.addAll(Float64Array.from(values), from, until);
        const kept = bytesOf(middle);
        merged.merge(middle);
        merged.merge(sumOf(values.slice(until)));
        expect(bytesOf(merged)).toEqual(bytes);
        expect(bytesOf(middle)).toEqual(kept);

        for (const x of values.slice(0, from)) merged.subtract(x);
        for (const x of values.slice(until)) merged.subtract(x);
        expect(bytesOf(merged)).toEqual(kept);
        expect(merged.value()).toBe(middle.value());
      }),
      { numRuns: 2000 },
    );
  });

  test("ties go to even, and a tie is broken however far below", () => {
    const tiny = 5e-324;
    expect(sumOf([2 ** 53, 1]).value()).toBe(2 ** 53);
    expect(sumOf([2 ** 53, 1, tiny]).value()).toBe(2 ** 53 + 2);
    expect(sumOf([2 ** 53 + 2, 1]).value()).toBe(2 ** 53 + 4);
    expect(sumOf([2 ** 53 + 2, 1, -tiny]).value()).toBe(2 ** 53 + 2);
  });

  test("overflows only where the exact sum rounds beyond the doubles", () => {
    const half = 2 ** 970;
    expect(sumOf([1e308, 1e308, -1e308]).value()).toBe(1e308);
    expect(sumOf([Number.MAX_VALUE, half]).value()).toBe(Infinity);
    expect(sumOf([Number.MAX_VALUE, half, -5e-324]).value()).toBe(Number.MAX_VALUE);
    expect(sumOf([-Number.MAX_VALUE, -half]).value()).toBe(-Infinity);
    expect(sumOf([Number.MAX_VALUE, half, -half]).value()).toBe(Number.MAX_VALUE);
    expect(bytesOf(sumOf([Number.MAX_VALUE, half, -half]))).toEqual(bytesOf(sumOf([Number.MAX_VALUE])));
  });

  test("takes back what spilled, and leaves no trace of it", () => {
    const sum = sumOf([1e300, 0.1, 1e-300, 12.34]);
    sum.subtract(1e300);
    sum.subtract(1e-300);
    expect(bytesOf(sum)).toEqual(bytesOf(sumOf([12.34, 0.1])));
    sum.subtract(12.34);
    sum.subtract(0.1);
    expect(bytesOf(sum)).toEqual(bytesOf(new ExactSum()));
    expect(Object.is(sum.value(), 0)).toBe(true);
  });

  test("survives more additions than a limb has room for without carrying", () => {
    const sum = sumOf([1e300, 1e-300]);
    const rounds = 2 ** 21 + 5;
    for (let i = 0; i < rounds; i++) sum.add(-4294967295.999999);
    sum.subtract(1e300);
    sum.subtract(1e-300);
    expect(sum.value()).toBe(-4294967295.999999 * rounds);
    const doubled = sumOf([1e300, 1e-300]);
    for (let i = 0; i < 24; i++) doubled.merge(doubled);
    expect(doubled.value()).toBe(1e300 * 2 ** 24);
  });

  test("a whole number takes few bytes", () => {
    expect(bytesOf(new ExactSum())).toHaveLength(1);
    expect(bytesOf(sumOf([1, 2, 3]))).toHaveLength(2);
    expect(bytesOf(sumOf([0.5]))).toHaveLength(9);
    expect(bytesOf(sumOf([0.1, 0.2]))).toHaveLength(17);
  });

  test("copyFrom copies, clear clears", () => {
    fc.assert(
      fc.property(fc.array(finiteDouble, { maxLength: 10 }), finiteDouble, (values, x) => {
        const sum = sumOf(values);
        const copy = sumOf([1e300, 1e-300, Number.NaN]);
        copy.copyFrom(sum);
        const before = bytesOf(sum);
        expect(bytesOf(copy)).toEqual(before);
        copy.add(x);
        copy.add(1);
        copy.add(Infinity);
        expect(bytesOf(sum)).toEqual(before);
        copy.clear();
        expect(bytesOf(copy)).toEqual(bytesOf(new ExactSum()));
      }),
    );
  });

  test("stored bytes that no sum has are refused, and others are read as they are", () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 3, 4, 8, 0x80, 0x7f, 0xf0, 0x3f));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (raw) => {
        const sum = new ExactSum();
        const reader = new ByteReader(Uint8Array.from(raw));
        try {
          sum.decodeFrom(reader);
        } catch (error) {
          expect(error).toMatchObject({ code: "ASOF_CORRUPT" });
          return;
        }
        expect(bytesOf(sum)).toEqual(raw.slice(0, reader.position));
      }),
      { numRuns: 3000 },
    );
  });
});
