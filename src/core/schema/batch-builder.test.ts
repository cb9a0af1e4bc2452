import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchBuilder } from "./batch-builder.ts";
import { rowAt } from "./column.ts";
import { type Row, t } from "./data-type.ts";

const seed = 20261128;
const fields = {
  s: t.nullable(t.string()),
  b: t.nullable(t.boolean()),
  i: t.int32(),
  l: t.nullable(t.int64()),
  x: t.nullable(t.float64()),
  at: t.timestamp(),
};
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 4 });
const row: fc.Arbitrary<Row> = fc.record({
  s: orNull(fc.string()),
  b: orNull(fc.boolean()),
  i: fc.integer(),
  l: orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  x: orNull(fc.double()),
  at: fc.maxSafeInteger(),
});

test("batches hold the rows that were added, in their order, whatever their size", () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (rows, size) => {
      const builder = new BatchBuilder(fields, size);
      for (const one of rows) builder.add(one);
      expect(builder.rows).toBe(rows.length);
      const batches = builder.batches();
      expect(batches.map((batch) => batch.rows)).toEqual(
        Array.from({ length: Math.ceil(rows.length / size) }, (_, b) => Math.min(size, rows.length - b * size)),
      );
      expect(batches.flatMap((batch) => Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i)))).toEqual(rows);
    }),
    { seed, numRuns: 300 },
  );
});

test("a batch grows beyond what it began with room for, nulls and all", () => {
  const builder = new BatchBuilder(fields, 5_000);
  const rowOf = (i: number): Row => ({
    s: i % 7 === 0 ? null : `${i}`,
    b: i % 5 === 0 ? null : i % 2 === 0,
    i,
    l: i % 3 === 0 ? null : BigInt(i),
    x: i === 1_500 ? null : i / 2,
    at: i,
  });
  const rows = Array.from({ length: 11_111 }, (_, i) => rowOf(i));
  for (const one of rows) builder.add(one);
  const batches = builder.batches();
  expect(batches.map((batch) => batch.rows)).toEqual([5_000, 5_000, 1_111]);
  expect(batches.flatMap((batch) => Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i)))).toEqual(rows);
  // Columns without a null say so.
  expect(batches.map(({ columns }) => columns.x.valid === null)).toEqual([false, true, true]);
});
