// How long a text may be that names something: a key of an entity, a field of a record's id.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  aggregateView,
  type Configuration,
  count,
  entity,
  eventSource,
  featureService,
  open,
  type Store,
  t,
} from "asof";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LONGEST_KEY_TEXT } from "../../src/core/codec/key-text.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { redisMissing, RedisServer } from "../servers/redis-server.ts";
import { now, openTestStore } from "./open-test-store.ts";

const longest = "é".repeat(LONGEST_KEY_TEXT / 2);
const tooLong = `${longest.slice(1)}aaa`;
const refused = expect.objectContaining({ code: "ASOF_OVERFLOW" }) as Error;

const visits = eventSource("visits", {
  fields: { at: t.timestamp(), who: t.string(), note: t.nullable(t.string()) },
  eventTime: "at",
  availableAt: "at",
});
const orders = eventSource("orders", {
  fields: { at: t.timestamp(), shop: t.string(), order: t.string() },
  eventTime: "at",
  availableAt: "at",
  id: ["order"],
});
const who = entity("who", { who: t.string() });
const visited = aggregateView("visited", { source: visits, entity: who, features: { visits: count().over("1d") } });
const board = featureService("board", [visited]);
const definitions = { visits, orders, who, visited, board };

const folder = mkdtempSync(path.join(tmpdir(), "asof-key-length-"));
const open_: Store[] = [];
let homes = 0;
async function start(online: Configuration["online"] = "lmdb"): Promise<Store> {
  const home = path.join(folder, String(homes++));
  const store = await open({ definitions, home, online, clock: { simulated: now } });
  open_.push(store);
  await store.apply();
  await store.materialize();
  return store;
}
afterEach(async () => {
  for (const store of open_.splice(0)) await store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Counts of the visits of each, live and as of the same moment. */
async function counted(store: Store, names: readonly string[]): Promise<unknown[]> {
  await store.settled();
  const requests = names.map((name) => ({ who: name }));
  const live = await store.features(board, requests);
  expect(await store.features(board, requests, { at: live[0].t })).toMatchObject(
    live.map(({ values }) => ({ values })),
  );
  return live.map(({ values }) => values.visited__visits_1d);
}

const at = now - 60_000_000;
const visit = (name: string, note: string | null = null): { at: number; who: string; note: string | null } => ({
  at,
  who: name,
  note,
});
/** Alike in their beginnings, so that only the whole tells them apart. */
const names = [1024, 2048, LONGEST_KEY_TEXT].flatMap((size) => [
  `${"k".repeat(size - 1)}a`,
  `${"k".repeat(size - 1)}b`,
]);

describe("keys of 1 kB and more", () => {
  test("answer as history does, in LMDB", async () => {
    const store = await start();
    await store.ingest(
      visits,
      [...names, ...names.slice(1), names[3]].map((name) => visit(name)),
    );
    expect(await counted(store, names)).toEqual([1, 2, 2, 3, 2, 2]);
  });

  test.skipIf(redisMissing)(`and in Redis${redisMissing === null ? "" : ` (${redisMissing})`}`, async () => {
    const server = await RedisServer.start();
    try {
      const store = await start({ redis: { url: server.url, timeout: "5s" } });
      await store.ingest(
        visits,
        [...names, ...names.slice(1), names[3]].map((name) => visit(name)),
      );
      expect(await counted(store, names)).toEqual([1, 2, 2, 3, 2, 2]);
      await store.close();
      open_.pop();
    } finally {
      await server.stop();
    }
  });
});

describe("beyond 4,096 bytes", () => {
  test("a record is refused in process, and nothing of its request is taken; other texts are as long as they are", async () => {
    const store = await start();
    await expect(store.ingest(visits, [visit("ann"), visit(tooLong)])).rejects.toMatchObject({
      code: "ASOF_OVERFLOW",
      details: { source: "visits", record: 1, field: "who" },
    });
    await store.ingest(visits, [visit(longest, "n".repeat(100_000))]);
    expect(await counted(store, ["ann", longest])).toEqual([0, 1]);
    await expect(store.features(board, { who: tooLong })).rejects.toEqual(refused);
    await expect(store.explain("visited", "visits_1d", { who: tooLong })).rejects.toEqual(refused);
    // What a store may have from before is to be forgotten all the same.
    expect(await store.forget("who", { who: tooLong })).toMatchObject({ erased: false });
  });

  test("an id is refused, however it comes", async () => {
    const store = await start();
    const order = { at, shop: "a", order: tooLong };
    await expect(store.ingest(orders, [order])).rejects.toEqual(refused);
    await expect(store.correct(orders, [order])).rejects.toEqual(refused);
    await expect(store.retract(orders, [{ order: tooLong }])).rejects.toEqual(refused);
    // What names nothing may be longer.
    const taken = { at, shop: "s".repeat(50_000), order: longest };
    expect(await store.ingest(orders, [taken])).toMatchObject({ accepted: 1 });
    expect(await store.ingest(orders, [taken])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await store.retract(orders, [{ order: longest }])).toMatchObject({ retracted: 1 });
    const file = path.join(folder, "orders.ndjson");
    writeFileSync(file, JSON.stringify({ ...order, at: new Date(at / 1000) }));
    await expect(store.load("orders", [file])).rejects.toMatchObject({
      code: "ASOF_OVERFLOW",
      details: { field: "order" },
    });
    await expect(store.retractFiles("orders", [file])).rejects.toEqual(refused);
  });

  test.each(["ndjson", "csv", "parquet"])("a row of a %s file is a bad row", async (format) => {
    const store = await start();
    const file = path.join(folder, `visits.${format}`);
    await writeVisits(file, format, [longest, tooLong, "ann", `${tooLong}b`]);
    await expect(store.load("visits", [file])).rejects.toMatchObject({
      code: "ASOF_OVERFLOW",
      details: { source: "visits", row: 2, field: "who", badRows: 2 },
    });
    expect((await store.status()).offline.sources.find(({ name }) => name === "visits")).toMatchObject({ rows: 0 });
    const loaded = await store.load("visits", [file], { rejects: true });
    expect(loaded).toMatchObject({ rows: 2, rejected: 2 });
    expect(readFileSync(loaded.rejectsFile!, "utf8").split("\n")[1]).toMatch(/^2,ASOF_OVERFLOW who,/);
    await store.materialize();
    expect(await counted(store, [longest, "ann"])).toEqual([1, 1]);
  });

  test("a file of nothing but what is well goes in whole", async () => {
    const store = await start();
    const file = path.join(folder, "well.parquet");
    await writeVisits(file, "parquet", [longest, "ann"]);
    expect(await store.load("visits", [file])).toMatchObject({ rows: 2, rejected: 0 });
  });
});

async function writeVisits(file: string, format: string, of: readonly string[]): Promise<void> {
  const rows = of.map((name) => ({ at: new Date(at / 1000).toISOString(), who: name, note: "n".repeat(9000) }));
  if (format === "csv")
    return writeFileSync(file, `at,who,note\n${rows.map((row) => Object.values(row).join(",")).join("\n")}\n`);
  const ndjson = format === "ndjson" ? file : `${file}.ndjson`;
  writeFileSync(ndjson, rows.map((row) => JSON.stringify(row)).join("\n"));
  if (format === "ndjson") return;
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(
    `copy (select "at"::timestamp as "at", who, note from read_json('${ndjson}')) to '${file}' (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
}

describe("over HTTP", () => {
  let store: Store;
  let server: RunningServer;
  beforeAll(async () => {
    store = await openTestStore();
    server = await serve(store, { port: 0 });
  });
  afterAll(async () => {
    await server.close();
    await store.close();
  });

  const post = async (url: string, body: unknown): Promise<[number, string]> => {
    const answer = await fetch(server.url + url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return [answer.status, await answer.text()];
  };
  const payment = { at: "2026-03-01T00:00:00Z", amount: 1, cents: 1, refund: false };
  const columns = {
    at: ["2026-03-01T00:00:00"],
    amount: [1],
    cents: [1],
    refund: [false],
    points: [null],
    ratio: [null],
  };
  const routes: [string, (customer: string) => unknown, number][] = [
    ["/v1/events/payments?wait=applied", (customer) => ({ ...payment, customer }), 400],
    ["/v1/features/fraud_features", (customer) => ({ entities: [{ customer: "ann" }, { customer }] }), 400],
    ["/v1/features/fraud_features?layout=columns", (customer) => ({ entities: [{ customer }] }), 400],
    ["/v1/predict/fraud", (customer) => ({ entities: [{ customer }] }), 400],
    ["/v1/explain", (customer) => ({ feature: "spending.payments_1d", keys: { customer } }), 400],
    ["/push", (customer) => ({ push_source_name: "payments", df: { ...columns, customer: [customer] } }), 422],
    [
      "/get-online-features",
      (customer) => ({ features: ["spending:payments_1d"], entities: { customer: [customer] } }),
      422,
    ],
  ];

  test.each(routes)("%s takes 4,096 bytes, and refuses one more with the code", async (url, body, status) => {
    const [well, answer] = await post(url, body(longest));
    expect(well, answer).toBe(200);
    const [code, text] = await post(url, body(tooLong));
    expect([code, text]).toEqual([status, expect.stringContaining("ASOF_OVERFLOW")]);
    expect(text.length).toBeLessThan(1000);
  });
});
