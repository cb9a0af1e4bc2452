import fc from "fast-check";
import { expect, test } from "vitest";
import type { Column } from "../schema/column.ts";
import { t } from "../schema/data-type.ts";
import { KeyIndex, PartIndex } from "./key-index.ts";
import { textWords } from "./text-words.ts";

/** Texts around what four words hold, in bytes and not in letters, and some that are met again. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "ORD",
    "twelve bytes",
    "thirteen byte",
    "ééééééé",
    "éééééé",
    "😀😀😀",
    "😀😀😀a",
    "a\0",
    "\0",
  ),
  fc.string({ unit: "grapheme", maxLength: 20 }),
);
const parts = {
  string: { value: text, column: (values: string[]): Column["values"] => values, type: t.string() },
  float64: {
    value: fc
      .oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true }), fc.constant(Number.NaN))
      .map((x) => x + 0),
    column: (values: number[]): Column["values"] => Float64Array.from(values),
    type: t.float64(),
  },
  int64: {
    value: fc.oneof(fc.bigInt({ min: -2n, max: 2n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    column: (values: bigint[]): Column["values"] => BigInt64Array.from(values),
    type: t.int64(),
  },
} as const;
type Part = keyof typeof parts;

const columnOf = (part: Part, values: readonly unknown[], nulls: boolean, worded: boolean): Column => {
  const { type, column, value } = parts[part];
  const present = values.map((one) => one ?? fc.sample(value as fc.Arbitrary<unknown>, { numRuns: 1, seed: 1 })[0]);
  const made = (column as (values: unknown[]) => Column["values"])(present);
  return {
    type,
    values: made,
    valid: nulls ? Uint8Array.from(values, (one) => (one === null ? 0 : 1)) : null,
    ...(worded && part === "string" ? { words: textWords(present as string[], values.length) } : {}),
  };
};

test("keys are numbered as they are met, and found again; what lacks a part has none", () => {
  const shape = fc.array(fc.constantFrom<Part>("string", "float64", "int64"), { minLength: 1, maxLength: 3 });
  const rows = shape.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      batches: fc.array(
        fc.record({
          isNew: fc.boolean(),
          worded: fc.boolean(),
          keys: fc.array(
            fc.tuple(...shape.map((part) => fc.option(parts[part].value as fc.Arbitrary<unknown>, { freq: 6 }))),
            { maxLength: 12 },
          ),
        }),
        { maxLength: 6 },
      ),
    }),
  );
  fc.assert(
    fc.property(rows, ({ shape, batches }) => {
      const index = new KeyIndex(shape.length);
      const known: unknown[][] = [];
      const numberOf = (key: readonly unknown[]): number =>
        known.findIndex((other) => other.every((part, p) => Object.is(part, key[p])));
      for (const { isNew, worded, keys } of batches) {
        const columns = shape.map((part, p) => {
          const values = keys.map((key) => key[p]);
          return columnOf(part, values, values.includes(null), worded);
        });
        const expected = keys.map((key) => {
          if (key.includes(null)) return -1;
          const found = numberOf(key);
          return found >= 0 || !isNew ? found : known.push([...key]) - 1;
        });
        const numbers = isNew ? index.add(columns, keys.length) : index.find(columns, keys.length);
        expect([...numbers]).toEqual(expected);
      }
      expect(index.size).toBe(known.length);
    }),
    { numRuns: 400 },
  );
});

test("keys that share a column are numbered as if they did not, whatever was asked in between", () => {
  const rows = fc.array(fc.tuple(fc.option(text, { freq: 6 }), fc.option(text, { freq: 6 })), { maxLength: 12 });
  const steps = fc.array(fc.record({ isNew: fc.boolean(), rows, order: fc.array(fc.nat(2), { maxLength: 5 }) }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(steps, (steps) => {
      const [a, b] = [new PartIndex(), new PartIndex()];
      const shared = [new KeyIndex([a]), new KeyIndex([b]), new KeyIndex([a, b])];
      const alone = [new KeyIndex(1), new KeyIndex(1), new KeyIndex(2)];
      for (const { isNew, rows, order } of steps) {
        const made = [0, 1].map((p) => {
          const values = rows.map((row) => row[p]);
          return columnOf("string", values, values.includes(null), true);
        });
        const columns = [[made[0]], [made[1]], made];
        // What is new comes to all of them, as all read the same records.
        for (const which of isNew ? [0, 1, 2, ...order] : order)
          expect(shared[which][isNew ? "add" : "find"](columns[which], rows.length)).toEqual(
            alone[which][isNew ? "add" : "find"](columns[which], rows.length),
          );
      }
      shared.forEach((index, i) => expect(index.size).toBe(alone[i].size));
    }),
    { numRuns: 200 },
  );
});

test("a key keeps its number while thousands of others come", () => {
  // Around each size at which a table of powers of two may grow.
  for (const size of [1023, 1024, 1025, 2048, 2049, 5000, 70_000]) {
    const batch = 617;
    const number = (value: number): number => value * 3 - size;
    const key = (from: number, rows: number): Column[] => [
      { type: t.float64(), values: Float64Array.from({ length: rows }, (_, i) => number(from + i)), valid: null },
      { type: t.string(), values: Array.from({ length: rows }, (_, i) => `key ${(from + i) % 97}`), valid: null },
    ];
    const index = new KeyIndex(2);
    for (let from = 0; from < size; from += batch) {
      const rows = Math.min(batch, size - from);
      expect(index.add(key(from, rows), rows)).toEqual(Int32Array.from({ length: rows }, (_, i) => from + i));
    }
    expect(index.size).toBe(size);
    const all = Int32Array.from({ length: size }, (_, i) => i);
    expect(index.add(key(0, size), size)).toEqual(all);
    expect(index.find(key(0, size), size)).toEqual(all);
    expect([...index.find(key(size, 5), 5)]).toEqual([-1, -1, -1, -1, -1]);
  }
});
