import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyOrder } from "./key-order.ts";

test("orders the rows of a block by their keys, those of one in their order, and leaves out those without", () => {
  const rows = fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 40 });
  fc.assert(
    fc.property(rows, fc.nat(40), fc.nat(40), fc.constantFrom(7, 100, 1_000_000), (all, a, b, keys) => {
      const from = Math.min(a, all.length);
      const size = Math.min(b, all.length - from);
      const order = new KeyOrder(40, keys);
      // Spread over all keys there may be.
      const spread = (key: number): number => (key < 0 ? -1 : Math.floor((key * (keys - 1)) / 6));
      const key = Int32Array.from(all, spread);
      // What an earlier block left behind does not matter.
      order.sort(key.toReversed(), 0, all.length);
      const n = order.sort(key, from, size);
      const expected = [...key.subarray(from, from + size).entries()]
        .filter(([, k]) => k >= 0)
        .sort(([i, k], [j, l]) => k - l || i - j);
      expect([...order.row.subarray(0, n)]).toEqual(expected.map(([i]) => i));
      expect([...order.key.subarray(0, n)]).toEqual(expected.map(([, k]) => k));
    }),
    { numRuns: 500 },
  );
});
