import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { isPortable, type ReadRecords, recordTable } from "../../core/kernel/record-table.ts";
import { ColumnBuffer, NumberBuffer } from "../../core/kernel/column-buffer.ts";
import type { NumericColumn } from "../../core/schema/column.ts";
import type { DataType, Value } from "../../core/schema/data-type.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import { startTableThread } from "./table-thread.ts";

const thread = startTableThread();
afterAll(() => thread.close());

const timestamp: DataType = { kind: "timestamp", nullable: false };
const record = fc.record({
  key: fc.integer({ min: -1, max: 3 }),
  event: fc.integer({ min: 0, max: 50 }),
  late: fc.nat(20),
  withdrawn: fc.oneof(fc.constant(Infinity), fc.integer({ min: 60, max: 90 })),
  n: fc.option(fc.integer({ min: -5, max: 5 })),
  big: fc.option(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n })),
});

function column(type: DataType, values: readonly Value[]): NumericColumn {
  const fields = { value: type };
  const rows = values.map((value) => ({ value }));
  // Less than there will be: what has grown is as good.
  const buffer = new ColumnBuffer(type, 1, true);
  buffer.add(columnsOfRows(fields, rows).columns.value, rows.length);
  return buffer.column() as NumericColumn;
}

const read = fc
  .tuple(fc.array(record, { maxLength: 40 }), fc.boolean(), fc.boolean())
  .map(([all, alone, keeps]): ReadRecords => {
    // Sums are made where nothing is withdrawn and records become visible in the order of their events.
    const records = keeps ? all.map((one) => ({ ...one, late: 4 })) : all;
    const key = new NumberBuffer(1, true);
    key.add(Int32Array.from(records, (one) => one.key));
    const float64: DataType = { kind: "float64", nullable: false };
    return {
      keys: 4,
      key: key.values(),
      event: column(
        timestamp,
        records.map(({ event }) => event),
      ),
      visible:
        keeps && alone
          ? 4
          : column(
              timestamp,
              records.map(({ event, late }) => event + late),
            ),
      withdrawn: keeps
        ? null
        : column(
            float64,
            records.map(({ withdrawn }) => withdrawn),
          ),
      slots: [
        null,
        column(
          { kind: "int32", nullable: true },
          records.map(({ n }) => n),
        ),
      ],
      slotKeys: [
        null,
        column(
          { kind: "int64", nullable: true },
          records.map(({ big }) => big),
        ),
      ],
      summed: [1],
      onlySummed: alone ? [1] : [],
      order: null,
    };
  });

test("a thread makes the tables that we make, one after another", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(read, { minLength: 1, maxLength: 3 }), async (all) => {
      expect(all.every(isPortable)).toBe(true);
      const built = all.map((records) => thread.build(records));
      const found = all.map((records) => thread.place(records));
      expect(await Promise.all(built)).toStrictEqual(all.map((records) => recordTable(records)));
      const placed = (await Promise.all(found)).map((places, i) => recordTable(all[i], places));
      expect(placed).toStrictEqual(await Promise.all(built));
    }),
    { numRuns: 50 },
  );
});

test("what is under way when a thread is closed rejects, and so does what is asked of it later", async () => {
  const other = startTableThread();
  const [records] = fc.sample(read, { numRuns: 1, seed: 1 });
  const building = other.build(records);
  building.catch(() => undefined);
  await other.close();
  await expect(building).rejects.toMatchObject({ code: "ASOF_INTERNAL" });
  await expect(other.build(records)).rejects.toMatchObject({ code: "ASOF_INTERNAL" });
});
