import fc from "fast-check";
import { expect, test } from "vitest";
import type { NumericColumn } from "../schema/column.ts";
import type { DataType } from "../schema/data-type.ts";
import { prefixSums } from "./prefixes.ts";
import { type ReadRecords, recordTable } from "./record-table.ts";

const timestamp: DataType = { kind: "timestamp", nullable: false };
const int32: DataType = { kind: "int32", nullable: true };

const column = (type: DataType, values: readonly number[], valid: readonly boolean[] | null = null): NumericColumn => ({
  type,
  values: Float64Array.from(values),
  valid: valid === null ? null : Uint8Array.from(valid, Number),
});

/** Numbers within 32 bits, beyond them, and such as prefix sums are refused for. */
const number = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)));
const huge = fc.constantFrom(2 ** 53, -(2 ** 53));
const records = fc
  .tuple(fc.oneof({ weight: 4, arbitrary: number }, { weight: 1, arbitrary: huge }), fc.boolean())
  .chain(([extreme, nulls]) =>
    fc
      .array(
        fc.record({ key: fc.integer({ min: -1, max: 2 }), at: fc.nat(9), n: number, m: number, valid: fc.boolean() }),
        {
          minLength: 1,
          maxLength: 30,
        },
      )
      .map((rows) => ({ rows: rows.map((row, i) => (i < 2 ? { ...row, n: extreme } : row)), nulls })),
  );

test("sums of slots of which nothing else is wanted are those of their values, which are left out where all sums are there", () => {
  let [without, refused] = [0, 0];
  fc.assert(
    fc.property(records, ({ rows, nulls }) => {
      const at = column(
        timestamp,
        rows.map((row) => row.at),
      );
      const read: ReadRecords = {
        keys: 3,
        key: Int32Array.from(rows, ({ key }) => key),
        visible: at,
        event: at,
        withdrawn: null,
        slots: [
          column(
            int32,
            rows.map(({ n }) => n),
          ),
          column(
            int32,
            rows.map(({ m }) => m),
            nulls ? rows.map(({ valid }) => valid) : null,
          ),
        ],
        slotKeys: [null, null],
        summed: [0, 1],
        onlySummed: [],
        order: null,
      };
      const whole = recordTable(read);
      expect(whole.byEvent).toBe(null);
      const table = recordTable({ ...read, onlySummed: [0, 1] });
      for (const slot of [0, 1]) {
        expect(whole.sums!.get(slot)).toEqual(prefixSums(whole.slots[slot]!));
        expect(table.sums!.get(slot)).toEqual(whole.sums!.get(slot));
      }
      const isThere = [...whole.sums!.values()].every((sums) => sums !== null);
      const isLeftOut = (slot: number): boolean => isThere && read.slots[slot]!.valid === null;
      for (const slot of [0, 1])
        if (isLeftOut(slot)) expect(table.slots[slot]!.values).toHaveLength(0);
        else expect(table.slots[slot]).toEqual(whole.slots[slot]);
      if (isLeftOut(0)) without++;
      if (!isThere) refused++;
    }),
    { seed: 20261126, numRuns: 300 },
  );
  expect(without).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(10);
});
