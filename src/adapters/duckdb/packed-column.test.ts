import fc from "fast-check";
import { expect, test } from "vitest";
import { packColumn } from "./packed-column.ts";

test("a bit a row says which are there, from any row on", () => {
  let whole = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 40, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(0) }), {
        maxLength: 80,
        size: "max",
      }),
      fc.nat(20),
      fc.nat(9),
      (bytes, before, skipped) => {
        const from = Math.min(before, bytes.length);
        // In memory that begins anywhere.
        const valid = new Uint8Array([...Array.from({ length: skipped }, () => 0), ...bytes]).subarray(skipped);
        const values = new Float64Array(bytes.length);
        const rows = bytes.length - from;
        const { validity } = packColumn({ type: { kind: "float64", nullable: true }, values, valid }, from, rows);
        const wanted = bytes.slice(from);
        if (!wanted.includes(0)) {
          expect(validity).toBe(null);
          whole++;
          return;
        }
        expect(validity).toHaveLength(Math.ceil(rows / 64) * 8);
        const bits = Array.from({ length: validity!.length * 8 }, (_, i) => (validity![i >> 3] >> (i & 7)) & 1);
        expect(bits).toEqual([...wanted, ...Array.from({ length: bits.length - rows }, () => 0)]);
      },
    ),
    { seed: 20261126, numRuns: 1000, examples: [[Array.from({ length: 200 }, (_, i) => (i % 9 === 0 ? 0 : 1)), 4, 4]] },
  );
  expect(whole).toBeGreaterThan(100);
  expect(whole).toBeLessThan(900);
});
