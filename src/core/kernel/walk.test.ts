import fc from "fast-check";
import { expect, test } from "vitest";
import { scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import { momentTable, recordTable } from "../../../test/oracle/kernel-tables.ts";
import { naiveKey, naiveWindow } from "../../../test/oracle/naive.ts";
import { visibleTimes } from "./aggregate-moments.ts";
import { layoutOf } from "../tile/view-layout.ts";
import { walk, walkIntegers } from "./walk.ts";
import { walkVisible, walkVisibleIntegers, withdrawnOf } from "./walk-withdrawn.ts";

const ascending = (a: number, b: number): number => a - b;

test.each([
  { walk, walkIntegers, withdrawals: false },
  { walk: walkVisible, walkIntegers: walkVisibleIntegers, withdrawals: true },
])("walks have in at each moment what the oracle's window has, each record at most once, and count it: %j", (walks) => {
  const { walk, walkIntegers, withdrawals } = walks;
  let withdrawn = 0;
  fc.assert(
    fc.property(scenario({ kinds: ["count"], maxFeatures: 2, withdrawals }), ({ view, records, moments }) => {
      const key = scenarioKeys[0];
      const mine = naiveKey(view, records, key);
      const layout = layoutOf(view, scenarioFields);
      const table = recordTable(layout, scenarioFields, mine, [key]);
      const { t } = momentTable(moments, 1);
      const keyRecords = { ...table, visible: visibleTimes(table), from: 0, until: mine.length };
      const keyMoments = { from: 0, until: t.length, t };
      if (withdrawnOf(keyRecords) !== null) withdrawn++;
      const values = Float64Array.from(mine, (_, i) => 3 ** (i % 20));
      const valid = Uint8Array.from(mine, (_, i) => (i % 3 === 0 ? 0 : 1));
      for (const { window } of view.features) {
        const inside = new Set<number>();
        const entered = new Set<number>();
        const seen: number[][] = [];
        walk(
          keyRecords,
          keyMoments,
          window,
          (i) => {
            expect(entered.has(i)).toBe(false);
            entered.add(i);
            inside.add(i);
          },
          (i) => expect(inside.delete(i)).toBe(true),
          (m) => {
            expect(m).toBe(seen.length);
            seen.push([...inside]);
          },
        );
        const counts = new Float64Array(t.length).fill(Number.NaN);
        const sums = new Float64Array(t.length).fill(Number.NaN);
        walkIntegers(keyRecords, keyMoments, window, values, valid, counts, sums);
        const all = new Float64Array(t.length).fill(Number.NaN);
        walkIntegers(keyRecords, keyMoments, window, null, null, all, null);
        seen.forEach((places, m) => {
          const expected = naiveWindow(mine, window, t[m]).map(({ event }) => event);
          expect(places.map((i) => table.event[i]).sort(ascending)).toEqual(expected.sort(ascending));
          const there = places.filter((i) => valid[i] !== 0);
          expect(all[m]).toBe(places.length);
          expect(counts[m]).toBe(there.length);
          expect(sums[m]).toBe(there.reduce((sum, i) => sum + values[i], 0));
        });
      }
    }),
    { numRuns: 500 },
  );
  expect(withdrawn > 300).toBe(withdrawals);
});
