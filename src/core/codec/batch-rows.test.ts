import fc from "fast-check";
import { expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import { naiveBatchRead } from "../../../test/oracle/naive.ts";
import type { AsofError } from "../errors.ts";
import { t } from "../schema/data-type.ts";
import { type BatchRow, decodeBatchRows, encodeBatchRows, isAlive, keepVersions, versionAt } from "./batch-rows.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { rowCodec } from "./row-codec.ts";

const codec = rowCodec({ mean: t.nullable(t.float64()), flights: t.int32() });
const MAX = Number.MAX_SAFE_INTEGER;

/** Few times, so that versions tie on event and on available; entries are their own. */
const versions: fc.Arbitrary<BatchRow[]> = fc
  .array(
    fc.record(
      {
        event: fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constantFrom(-MAX, MAX)),
        available: fc.oneof(fc.integer({ min: -4, max: 6 }), fc.constantFrom(-MAX, MAX)),
        entry: fc.nat(20),
        features: fc.record(
          {
            mean: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)),
            flights: fc.integer(),
          },
          { noNullPrototype: true },
        ),
      },
      { noNullPrototype: true },
    ),
    { maxLength: 12 },
  )
  .map((rows) => rows.filter((row, i) => rows.findIndex(({ entry }) => entry === row.entry) === i));
const moment = fc.integer({ min: -6, max: 8 });

test("the version read at t is the oracle's, and lives as long", () => {
  fc.assert(
    fc.property(versions, moment, fc.option(fc.nat(8)), (rows, t, ttl) => {
      const expected = naiveBatchRead(rows, t, ttl);
      const found = versionAt(rows, t);
      expect(found).toBe(expected?.version ?? null);
      if (found !== null) expect(isAlive(found.event, t, ttl)).toBe(expected!.alive);
    }),
    { numRuns: 2000 },
  );
});

test("what is kept at a watermark answers every later moment, and nothing in it could be spared there", () => {
  fc.assert(
    fc.property(versions, versions, moment, moment, (before, after, a, b) => {
      const [first, second] = a <= b ? [a, b] : [b, a];
      const kept = keepVersions([...keepVersions(before, first), ...after], second);
      for (let t = second; t <= 9; t++) expect(versionAt(kept, t)).toStrictEqual(versionAt([...before, ...after], t));
      const current = versionAt(kept, second);
      for (const row of kept) if (row !== current) expect(row.available).toBeGreaterThan(second);
    }),
    { numRuns: 2000 },
  );
});

test("rows are read as they were written; damaged ones are refused or are others", () => {
  fc.assert(
    fc.property(versions, fc.infiniteStream(fc.nat()), (rows, random) => {
      const out = new ByteWriter();
      encodeBatchRows(out, codec, rows);
      const bytes = out.finish();
      expect(decodeBatchRows(new ByteReader(bytes), codec)).toStrictEqual(rows);
      refusesDamage(bytes, random, (damaged) => void decodeBatchRows(new ByteReader(damaged), codec));
    }),
    { numRuns: 200 },
  );
});

test("a newer format is refused by its code", () => {
  expect(() => decodeBatchRows(new ByteReader(Uint8Array.of(2, 0)), codec)).toThrow(
    expect.objectContaining({ code: "ASOF_FORMAT" }) as AsofError,
  );
});
