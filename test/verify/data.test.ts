import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { open, parseTimestamp, type Store } from "asof";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as definitions from "./definitions.ts";
import { EngineCopy } from "./engine-copy.ts";
import { faults } from "./planted-faults.ts";
import { setClock } from "../flow/set-clock.ts";

const timeout = 600_000;
const MINUTE = 60_000_000;
const start = parseTimestamp("2026-03-02T00:00:00Z");
const copy = new EngineCopy();
let folder: string;
let store: Store;

const shopOf = (i: number): string => ["north", "south", "east"][i % 3];

/** A sale every ten minutes, known a little later, and visits between. */
const sale = (i: number): object => ({
  sale: i,
  sold: start + i * 10 * MINUTE,
  known: start + i * 10 * MINUTE + (i % 7) * MINUTE,
  shop: shopOf(i),
  part: i % 5 === 0 ? null : i % 2,
  customer: i % 4,
  price: ((i * 37) % 1000) / 10,
  pieces: i % 9,
  rate: i % 3 === 0 ? null : i / 7,
  cents: i * 3,
  online: i % 2 === 0,
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-verify-data-"));
  const home = path.join(folder, "home");
  let now = start + 6 * 24 * 60 * MINUTE;
  store = await open(
    { definitions, home },
    {
      clock: setClock(
        () => now,
        (to) => (now = to),
        MINUTE,
      ),
    },
  );
  await store.apply();
  const file = path.join(folder, "sales.ndjson");
  const named = ({ sold, ...rest }: { sold?: number }): object => ({ ...rest, sold_at: sold });
  const rows = Array.from({ length: 700 }, (_, i) => JSON.stringify(named(sale(i))));
  await writeFile(file, rows.join("\n"));
  await store.load("sales", [file]);
  await store.compute();
  await store.materialize();
  for (let i = 0; i < 40; i++) {
    now += 7 * MINUTE;
    await store.ingest("sales", [{ ...sale(1000 + i), sold: now - (i % 5) * MINUTE }]);
    const visit = { at: now, customer: i % 4, seconds: i / 3, page: `p${i % 6}`, step: i };
    await store.ingest("visits", [visit, visit]);
  }
  await store.settled();
}, timeout);

afterAll(async () => {
  await store.close();
  copy.remove();
  await rm(folder, { recursive: true });
});

// The store stays open here: what serves is not disturbed.
const args = (): string[] => ["--data", "--home", path.join(folder, "home"), "--seed", "5", "--runs", "2", "--json"];

test("finds nothing in stores that agree, and leaves no trace in them", { timeout }, async () => {
  const before = await store.runs();
  const { code, output } = await copy.verify([], ...args(), "--minutes", "60");
  expect(code, output.slice(0, 2000)).toBe(0);
  const told = JSON.parse(output) as { compared: number; records: number };
  expect(told).toMatchObject({ seed: 5, runs: 2, different: 0, notServed: [], failure: null });
  expect(told.compared).toBeGreaterThan(10_000);
  expect(told.records).toBeGreaterThan(500);
  expect(await store.runs()).toEqual(before);
});

test("finds where an engine does not give what the records say", { timeout }, async () => {
  const { code, output } = await copy.verify(faults[0].edits, ...args(), "--minutes", "60");
  expect(code, output.slice(0, 2000)).toBe(1);
  const { failure } = JSON.parse(output) as { failure: { records: number; file: string } };
  expect(failure.records).toBeGreaterThan(0);
});
