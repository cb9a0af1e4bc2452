import fc from "fast-check";
import { expect, test } from "vitest";
import { MergeTree } from "./merge-tree.ts";

test("any range has each of its leaves once, in whatever order they were put in", () => {
  const size = fc.integer({ min: 1, max: 40 });
  const steps = fc.array(fc.tuple(fc.nat(39), fc.nat(40), fc.nat(40)), { maxLength: 40 });
  fc.assert(
    fc.property(size, steps, (size, steps) => {
      const tree = new MergeTree<readonly number[]>(size, (a, b) => [...a, ...b]);
      const leaves = new Set<number>();
      for (const [place, a, b] of steps) {
        if (place < size) {
          tree.put(place, [place]);
          leaves.add(place);
        }
        const [from, until] = [Math.min(a, b, size), Math.min(Math.max(a, b), size)];
        const expected = [...leaves].filter((leaf) => leaf >= from && leaf < until).sort((x, y) => x - y);
        expect([...(tree.range(from, until) ?? [])].sort((x, y) => x - y)).toEqual(expected);
      }
    }),
    { numRuns: 500 },
  );
});
