import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDuckDb } from "../../adapters/duckdb/open-duckdb.ts";
import { openFileLog } from "../../adapters/file-log/open-file-log.ts";
import { openFolder } from "../../adapters/folder/folder-store.ts";
import { simulatedClock } from "../../adapters/clock/simulated-clock.ts";
import { openSqliteRegistry } from "../../adapters/sqlite/open-sqlite-registry.ts";
import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { keyCarriers } from "../../core/definition/key-carriers.ts";
import { sourceStream, type Stream, TARGET, withdrawalStream } from "../../core/definition/stream.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns } from "../../core/schema/system-columns.ts";
import { aggregateView, count, entity, eventSource, t } from "../../index.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import { BulkWriter } from "./bulk-writer.ts";
import type { ErasableIdentities } from "./erase-identities.ts";
import { Eraser } from "./erase.ts";
import { KeyFinder } from "./find-key.ts";
import { LogWriter } from "./log-writer.ts";

/** A key of two parts, one of which a record may lack, and records that are named by an id. */
const account = entity("account", { zone: t.string(), number: t.int64() });
const orders = eventSource("orders", {
  fields: { at: t.timestamp(), zone: t.nullable(t.string()), number: t.int64(), order: t.int32() },
  eventTime: "at",
  id: ["order"],
});
const spending = aggregateView("spending", {
  source: orders,
  entity: account.from({ zone: "zone", number: "number" }),
  features: { n: count().over("1d") },
});
const definitions = [account.definition, orders.definition, spending.view];
const source = orders.definition;
const key = { zone: "eu", number: 7n };

let folder: string;
let close: (() => Promise<void>)[];
let registry: RegistryStore;
let engine: OfflineEngine;
let bulk: BulkWriter;
let finder: KeyFinder;
let eraser: Eraser;
let erased: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-erase-"));
  const files = await openFolder(folder);
  registry = await openSqliteRegistry(path.join(folder, "registry.sqlite"));
  engine = await openDuckDb({ memoryLimit: "256MB", temporaryFolder: path.join(folder, "temporary"), threads: 1 });
  const log = await openFileLog(path.join(folder, "log"));
  const reserve = { read: () => Promise.resolve(null), write: () => Promise.resolve() };
  bulk = new BulkWriter({ files, registry, writer: await LogWriter.open(log, simulatedClock(0), reserve) });
  erased = [];
  const identities: ErasableIdentities = {
    forgetRecords: async (of, records) => void erased.push([of.name, records]),
    known: async () => [],
    forgetIds: async () => {},
    ids: async () => 0,
    records: async () => 0,
  };
  finder = new KeyFinder({ engine, registry, files, log, schemas: new StreamSchemas(), identities });
  eraser = new Eraser({ engine, registry, files, bulk, identities });
  close = [() => engine.close(), () => registry.close(), () => log.close()];
});
afterEach(async () => {
  for (const one of close) await one();
  await rm(folder, { recursive: true });
});

/** Brings rows into history as a file of its own. */
async function place(
  stream: Stream,
  id: string,
  kind: OfflineFile["kind"],
  position: number,
  rows: Row[],
): Promise<void> {
  const session = await engine.session();
  await session.table(id, { ...stream.fields, ...systemColumns }, [
    columnsOfRows({ ...stream.fields, ...systemColumns }, rows),
  ]);
  const load = { stream: stream.name, id, fields: Object.keys(stream.fields), sql: `SELECT * FROM ${id}` };
  const placed = await bulk.place(session, load);
  await session.close();
  const end = kind === "load" ? position + 1 : position + rows.length;
  await registry.changeFiles({
    add: placed.map((file) => ({ ...file, stream: stream.name, kind, position, end })),
    remove: [],
  });
}

