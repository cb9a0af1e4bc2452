import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

test("lets a second's worth through at once, and then so many a second, whenever they come", () => {
  const steps = fc.array(fc.double({ min: 0, max: 2000, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 50, noNaN: true }), steps, (rate, gaps) => {
      const bucket = new TokenBucket(rate, 0);
      let now = 0;
      let taken = 0;
      for (const gap of gaps) {
        now += gap;
        const wait = bucket.take(now);
        if (wait === 0) taken++;
        // In any stretch from the start: what it held, and what has run in since.
        expect(taken).toBeLessThanOrEqual(Math.max(1, rate) + (now * rate) / 1000 + 1e-6);
        expect(wait).toBeGreaterThanOrEqual(0);
        // Who waits as long as he is told to is let through.
        if (wait > 0) {
          now += wait * 1000 + 1e-6;
          expect(bucket.take(now)).toBe(0);
          taken++;
        }
      }
    }),
  );
});
