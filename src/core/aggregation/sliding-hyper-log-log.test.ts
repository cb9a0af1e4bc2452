import fc from "fast-check";
import { expect, test } from "vitest";
import { HyperLogLog } from "./hyper-log-log.ts";
import { SlidingHyperLogLog } from "./sliding-hyper-log-log.ts";

test("its estimate is that of a sketch of what is in it", () => {
  // Few registers, and hashes with long runs of zeros, so that what leaves was often the greatest.
  const word = fc.oneof(fc.nat(7), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  const high = fc.tuple(fc.nat(3), fc.oneof(fc.nat(3), fc.nat(2 ** 20 - 1))).map(([r, rest]) => r * 2 ** 20 + rest);
  const hashes = fc.uniqueArray(fc.tuple(high, word), { maxLength: 60, selector: (hash) => hash.join() });
  fc.assert(
    fc.property(hashes, fc.nat(60), (hashes, gone) => {
      const sliding = new SlidingHyperLogLog();
      for (const [high, low] of hashes) sliding.add(high, low);
      for (const [high, low] of hashes.slice(0, gone)) sliding.remove(high, low);
      const left = new HyperLogLog();
      for (const [high, low] of hashes.slice(gone)) left.add(high, low);
      expect(sliding.estimate()).toBe(left.estimate());
    }),
    { numRuns: 500 },
  );
});
