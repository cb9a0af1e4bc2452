import { expect, test } from "vitest";
import { compareOrdered } from "../aggregation/order-key.ts";
import { type Row, t } from "../schema/data-type.ts";
import { recordOrder } from "./record-order.ts";
import { layoutOf } from "./view-layout.ts";

const fields = { a: t.string(), seq: t.nullable(t.int32()) };

function order(by: string | null): (row: Row, event: number, available: number) => { value: 0; key: never } {
  const layout = layoutOf(
    {
      kind: "aggregateView",
      name: "view",
      source: "source",
      entity: "entity",
      keys: {},
      features: [
        {
          name: "last",
          aggregation: { kind: "last" },
          of: { op: "column", name: "a" },
          where: null,
          window: { length: 2, hop: 1, offset: 0 },
        },
      ],
      ...(by === null ? {} : { order: by }),
    },
    fields,
  );
  const orderOf = recordOrder(layout, fields);
  return (row, event, available) => ({ value: 0, key: orderOf(row, event, available) as never });
}

test("records with the same times go by the source's order, null first, before their bytes", () => {
  const by = order("seq");
  const ascending = [
    by({ a: "z", seq: 9 }, 1, 9),
    by({ a: "z", seq: 9 }, 2, 3),
    by({ a: "z", seq: null }, 2, 4),
    by({ a: "y", seq: 1 }, 2, 4),
    by({ a: "x", seq: 2 }, 2, 4),
    by({ a: "y", seq: 2 }, 2, 4),
  ];
  ascending.forEach((a, i) =>
    ascending.forEach((b, j) => expect(Math.sign(compareOrdered(a, b))).toBe(Math.sign(i - j))),
  );
});

test("without an order the bytes decide, and a field that a record lacks is null", () => {
  const by = order(null);
  expect(compareOrdered(by({ a: "x", seq: 2 }, 1, 1), by({ a: "y", seq: 1 }, 1, 1))).toBeLessThan(0);
  expect(compareOrdered(by({ a: "x" }, 1, 1), by({ a: "x", seq: null }, 1, 1))).toBe(0);
});
