import fc from "fast-check";
import { expect, test } from "vitest";
import type { NumericColumn } from "../schema/column.ts";
import type { DataType } from "../schema/data-type.ts";
import { ColumnBuffer } from "./column-buffer.ts";
import { VisibleBuffer } from "./visible-buffer.ts";

const timestamp: DataType = { kind: "timestamp", nullable: false };
const column = (values: readonly number[]): NumericColumn => ({
  type: timestamp,
  // Longer than the batch, as what is lent may be.
  values: Float64Array.from([...values, 77]),
  valid: null,
});

test("the delay of all records is kept where they have one, and all their times where not", () => {
  let delays = 0;
  const record = fc.record({
    event: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(-(2 ** 53) + 1, 2 ** 53 - 20)),
    late: fc.oneof({ weight: 20, arbitrary: fc.constant(4) }, { weight: 1, arbitrary: fc.constantFrom(0, 5) }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(record, { maxLength: 5 }), { maxLength: 5 }), (batches) => {
      const event = new ColumnBuffer(timestamp);
      const visible = new VisibleBuffer(event);
      for (const batch of batches) {
        const events = column(batch.map((one) => one.event));
        event.add(events, batch.length);
        visible.add(column(batch.map((one) => one.event + one.late)), events, batch.length);
      }
      const all = batches.flat();
      const value = visible.value();
      if (all.every(({ late }) => late === all[0].late)) {
        expect(value).toBe(all[0]?.late ?? 0);
        delays++;
      } else expect([...(value as NumericColumn).values]).toEqual(all.map((one) => one.event + one.late));
    }),
    { seed: 20261126, numRuns: 500 },
  );
  expect(delays).toBeGreaterThan(50);
  expect(delays).toBeLessThan(450);
});

test("a delay that no double holds exactly is none", () => {
  const event = new ColumnBuffer(timestamp);
  const visible = new VisibleBuffer(event);
  const events = column([-(2 ** 53)]);
  event.add(events, 1);
  visible.add(column([2 ** 53]), events, 1);
  expect(typeof visible.value()).toBe("object");
});
