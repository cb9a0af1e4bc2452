import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { anyDouble } from "../../../test/oracle/doubles.ts";
import type { CollectionType, FeatureValue } from "../../core/aggregation/feature-type.ts";
import { type Collection, collectionText, columnType } from "../../core/codec/collection-text.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import { type DataType, t, type Value } from "../../core/schema/data-type.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import { columnSql, featureIn } from "../../surfaces/verify/collection-column.ts";
import { openDuckDb } from "./open-duckdb.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-collections-"));
let engine: OfflineEngine;

beforeAll(async () => {
  engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "",
    '"',
    "\\",
    "\n",
    "\0",
    "\u2028",
    "\uffff",
    "\u{10000}",
    "'",
    "null",
    "NaN",
    "__proto__",
    "x".repeat(5000),
  ),
);
const items: readonly (readonly [DataType, fc.Arbitrary<Value>, string])[] = [
  [t.string(), text, "VARCHAR"],
  [t.boolean(), fc.boolean(), "BOOLEAN"],
  [t.int32(), fc.oneof(fc.integer(), fc.constantFrom(2 ** 31 - 1, -(2 ** 31))), "INTEGER"],
  [
    t.int64(),
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n))),
    "BIGINT",
  ],
  [
    t.float64({ nonFinite: true }),
    fc.oneof(
      anyDouble,
      fc.double().map((x) => x + 0),
      // Whole numbers that JSON writes like integers, on both sides of what 64 bits hold.
      fc.tuple(fc.integer({ min: 50, max: 70 }), fc.nat({ max: 1000 })).map(([e, n]) => 2 ** e + n * 2 ** (e - 52)),
    ),
    "DOUBLE",
  ],
  [t.timestamp(), fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER)), "TIMESTAMP"],
];

/** Writes rows of one collection, and gives what its column is and holds, read in two ways. */
async function roundTrip(type: CollectionType, rows: readonly (Collection | null)[]) {
  const file = path.join(folder, "round.parquet");
  const fields = { 'c"': columnType(type) };
  const batch = columnsOfRows(
    fields,
    rows.map((row) => ({ 'c"': row === null ? null : collectionText(type, row) })),
  );
  const session = await engine.session();
  try {
    await session.writeParquet(file, fields, [batch], { 'c"': type });
    const relation = `read_parquet('${file}')`;
    const [{ engineType }] = await session.describe(`SELECT * FROM ${relation}`);
    const read = await session.rows(`SELECT ${columnSql('c"', type)} FROM ${relation}`, {
      'c"': { kind: "string", nullable: true },
    });
    const parts = type.kind === "list" ? '"c"""' : 'map_values("c""")';
    const of = type.kind === "counts" ? t.float64() : type.of;
    const flat = await session.rows(`SELECT unnest(${parts}) AS x FROM ${relation}`, {
      x: { ...of, nullable: true, ...(of.kind === "float64" ? { nonFinite: true as const } : {}) },
    });
    return { engineType, read: read.map((row) => featureIn(type, row['c"'])), flat: flat.map(({ x }) => x) };
  } finally {
    await session.close();
  }
}

const inOrder = (value: FeatureValue): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : value;

test.each(items)("lists of %j are in Parquet what they were, bit for bit", async (of, item, name) => {
  const type: CollectionType = { kind: "list", of: { ...of, nullable: true }, nullable: true };
  const list = fc.option(fc.array(fc.option(item, { freq: 5 }), { maxLength: 8 }), { freq: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(list, { minLength: 1, maxLength: 60 }), async (rows) => {
      const { engineType, read, flat } = await roundTrip(type, rows);
      expect(engineType).toBe(`${name}[]`);
      expect(read).toStrictEqual(rows);
      expect(flat).toStrictEqual(rows.flatMap((row) => row ?? []));
    }),
    { numRuns: 20 },
  );
});

test.each(items)("maps to %j are in Parquet what they were, bit for bit", async (of, item, name) => {
  const type: CollectionType = { kind: "map", key: t.string(), of: { ...of, nullable: true }, nullable: true };
  const map = fc
    .uniqueArray(fc.tuple(text, fc.option(item, { freq: 5 })), { maxLength: 8, selector: ([key]) => key })
    .map((entries) => Object.fromEntries(entries));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(map, { freq: 6 }), { minLength: 1, maxLength: 60 }), async (rows) => {
      const { engineType, read, flat } = await roundTrip(type, rows);
      expect(engineType).toBe(`MAP(VARCHAR, ${name})`);
      expect(read.map(inOrder)).toStrictEqual(rows.map(inOrder));
      expect(flat).toStrictEqual(rows.flatMap((row) => Object.values(row ?? {})));
    }),
    { numRuns: 20 },
  );
});

test("counts are whole numbers by text", async () => {
  const rows = [{ b: 1, "": 2 ** 40 }, {}, null];
  const { engineType, read } = await roundTrip({ kind: "counts", of: t.string(), nullable: true }, rows);
  expect(engineType).toBe("MAP(VARCHAR, BIGINT)");
  expect(read).toStrictEqual(rows);
});
