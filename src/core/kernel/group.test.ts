import fc from "fast-check";
import { expect, test } from "vitest";
import { groupByKey, RunSorter } from "./group.ts";

/** Times with ties, runs that ascend, runs that descend, and numbers at the ends of time. */
const times = fc.oneof(
  fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 60 }),
  fc.array(fc.maxSafeInteger(), { maxLength: 60 }),
  fc
    .array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }), { maxLength: 6 })
    .map((runs) => runs.flatMap((run, i) => run.sort((a, b) => (i % 2 === 0 ? a - b : b - a)))),
);

test("groups rows by key, each group's by time, rows of one time in their order", () => {
  fc.assert(
    fc.property(times, fc.infiniteStream(fc.nat(5)), (times, stream) => {
      const keys = times.map(() => stream.next().value as number);
      const { first, order } = groupByKey(7, Float64Array.from(keys), Float64Array.from(times));
      const expected = times
        .map((time, row) => ({ time, row, key: keys[row] }))
        .sort((a, b) => a.key - b.key || a.time - b.time || a.row - b.row);
      expect([...order]).toEqual(expected.map(({ row }) => row));
      expect([...first]).toEqual(Array.from({ length: 8 }, (_, key) => expected.filter((row) => row.key < key).length));
    }),
    { numRuns: 1000 },
  );
});

test("a sorter sorts part of an array, stably, time and again", () => {
  const sorter = new RunSorter();
  fc.assert(
    fc.property(times, fc.nat(10), fc.nat(10), (times, before, after) => {
      const time = Float64Array.from(times);
      const order = Uint32Array.from(
        Array.from({ length: before + times.length + after }, (_, i) =>
          i < before || i >= before + times.length ? 99 : i - before,
        ),
      );
      const rows = [...order];
      sorter.sort(order, before, before + times.length, time);
      expect([...order]).toEqual([
        ...rows.slice(0, before),
        ...rows.slice(before, before + times.length).sort((a, b) => time[a] - time[b]),
        ...rows.slice(before + times.length),
      ]);
    }),
    { numRuns: 1000 },
  );
});
