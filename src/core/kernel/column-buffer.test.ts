import fc from "fast-check";
import { expect, test } from "vitest";
import { expressionFields, expressionRow } from "../../../test/oracle/expression-arbitrary.ts";
import { columnsOfRows, rowAt } from "../schema/column.ts";
import { ColumnBuffer, gather, gatherNumbers, scatter } from "./column-buffer.ts";

test("parts collected are the whole, nulls and all, and gathered rows are those asked for", () => {
  const parts = fc.array(fc.array(expressionRow, { maxLength: 5 }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, fc.array(fc.nat()), (parts, wanted) => {
      const buffers = Object.entries(expressionFields).map(([name, type]) => [name, new ColumnBuffer(type)] as const);
      for (const rows of parts) {
        // Arrays may be longer than the batch.
        const batch = columnsOfRows(expressionFields, [...rows, ...rows]);
        for (const [name, buffer] of buffers) buffer.add(batch.columns[name], rows.length);
      }
      const all = parts.flat().map((row) => ({ ...row }));
      const columns = Object.fromEntries(buffers.map(([name, buffer]) => [name, buffer.column()]));
      expect(all.map((_, i) => rowAt({ rows: all.length, columns }, i))).toStrictEqual(all);
      for (const [, buffer] of buffers) expect(buffer.rows).toBe(all.length);
      if (all.length === 0) return;

      const order = Uint32Array.from(wanted, (i) => i % all.length);
      const gathered = Object.fromEntries(
        Object.entries(columns).map(([name, column]) => [name, gather(column, order)]),
      );
      expect([...order].map((_, i) => rowAt({ rows: order.length, columns: gathered }, i))).toStrictEqual(
        [...order].map((i) => all[i]),
      );

      // Back to where they came from, with nothing at the other places.
      const some = Uint32Array.from(new Set(order)).sort();
      const scattered = Object.fromEntries(
        Object.entries(columns).map(([name, column]) => [name, scatter(gather(column, some), some, all.length)]),
      );
      all.forEach((row, i) =>
        expect(rowAt({ rows: all.length, columns: scattered }, i)).toStrictEqual(
          some.includes(i) ? row : Object.fromEntries(Object.keys(row).map((name) => [name, null])),
        ),
      );
    }),
    { numRuns: 200 },
  );
  expect(gatherNumbers(Float64Array.of(1, 2, 3), Uint32Array.of(2, 0, 2))).toEqual(Float64Array.of(3, 1, 3));
});
