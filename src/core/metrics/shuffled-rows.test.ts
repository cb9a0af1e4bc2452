import { expect, test } from "vitest";
import { shuffledRows } from "./shuffled-rows.ts";

test("is a permutation, by its seed, the same each time", () => {
  for (const rows of [0, 1, 2, 3, 100, 4000]) {
    const order = shuffledRows(rows, 7);
    expect(order.toSorted()).toEqual(Uint32Array.from({ length: rows }, (_, i) => i));
    expect(order).toEqual(shuffledRows(rows, 7));
  }
  expect([...shuffledRows(8, 7)]).not.toEqual([...shuffledRows(8, 8)]);
});

test("leaves no order likelier than another", () => {
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= 24_000; seed++) {
    // Seeds that lie near one another begin alike.
    const order = shuffledRows(4, Math.imul(seed, 0x9e3779b1) || 1).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  // Chi-squared with 23 degrees of freedom: above 49.7 in one of a thousand cases.
  const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chi2).toBeLessThan(49.7);
});
