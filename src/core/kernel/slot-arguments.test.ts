import fc from "fast-check";
import { expect, test } from "vitest";
import { scenario, scenarioFields } from "../../../test/oracle/generators.ts";
import { type AggregateViewDefinition } from "../definition/data.ts";
import { columnsOfRows, valueAt } from "../schema/column.ts";
import { type Fields, type Row, t } from "../schema/data-type.ts";
import { EVENT } from "../schema/system-columns.ts";
import { compileContributions, layoutOf, type ViewLayout } from "../tile/view-layout.ts";
import { compileSlot, compileSlotKey } from "./slot-arguments.ts";

/** What each record contributes to each slot by the bulk compiler; `true` where it is the record itself that counts. */
function inBulk(layout: ViewLayout, fields: Fields, records: readonly { event: number; row: Row }[]): unknown[][] {
  const batch = columnsOfRows(
    { ...fields, [EVENT]: t.timestamp() },
    records.map(({ event, row }) => ({ ...row, [EVENT]: event })),
  );
  const columns = layout.slots.map((slot) => compileSlot(slot, fields)?.(batch) ?? null);
  const keys = layout.slots.map((slot) => compileSlotKey(slot, fields)?.(batch) ?? null);
  return records.map((_, i) =>
    columns.map((column, s) => {
      const value = column === null ? true : valueAt(column, i);
      const by = keys[s];
      if (by === null || value === null) return value;
      const key = valueAt(by, i);
      return key === null ? null : { key, value };
    }),
  );
}

test("records contribute in bulk what they contribute one by one", () => {
  fc.assert(
    fc.property(scenario({ kinds: ["count", "sum", "max", "countDistinct", "per"] }), ({ view, records }) => {
      const layout = layoutOf(view, scenarioFields);
      const one = compileContributions(layout, scenarioFields);
      expect(inBulk(layout, scenarioFields, records)).toStrictEqual(records.map(({ row, event }) => one(row, event)));
    }),
    { numRuns: 200 },
  );
});

test("an argument is not evaluated where the condition is not true: there it may overflow", () => {
  const fields = { n: t.nullable(t.int32()) };
  const n = { op: "column", name: "n" } as const;
  const view: AggregateViewDefinition = {
    kind: "aggregateView",
    name: "view",
    source: "source",
    entity: "entity",
    keys: {},
    features: [
      {
        name: "squares",
        aggregation: { kind: "sum" },
        of: { op: "multiply", args: [n, n] },
        where: { op: "lt", args: [n, { op: "literal", kind: "int32", value: 1000 }] },
        window: { length: 1, hop: 1, offset: 0 },
      },
    ],
  };
  const layout = layoutOf(view, fields);
  const records = [2 ** 30, 7, null].map((n) => ({ event: 5, row: { n } }));
  const expected = [
    [null, 5],
    [49, 5],
    [null, 5],
  ];
  expect(inBulk(layout, fields, records)).toStrictEqual(expected);
  const one = compileContributions(layout, fields);
  expect(records.map(({ row, event }) => one(row, event))).toStrictEqual(expected);
});
