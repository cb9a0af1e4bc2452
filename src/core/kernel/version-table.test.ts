import fc from "fast-check";
import { expect, test } from "vitest";
import { naiveBatchRead } from "../../../test/oracle/naive.ts";
import { versionAt } from "../codec/batch-rows.ts";
import { VersionTable } from "./version-table.ts";

test("each row finds the version that the oracle reads, and the online store keeps", () => {
  const version = fc.record({
    key: fc.nat(2),
    event: fc.integer({ min: -4, max: 4 }),
    available: fc.integer({ min: -4, max: 6 }),
  });
  const asked = fc.array(fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: -6, max: 8 })), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(version, { maxLength: 25 }), asked, fc.nat(), (versions, asked, seed) => {
      // Entries in no order, each its own.
      const rows = versions.map((version, i) => ({ ...version, entry: (i * 7 + seed) % 101, features: {} }));
      const column = (name: "key" | "event" | "available" | "entry"): Float64Array =>
        Float64Array.from(rows, (row) => row[name]);
      const table = new VersionTable(3, {
        key: column("key"),
        event: column("event"),
        available: column("available"),
        entry: column("entry"),
      });
      const found = table.reader()({
        rows: asked.length,
        key: Int32Array.from(asked, ([key]) => key),
        t: Float64Array.from(asked, ([, t]) => t),
      });
      asked.forEach(([key, t], i) => {
        const mine = rows.filter((row) => row.key === key);
        const expected = naiveBatchRead(mine, t, null)?.version;
        expect(rows[found[i]]).toBe(expected);
        expect(versionAt(mine, t) ?? undefined).toBe(expected);
      });
    }),
    { numRuns: 300 },
  );
});

test("in hindsight each row finds the version that was the latest then, of all that there are now", () => {
  const version = fc.record({
    key: fc.nat(2),
    event: fc.integer({ min: -4, max: 4 }),
    available: fc.integer({ min: -4, max: 9 }),
  });
  const asked = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: -6, max: 6 })), { maxLength: 30 });
  let late = 0;
  fc.assert(
    fc.property(fc.array(version, { maxLength: 25 }), asked, fc.nat(6), (versions, asked, now) => {
      const rows = versions.map((version, i) => ({ ...version, entry: (i * 7) % 101, features: {} }));
      const there = rows.filter(({ available }) => available <= now);
      const column = (name: "key" | "event" | "available" | "entry"): Float64Array =>
        Float64Array.from(there, (row) => row[name]);
      const table = new VersionTable(3, {
        key: column("key"),
        event: column("event"),
        available: column("available"),
        entry: column("entry"),
        since: column("event"),
      });
      const found = table.reader()({
        rows: asked.length,
        key: Int32Array.from(asked, ([key]) => key),
        t: Float64Array.from(asked, ([, t]) => t),
      });
      asked.forEach(([key, t], i) => {
        const mine = rows.filter((row) => row.key === key);
        const expected = naiveBatchRead(mine, t, null, now)?.version;
        expect(there[found[i]]).toBe(expected);
        if (expected !== undefined && expected.available > t) late++;
      });
    }),
    { numRuns: 300, seed: 7 },
  );
  expect(late).toBeGreaterThan(30);
});
