import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../adapters/clock/system-clock.ts";
import type { FileLog } from "../../adapters/file-log/file-log.ts";
import { openFileLog } from "../../adapters/file-log/open-file-log.ts";
import { openLmdb } from "../../adapters/lmdb/open-lmdb.ts";
import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { eventSource } from "../../core/definition/event-source.ts";
import { sourceStream } from "../../core/definition/stream.ts";
import { t } from "../../core/schema/data-type.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import { Identities } from "./identities.ts";
import { replayIdentities } from "./identity-replay.ts";
import { Ingest } from "./ingest.ts";
import { Intake } from "./intake.ts";
import { LogWriter } from "./log-writer.ts";

const clock = systemClock();
const orders = eventSource("orders", {
  fields: { at: t.timestamp(), number: t.int64(), amount: t.float64() },
  eventTime: "at",
  id: ["number"],
}).definition;
const schemas = new StreamSchemas();
schemas.add(sourceStream(orders));

let folder: string;
let log: FileLog;
let lmdb: OnlineStore;
let gate: Promise<void>;
let identities: Identities;
let ingest: Ingest;

/** The store as one that lies elsewhere: it answers later, and commits when the gate opens. */
const distant = (): OnlineStore => ({
  read: async (keys, visit) => {
    await sleep(1);
    await lmdb.read(keys, visit);
  },
  commit: async (changes) => {
    await gate;
    await lmdb.commit(changes);
  },
  refresh: () => lmdb.refresh(),
  flushed: () => lmdb.flushed(),
  scan: (prefix) => lmdb.scan(prefix),
  clear: (prefix) => lmdb.clear(prefix),
  count: (prefix) => lmdb.count(prefix),
  rewrite: () => lmdb.rewrite(),
  bytes: () => lmdb.bytes(),
  close: () => lmdb.close(),
});

async function start(): Promise<void> {
  const reserve = { read: () => Promise.resolve(null), write: () => Promise.resolve() };
  const writer = await LogWriter.open(log, clock, reserve);
  identities = new Identities(distant(), writer, schemas);
  await identities.open();
  const load = (): Promise<void> => Promise.reject(new Error("there is no load"));
  const sources = new Map([[orders.name, orders]]);
  expect(await replayIdentities(identities, { log, schemas, sources, load })).toBeNull();
  const intake = new Intake(identities, clock, () => {});
  ingest = new Ingest({ writer, schemas, clock, intake, viewsOf: () => [], appended: () => {}, durable: () => {} });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-identities-"));
  log = await openFileLog(join(folder, "log"));
  lmdb = await openLmdb(join(folder, "online"));
  gate = Promise.resolve();
  await start();
});

afterEach(async () => {
  await log.close();
  await lmdb.close();
  await rm(folder, { recursive: true });
});

const order = (number: number, amount = number): object => ({ at: 1_000 + number, number, amount });

test("with a store that answers late, one record sent many times at once is taken once", async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, i) => ingest.ingest(orders, [order(1), order(2 + (i % 5))])),
  );
  expect(outcomes.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(6);
  expect(log.end).toBe(6);
  const conflicts = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => ingest.ingest(orders, [order(100, i)])),
  );
  expect(conflicts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("what is being committed is known meanwhile, and what came later is kept beside it", async () => {
  await ingest.ingest(orders, [order(1), order(2)]);
  const open = Promise.withResolvers<void>();
  gate = open.promise;
  const committing = identities.flush();
  await sleep(1);
  await ingest.retract(orders, [{ number: 1 }]);
  expect(await ingest.ingest(orders, [order(1), order(2), order(3)])).toMatchObject({ accepted: 1, duplicates: 2 });
  expect(identities.position).toBe(0);
  open.resolve();
  await committing;
  expect(identities.position).toBe(2);
  expect(await ingest.retract(orders, [{ number: 1 }, { number: 2 }])).toMatchObject({ retracted: 1, duplicates: 1 });
  await identities.flush();
  expect(identities.position).toBe(log.end);
  expect(identities.held).toBe(0);
});

test("the next start reads on from what is committed, up to what is held", async () => {
  await ingest.ingest(orders, [order(1)]);
  const release = identities.hold();
  await ingest.ingest(orders, [order(2)]);
  await ingest.retract(orders, [{ number: 1 }, { number: 7 }]);
  await identities.flush();
  expect(identities.position).toBe(1);
  await start();
  expect(await ingest.ingest(orders, [order(1), order(2), order(7)])).toMatchObject({ accepted: 1, duplicates: 2 });
  expect(await ingest.retract(orders, [{ number: 1 }, { number: 7 }])).toMatchObject({ duplicates: 2 });
  await identities.flush();
  expect(identities.position).toBe(log.end);
  release();
});

test("a failed commit is made up for by the next", async () => {
  await ingest.ingest(orders, [order(1)]);
  gate = Promise.reject(new Error("the disk is full"));
  await expect(identities.flush()).rejects.toThrow("the disk is full");
  await ingest.ingest(orders, [order(2)]);
  expect(await ingest.ingest(orders, [order(1)])).toMatchObject({ duplicates: 1 });
  gate = Promise.resolve();
  await identities.flush();
  await start();
  expect(identities.position).toBe(2);
  expect(await ingest.ingest(orders, [order(1), order(2)])).toMatchObject({ accepted: 0, duplicates: 2 });
});

test("what the log refused is not known: a second one is refused as well, and nothing is committed", async () => {
  await log.close();
  await expect(ingest.ingest(orders, [order(1)])).rejects.toMatchObject({ code: "ASOF_CLOSED" });
  await expect(ingest.ingest(orders, [order(1)])).rejects.toMatchObject({ code: "ASOF_CLOSED" });
  await expect(identities.flush()).rejects.toMatchObject({ code: "ASOF_CLOSED" });
  log = await openFileLog(join(folder, "log"));
  await start();
  expect(await ingest.ingest(orders, [order(1)])).toMatchObject({ accepted: 1 });
});

test("idempotency keys are forgotten after their time, not before", async () => {
  await ingest.ingest(orders, [order(1)], "first");
  await ingest.ingest(orders, [order(2)], "second");
  await identities.flush();
  const keys = async (): Promise<number> =>
    (await lmdb.count(Uint8Array.of(2, 2))) + (await lmdb.count(Uint8Array.of(2, 3)));
  expect(await keys()).toBe(4);
  const now = clock.now();
  await identities.sweep(now + 6 * 86_400_000_000);
  expect(await keys()).toBe(4);
  await identities.sweep(now + 8 * 86_400_000_000);
  expect(await keys()).toBe(0);
  expect(await lmdb.count(Uint8Array.of(2, 1))).toBe(2);
});
