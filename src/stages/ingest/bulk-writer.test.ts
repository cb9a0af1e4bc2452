import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { simulatedClock } from "../../adapters/clock/simulated-clock.ts";
import { openDuckDb } from "../../adapters/duckdb/open-duckdb.ts";
import { openFileLog } from "../../adapters/file-log/open-file-log.ts";
import { openFolder } from "../../adapters/folder/folder-store.ts";
import { openSqliteRegistry } from "../../adapters/sqlite/open-sqlite-registry.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import { BulkWriter, type CommittedLoad } from "./bulk-writer.ts";
import { LogWriter } from "./log-writer.ts";

let folder: string;
let registry: RegistryStore;
let engine: OfflineEngine;
let bulk: BulkWriter;
let close: (() => Promise<void>)[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-bulk-"));
  registry = await openSqliteRegistry(path.join(folder, "registry.sqlite"));
  engine = await openDuckDb({ memoryLimit: "256MB", temporaryFolder: path.join(folder, "temporary"), threads: 1 });
  const log = await openFileLog(path.join(folder, "log"));
  const reserve = { read: () => Promise.resolve(null), write: () => Promise.resolve() };
  const writer = await LogWriter.open(log, simulatedClock(0), reserve);
  bulk = new BulkWriter({ files: await openFolder(folder), registry, writer });
  close = [() => engine.close(), () => registry.close(), () => log.close()];
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of close) await one();
  await rm(folder, { recursive: true });
});

async function load(id: string): Promise<CommittedLoad | null> {
  const session = await engine.session();
  const time = "timestamp '2026-01-02'";
  const sql = `SELECT 1 AS n, ${time} AS __event, ${time} AS __available, NULL AS __position`;
  try {
    return await bulk.write(session, { stream: "events", id, fields: ["n"], sql, notes: { [id]: "seen" } });
  } finally {
    await session.close();
  }
}

const listed = async (): Promise<string[]> => (await registry.files()).map(({ path }) => path);

test("a load whose listing failed is listed with the next one: the list passes nothing over that the log holds", async () => {
  await load("first");
  const failure = new Error("disk I/O error");
  vi.spyOn(registry, "changeFiles").mockRejectedValueOnce(failure);
  await expect(load("second")).rejects.toBe(failure);
  expect([await listed(), (await registry.offlineState()).applied]).toEqual([
    ["events/day=2026-01-02/first-0.parquet"],
    1,
  ]);

  await load("third");
  expect(await listed()).toEqual(["first", "second", "third"].map((id) => `events/day=2026-01-02/${id}-0.parquet`));
  expect([(await registry.offlineState()).applied, await registry.note("second")]).toEqual([3, "seen"]);
});

test("while a load is not listed no other enters the log; what archiving has listed is not listed twice", async () => {
  const failing = vi.spyOn(registry, "changeFiles").mockRejectedValue(new Error("disk I/O error"));
  await expect(load("first")).rejects.toThrow("disk I/O error");
  await expect(load("second")).rejects.toThrow("disk I/O error");
  failing.mockRestore();
  // As archiving does with what it finds in the log.
  await registry.changeFiles({ add: [], remove: [], applied: 1 });
  const third = await load("third");
  expect([third?.position, await listed()]).toEqual([1, ["events/day=2026-01-02/third-0.parquet"]]);
});
