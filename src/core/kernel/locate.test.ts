import fc from "fast-check";
import { expect, test } from "vitest";
import { locate } from "./locate.ts";

test("finds what a search from the first place finds, whatever was asked before", () => {
  const times = fc.array(fc.oneof(fc.integer({ min: -5, max: 60 }), fc.maxSafeInteger()), {
    maxLength: 60,
    size: "max",
  });
  const asked = fc.array(fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: -8, max: 64 })), {
    maxLength: 80,
    size: "max",
  });
  // As they come; by time; by key and then time, every time twice over.
  const order = fc.constantFrom("none" as const, "time" as const, "key" as const);
  fc.assert(
    fc.property(fc.tuple(times, times, times), asked, order, (groups, asked, order) => {
      const sorted = groups.map((times) => times.sort((a, b) => a - b));
      const first = Uint32Array.of(0, sorted[0].length, sorted[0].length + sorted[1].length, sorted.flat().length);
      const all = Float64Array.from(sorted.flat());
      const byTime = asked.toSorted(([, a], [, b]) => a - b);
      const byKey = [...byTime, ...byTime].sort(([k, a], [l, b]) => k - l || a - b);
      const rows = { none: asked, time: byTime, key: byKey }[order];
      const key = Int32Array.from(rows, ([k]) => k);
      const at = Float64Array.from(rows, ([, t]) => t);
      const out = new Uint32Array(rows.length).fill(LEFT);
      const hints = first.slice(0, -1);
      // In two calls: hints live from one to the next.
      const half = rows.length >> 1;
      locate(all, first, key, at, half, hints, out);
      locate(all, first, key.subarray(half), at.subarray(half), rows.length - half, hints, out.subarray(half));
      rows.forEach(([k, t], i) => {
        expect(out[i]).toBe(k < 0 ? LEFT : first[k] + sorted[k].filter((time) => time < t).length);
      });
    }),
    { numRuns: 500 },
  );
});

/** What stands where a row has no key. */
const LEFT = 0xffff;