async function rowsOf(stream: Stream): Promise<Row[]> {
  const files = await registry.files(stream.name);
  const session = await engine.session();
  const paths = files.map((file) => `'${path.join(folder, "offline", file.path)}'`).join(", ");
  const rows = await session.rows(`SELECT * FROM read_parquet([${paths}]) ORDER BY ${EVENT}`, {
    ...stream.fields,
    ...systemColumns,
  });
  await session.close();
  return rows;
}

const at = 86_400_000_000;
const order = (i: number, zone: string | null, number: bigint, position: bigint | null): Row => ({
  at: at + i,
  zone,
  number,
  order: i,
  [EVENT]: at + i,
  [AVAILABLE]: at + 2 * i,
  [POSITION]: position,
});
const withdrawal = (i: number, target: bigint): Row => ({
  order: i,
  [TARGET]: target,
  [EVENT]: at + i,
  [AVAILABLE]: at + 1_000,
  [POSITION]: 90n,
});

test("a key's records go, with their ids and withdrawals; all others stay as they were", async () => {
  const stream = sourceStream(source);
  const withdrawn = withdrawalStream(source)!;
  const loaded = [order(1, "eu", 7n, null), order(2, null, 7n, null), order(3, "eu", 8n, null)];
  const archived = [order(4, "us", 7n, 10n), order(5, "eu", 7n, 11n), order(6, "eu", 9n, 12n)];
  await place(stream, "load", "load", 5, loaded);
  await place(stream, "archive", "archive", 10, archived);
  await place(stream, "alone", "load", 20, [order(8, "eu", 7n, null)]);
  // Of 1 and 5, which go; of 3, which stays; and of another record that once had the id of 5.
  const withdrawals = [withdrawal(1, 5n), withdrawal(3, 5n), withdrawal(5, 11n), withdrawal(5, 3n)];
  await place(withdrawn, "withdrawn", "archive", 90, withdrawals);
  const before = await registry.files(stream.name);

  const asked = {
    fields: account.definition.keys,
    keys: key,
    carriers: keyCarriers(definitions, account.definition),
    identified: [source],
  };
  const found = await finder.find(asked);
  expect(found.records).toEqual({ orders: 3 });
  expect(found.files.map(({ rows }) => rows)).toEqual([1, 1, 1]);
  expect(await eraser.erase(asked, found, "forget")).toBe(4);

  expect(await rowsOf(stream)).toEqual([loaded[1], loaded[2], archived[0], archived[2]]);
  expect(await rowsOf(withdrawn)).toEqual([withdrawals[1], withdrawals[3]]);
  const versions = ([1, 5, 8] as const).map((i) => ({
    row: { at: at + i, zone: "eu", number: 7n, order: i },
    position: { 1: 5, 5: 11, 8: 20 }[i],
  }));
  expect(erased).toEqual([["orders", expect.arrayContaining(versions)]]);
  const after = await registry.files(stream.name);
  expect(after.map(({ position, end, kind, rows }) => [position, end, kind, rows])).toEqual([
    [5, 6, "load", 2],
    [10, 13, "archive", 2],
  ]);
  expect(after[1]).toMatchObject({ minEvent: at + 4, maxEvent: at + 6, minAvailable: at + 8, maxAvailable: at + 12 });
  const listed = [...after, ...(await registry.files(withdrawn.name))].map((file) => file.path).sort();
  const there = (await readdir(path.join(folder, "offline"), { recursive: true })).filter((name) =>
    name.endsWith(".parquet"),
  );
  expect(there.sort()).toEqual(listed);
  expect(before.some((file) => listed.includes(file.path))).toBe(false);

  expect((await finder.find(asked)).files).toEqual([]);
  const left = new Set<string>();
  for await (const { zone, number } of finder.keysIn(asked.carriers, asked.fields)) left.add(`${zone} ${number}`);
  expect(left).toEqual(new Set(["eu 8", "us 7", "eu 9"]));
  expect(await finder.mentions(["eu", "nowhere"])).toEqual([{ stream: "orders", column: "zone", rows: 2 }]);
});
