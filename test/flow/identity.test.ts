import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { eventSource, open, type Store, t } from "asof";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { decodeIdentity } from "../../src/core/codec/identity-codec.ts";
import { readFileLog } from "../../src/adapters/file-log/read-file-log.ts";
import { collect } from "../conformance/event-log-entries.ts";
import { logOf } from "./log-of.ts";

const start = Date.UTC(2026, 2, 2, 12) * 1_000;
const payments = eventSource("payments", {
  fields: { at: t.timestamp(), shop: t.string(), number: t.int64(), amount: t.float64(), note: t.nullable(t.string()) },
  eventTime: "at",
  availableAt: "at",
  id: ["shop", "number"],
});
const clicks = eventSource("clicks", {
  fields: { at: t.timestamp(), user: t.string() },
  eventTime: "at",
  dedupe: "1h",
});
const definitions = { payments, clicks };

let folder: string;
let store: Store;
let now = start;
const configuration = (): Parameters<typeof open>[0] => ({
  home: join(folder, "home"),
  definitions,
  clock: { simulated: now },
});

beforeEach(async () => {
  now = start;
  folder = await mkdtemp(join(tmpdir(), "asof-identity-"));
  store = await open(configuration());
  await store.apply();
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function reopen(): Promise<void> {
  await store.close();
  store = await open(configuration());
}

type Payment = Readonly<Record<"at" | "number" | "amount", number>> & { readonly shop: string; readonly note: null };

function payment(number: number, amount = number / 10): Payment {
  return { at: start - 3_600_000_000 + number, shop: number % 2 === 0 ? "a" : "b", number, amount, note: null };
}

const id = ({ shop, number }: Payment): { shop: string; number: number } => ({ shop, number });

let files = 0;
async function load(rows: readonly object[], options: Parameters<Store["load"]>[2] = {}): ReturnType<Store["load"]> {
  const file = join(folder, `rows-${files++}.ndjson`);
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return store.load("shop" in rows[0] ? "payments" : "clicks", [file], options);
}

/** What the log says is there, and what the files say: id, amount, origin, and whether it is withdrawn. */
const there = async (): Promise<string[]> => (await logOf(join(folder, "home"), payments.definition)).live;

describe.each(["at once", "after a restart"])("a record counts once, %s", (when) => {
  const again = when === "at once" ? async (): Promise<void> => {} : reopen;

  test("stream and stream", async () => {
    const first = await store.ingest(payments, [payment(1), payment(2)]);
    expect(first).toMatchObject({ accepted: 2, duplicates: 0 });
    await again();
    expect(await store.ingest("payments", [payment(2), payment(3), payment(1), payment(3)])).toMatchObject({
      accepted: 1,
      duplicates: 3,
      position: first.position + 2,
    });
    const none = await store.ingest("payments", [payment(3)]);
    expect(none).toMatchObject({ accepted: 0, duplicates: 1, position: first.position + 3 });
    expect(none.stamp).toBeGreaterThan(first.stamp);
    expect(await there()).toEqual(["a 2 0.2", "b 1 0.1", "b 3 0.3"]);
  });

  test("stream and bulk", async () => {
    await store.ingest("payments", [payment(1), payment(2)]);
    await again();
    expect(await load([payment(2), payment(3)])).toMatchObject({ rows: 1, duplicates: 1 });
    expect(await load([payment(1), payment(2)])).toMatchObject({ rows: 0, duplicates: 2, files: 0 });
    expect(await there()).toEqual(["a 2 0.2", "b 1 0.1", "b 3 0.3"]);
  });

  test("bulk and stream", async () => {
    await load([payment(1), payment(2), payment(2)]);
    await again();
    expect(await store.ingest("payments", [payment(2), payment(4)])).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(await there()).toEqual(["a 2 0.2", "a 4 0.4", "b 1 0.1"]);
  });

  test("bulk and bulk", async () => {
    expect(await load([payment(1), payment(2), payment(1), payment(1)])).toMatchObject({ rows: 2, duplicates: 2 });
    await again();
    expect(await load([payment(2), payment(4)])).toMatchObject({ rows: 1, duplicates: 1 });
    expect(await there()).toEqual(["a 2 0.2", "a 4 0.4", "b 1 0.1"]);
  });
});

test("concurrent requests of one record take it once, and answer when it is on disk", async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, (_, i) => store.ingest("payments", [payment(1), payment(2 + (i % 3))])),
  );
  expect(outcomes.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(4);
  expect(outcomes.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(76);
  const { records, live } = await logOf(join(folder, "home"), payments.definition);
  expect(records).toHaveLength(4);
  expect(live).toHaveLength(4);
});

test("a stream and loads side by side take each record once", async () => {
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  const streamed = numbers.map((number) => store.ingest("payments", [payment(number)]));
  const loaded = [load(numbers.slice(0, 40).map((n) => payment(n))), load(numbers.slice(20).map((n) => payment(n)))];
  const taken = [
    ...(await Promise.all(streamed)).map(({ accepted }) => accepted),
    ...(await Promise.all(loaded)).map(({ rows }) => rows),
  ];
  expect(taken.reduce((sum, n) => sum + n, 0)).toBe(60);
  expect(await there()).toHaveLength(60);
});

describe("other content under a known id is refused, and nothing of the request stays", () => {
  const refused = { code: "ASOF_ID_CONFLICT", status: 409 };

  test("in a stream", async () => {
    await store.ingest("payments", [payment(1)]);
    const before = await logOf(join(folder, "home"), payments.definition);
    await expect(store.ingest("payments", [payment(2), payment(1, 7)])).rejects.toMatchObject({
      ...refused,
      details: { source: "payments", id: "shop=b number=1", record: 1 },
    });
    await expect(store.ingest("payments", [payment(4), payment(4, 7)])).rejects.toMatchObject(refused);
    await reopen();
    expect(await logOf(join(folder, "home"), payments.definition)).toEqual(before);
    expect(await store.ingest("payments", [payment(2), payment(4, 7)])).toMatchObject({ accepted: 2 });
  });

  test("in a file", async () => {
    await store.ingest("payments", [payment(1)]);
    await expect(load([payment(2), payment(4), payment(2, 5), payment(1, 7)])).rejects.toMatchObject({
      ...refused,
      details: { source: "payments", row: 3, id: "shop=a number=2", badRows: 2 },
    });
    expect(await there()).toEqual(["b 1 0.1"]);
    const outcome = await load([payment(2), payment(4), payment(2, 5), payment(1, 7)], { rejects: true });
    expect(outcome).toMatchObject({ rows: 2, rejected: 2, duplicates: 0 });
    expect(await readFile(outcome.rejectsFile!, "utf8")).toMatch(
      /^row,problem,.*\n3,ASOF_ID_CONFLICT,.*\n4,ASOF_ID_CONFLICT,/,
    );
    expect(await there()).toEqual(["a 2 0.2", "a 4 0.4", "b 1 0.1"]);
  });

  test("of a load, in a stream", async () => {
    await load([payment(1)]);
    await expect(store.ingest("payments", [payment(1, 7)])).rejects.toMatchObject(refused);
    await expect(load([payment(1, 7)])).rejects.toMatchObject(refused);
  });
});

describe("a retraction", () => {
  test("withdraws what was streamed and what was loaded, and twice is once", async () => {
    await load([payment(1), payment(3)]);
    const streamed = await store.ingest("payments", [payment(2), payment(4)]);
    const first = await store.retract(payments, [id(payment(1)), id(payment(2)), id(payment(2))]);
    expect(first).toMatchObject({ retracted: 2, duplicates: 1, waiting: 0 });
    expect(await there()).toEqual(["a 4 0.4", "b 3 0.3"]);
    await reopen();
    expect(await store.retract("payments", [id(payment(2)), id(payment(1))])).toMatchObject({
      retracted: 0,
      duplicates: 2,
      waiting: 0,
      position: first.position + 2,
    });
    const { withdrawals } = await logOf(join(folder, "home"), payments.definition);
    expect(withdrawals).toEqual([
      {
        target: 0,
        origin: "load",
        event: payment(1).at,
        available: payment(1).at,
        withdrawn: first.stamp,
        row: { ...payment(1), number: 1n },
      },
      {
        target: streamed.position,
        origin: "stream",
        event: payment(2).at,
        available: streamed.stamp,
        withdrawn: first.stamp + 1,
        row: { ...payment(2), number: 2n },
      },
    ]);
    // What was withdrawn is known for ever: it does not come back by being sent again.
    expect(await store.ingest("payments", [payment(1), payment(2)])).toMatchObject({ accepted: 0, duplicates: 2 });
    expect(await load([payment(1), payment(2)])).toMatchObject({ rows: 0, duplicates: 2 });
    await expect(store.ingest("payments", [payment(1, 7)])).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
  });

  test("waits for a record that is streamed later", async () => {
    const told = await store.retract("payments", [id(payment(1)), id(payment(2))]);
    expect(told).toMatchObject({ retracted: 0, waiting: 2, duplicates: 0 });
    expect(await store.retract("payments", [id(payment(1))])).toMatchObject({ waiting: 0, duplicates: 1 });
    await reopen();
    expect(await store.ingest("payments", [payment(1), payment(3)])).toMatchObject({ accepted: 2, duplicates: 0 });
    const { live, withdrawals, waiting, records } = await logOf(join(folder, "home"), payments.definition);
    expect(live).toEqual(["b 3 0.3"]);
    expect(records).toHaveLength(1);
    expect(waiting.map(({ since }) => since)).toEqual([told.stamp, told.stamp + 1]);
    expect(withdrawals).toMatchObject([{ origin: "nowhere", withdrawn: told.stamp, event: payment(1).at }]);
    await reopen();
    expect(await store.ingest("payments", [payment(1)])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await store.retract("payments", [id(payment(1))])).toMatchObject({ duplicates: 1 });
    await expect(store.ingest("payments", [payment(1, 7)])).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
  });

  test("waits for a record that is loaded later", async () => {
    const told = await store.retract("payments", [id(payment(1)), id(payment(2))]);
    await reopen();
    expect(await load([payment(1), payment(3), payment(1)])).toMatchObject({ rows: 2, duplicates: 1 });
    const { live, records } = await logOf(join(folder, "home"), payments.definition);
    expect(live).toEqual(["b 3 0.3"]);
    expect(records.find(({ row }) => row["number"] === 1n)).toMatchObject({ withdrawn: told.stamp });
    await reopen();
    expect(await store.ingest("payments", [payment(1)])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await store.retract("payments", [id(payment(1)), id(payment(2))])).toMatchObject({ duplicates: 2 });
  });

  test("names the id alone, of a source that has one", async () => {
    await expect(store.retract("clicks", [{ user: "ann" }])).rejects.toMatchObject({ code: "ASOF_NO_ID", status: 409 });
    await expect(store.correct("clicks", [{ at: now, user: "a" }])).rejects.toMatchObject({ code: "ASOF_NO_ID" });
    await expect(store.retract("payments", [])).rejects.toMatchObject({ code: "ASOF_EMPTY" });
    await expect(store.retract("payments", [{ shop: "a" }])).rejects.toMatchObject({
      code: "ASOF_MISSING_FIELD",
      details: { field: "number" },
    });
    await expect(store.retract("payments", [id(payment(1)), { ...id(payment(2)), amount: 3 }])).rejects.toMatchObject({
      code: "ASOF_UNKNOWN_FIELD",
      details: { field: "amount", record: 1 },
    });
    expect(await store.ingest("payments", [payment(1)])).toMatchObject({ accepted: 1 });
  });
});

describe("a correction", () => {
  test("replaces what was streamed and what was loaded, once", async () => {
    await load([payment(1)]);
    await store.ingest("payments", [payment(2), payment(3)]);
    const corrections = [payment(1, 10), payment(2, 20), payment(3)];
    expect(await store.correct(payments, corrections)).toMatchObject({ accepted: 2, replaced: 2, duplicates: 1 });
    await reopen();
    expect(await store.correct("payments", corrections)).toMatchObject({ accepted: 0, replaced: 0, duplicates: 3 });
    expect(await there()).toEqual(["a 2 20", "b 1 10", "b 3 0.3"]);
    // Back to what it was.
    expect(await store.correct("payments", [payment(2)])).toMatchObject({ accepted: 1, replaced: 1 });
    expect(await store.ingest("payments", [payment(2), payment(2, 20)])).toMatchObject({ duplicates: 2 });
    expect(await there()).toEqual(["a 2 0.2", "b 1 10", "b 3 0.3"]);
    await store.retract("payments", [id(payment(2)), id(payment(1))]);
    expect(await there()).toEqual(["b 3 0.3"]);
    expect(await store.correct("payments", [payment(1, 11)])).toMatchObject({ accepted: 1, replaced: 0, waiting: 0 });
    expect(await there()).toEqual(["b 1 11", "b 3 0.3"]);
  });

  test("before its record keeps that from counting", async () => {
    expect(await store.correct("payments", [payment(1, 10), payment(2, 20)])).toMatchObject({
      accepted: 2,
      replaced: 0,
      waiting: 2,
    });
    await reopen();
    expect(await store.ingest("payments", [payment(1)])).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await load([payment(2), payment(4)])).toMatchObject({ rows: 2 });
    expect(await there()).toEqual(["a 2 20", "a 4 0.4", "b 1 10"]);
    await reopen();
    expect(await store.ingest("payments", [payment(1), payment(2), payment(2, 20)])).toMatchObject({ duplicates: 3 });
    await expect(store.ingest("payments", [payment(1, 3)])).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
  });

  test("of one id in two ways is refused", async () => {
    await store.ingest("payments", [payment(1)]);
    await expect(store.correct("payments", [payment(2), payment(1, 2), payment(1, 3)])).rejects.toMatchObject({
      code: "ASOF_ID_CONFLICT",
      details: { record: 2 },
    });
    expect(await there()).toEqual(["b 1 0.1"]);
    expect(await store.correct("payments", [payment(1, 2), payment(1, 2)])).toMatchObject({
      accepted: 1,
      duplicates: 1,
    });
  });
});

describe("a request of which a crash left the first entries only", () => {
  const entriesOf = async (log: string): Promise<unknown[]> => collect(await readFileLog(log), 0);

  /** What becomes of the store as it is on disk now, without the last entries of its log. */
  async function without(entries: number): Promise<string[]> {
    const other = join(folder, `cut-${entries}`);
    const log = join(other, "log");
    await cp(join(folder, "home"), other, { recursive: true });
    for (const name of await readdir(log)) if (!name.endsWith(".log")) await rm(join(log, name));
    // What follows from the log may not be ahead of it.
    await rm(join(other, "online"), { recursive: true });
    const { length } = await entriesOf(log);
    while ((await entriesOf(log)).length > length - entries) {
      const segments = (await readdir(log)).filter((name) => name.endsWith(".log")).sort();
      const last = join(log, segments.at(-1)!);
      // Less than an entry; what is left of one is dropped when the log is opened to be written.
      await truncate(last, (await stat(last)).size - 32);
    }
    const opened = await open({ ...configuration(), home: other });
    await opened.close();
    const { live, records } = await logOf(other, payments.definition);
    expect(new Set(records.map(({ position }) => position)).size).toBe(records.length);
    return live;
  }

  test("is finished: a correction", async () => {
    await store.ingest("payments", [payment(1), payment(2)]);
    const before = await there();
    await store.correct("payments", [payment(1, 10), payment(3, 30)]);
    const after = await there();
    expect(after).toEqual(["a 2 0.2", "b 1 10", "b 3 30"]);
    expect(await without(0)).toEqual(after);
    expect(await without(1)).toEqual(after);
    expect(await without(2)).toEqual(after);
    expect(await without(3)).toEqual(before);
  });

  test("is finished: retractions, and records that some wait for", async () => {
    await store.ingest("payments", [payment(1), payment(2)]);
    await store.retract("payments", [id(payment(1)), id(payment(3))]);
    expect(await without(0)).toEqual(["a 2 0.2"]);
    expect(await without(1)).toEqual(["a 2 0.2"]);
    expect(await without(2)).toEqual(["a 2 0.2", "b 1 0.1"]);
    await rm(join(folder, "cut-0"), { recursive: true });
    await rm(join(folder, "cut-1"), { recursive: true });
    await rm(join(folder, "cut-2"), { recursive: true });
    await store.ingest("payments", [payment(3), payment(4)], { idempotencyKey: "a request" });
    for (const cut of [0, 1, 2]) expect(await without(cut)).toEqual(["a 2 0.2", "a 4 0.4"]);
    expect(await without(3)).toEqual(["a 2 0.2"]);
  });
});

test("the index is made again from the log, loads and merged files with it", async () => {
  await store.retract("payments", [id(payment(50)), id(payment(51))]);
  for (let i = 0; i < 9; i++) await load([payment(2 * i), payment(2 * i + 1), payment(50)]);
  expect((await store.runs({ kind: "compact" })).length).toBeGreaterThan(0);
  await store.ingest("payments", [payment(51), payment(52)], { idempotencyKey: "a request" });
  await store.correct("payments", [payment(3, 30)]);
  await store.retract("payments", [id(payment(4)), id(payment(52))]);
  await load([payment(60)], { idempotencyKey: "a load" });
  const before = await there();
  await store.close();
  await rm(join(folder, "home", "online"), { recursive: true });
  store = await open(configuration());
  const known = [...Array.from({ length: 18 }, (_, i) => payment(i)), ...[50, 51, 52, 60].map((n) => payment(n))];
  expect(await store.ingest("payments", [...known, payment(3, 30)])).toMatchObject({ accepted: 0, duplicates: 23 });
  expect(await load(known)).toMatchObject({ rows: 0, duplicates: 22 });
  expect(
    await store.retract(
      "payments",
      [4, 50, 51, 52].map((n) => id(payment(n))),
    ),
  ).toMatchObject({ duplicates: 4 });
  await expect(load([payment(3, 31)])).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
  for (const idempotencyKey of ["a request", "a load"])
    await expect(store.ingest("payments", [payment(99)], { idempotencyKey })).rejects.toMatchObject({
      code: "ASOF_ID_CONFLICT",
    });
  expect(await there()).toEqual(before);
});

describe("an idempotency key", () => {
  const click = (user: string): { at: number; user: string } => ({ at: start - 60_000_000, user });
  const key = { idempotencyKey: "a request" };

  test("has a request taken once, in whatever order its records come, also after a restart", async () => {
    const first = await store.ingest("clicks", [click("ann"), click("ann"), click("bob")], key);
    expect(first).toMatchObject({ accepted: 3, duplicates: 0 });
    const again = { source: "clicks", accepted: 0, duplicates: 3, position: first.position, stamp: first.stamp };
    expect(await store.ingest("clicks", [click("bob"), click("ann"), click("ann")], key)).toEqual(again);
    await reopen();
    expect(await store.ingest("clicks", [click("ann"), click("bob"), click("ann")], key)).toEqual(again);
    expect(await load([click("ann"), click("ann"), click("bob")], key)).toMatchObject({
      rows: 0,
      duplicates: 3,
      position: first.position,
    });
    for (const other of [
      [click("ann"), click("bob")],
      [click("ann"), click("ann"), click("eve")],
    ]) {
      await expect(store.ingest("clicks", other, key)).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
      await expect(load(other, key)).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
    }
    expect(await store.ingest("clicks", [click("ann")], { idempotencyKey: "another" })).toMatchObject({ accepted: 1 });
    expect((await store.status()).offline.sources.find(({ name }) => name === "clicks")).toMatchObject({
      rows: 4,
    });
  });

  test("of a load is known to the stream, and of one source to no other", async () => {
    const loaded = await load([click("ann"), click("bob")], key);
    expect(loaded).toMatchObject({ rows: 2, duplicates: 0 });
    await reopen();
    expect(await store.ingest("clicks", [click("bob"), click("ann")], key)).toMatchObject({
      accepted: 0,
      duplicates: 2,
      position: loaded.position,
    });
    expect(await store.ingest("payments", [payment(1)], key)).toMatchObject({ accepted: 1 });
  });

  test("and an id at once", async () => {
    await store.ingest("payments", [payment(1)]);
    await store.retract("payments", [id(payment(2))]);
    const first = await store.ingest("payments", [payment(1), payment(2), payment(3)], key);
    expect(first).toMatchObject({ accepted: 2, duplicates: 1 });
    await reopen();
    expect(await store.ingest("payments", [payment(1), payment(2), payment(3)], key)).toMatchObject({
      accepted: 0,
      duplicates: 3,
      position: first.position,
    });
    await expect(store.ingest("payments", [payment(5)], key)).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
    const known = { idempotencyKey: "of what is known" };
    expect(await store.ingest("payments", [payment(1)], known)).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await load([payment(3)], { idempotencyKey: "a load of what is known" })).toMatchObject({ duplicates: 1 });
    await reopen();
    await expect(store.ingest("payments", [payment(5)], known)).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
    await expect(
      store.ingest("payments", [payment(5)], { idempotencyKey: "a load of what is known" }),
    ).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
    expect(await there()).toEqual(["b 1 0.1", "b 3 0.3"]);
  });

  test("is remembered for as long as the source says", async () => {
    await store.ingest("clicks", [click("ann")], key);
    now = start + 3_590_000_000;
    await reopen();
    expect(await store.ingest("clicks", [click("ann")], key)).toMatchObject({ duplicates: 1 });
    now = start + 3_700_000_000;
    await reopen();
    expect(await store.ingest("clicks", [click("eve")], key)).toMatchObject({ accepted: 1 });
  });

  test("at the same time is taken once", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.ingest("clicks", [click("ann")], key)));
    expect(outcomes.filter(({ accepted }) => accepted === 1)).toHaveLength(1);
    expect(new Set(outcomes.map(({ position }) => position)).size).toBe(1);
  });

  test("is a text", async () => {
    for (const idempotencyKey of ["", "x".repeat(256), 7 as unknown as string])
      await expect(store.ingest("clicks", [click("ann")], { idempotencyKey })).rejects.toMatchObject({
        code: "ASOF_REQUEST",
      });
  });
});

test("withdrawals go into Parquet with the log, and ids stay known when it is dropped", async () => {
  await store.close();
  store = await open(configuration(), { archiveFrom: 1 });
  await load([payment(1), payment(3)]);
  await store.ingest("payments", [payment(2), payment(4)]);
  await store.retract("payments", [id(payment(1)), id(payment(2)), id(payment(6))]);
  await store.correct("payments", [payment(4, 40)]);
  await store.ingest("payments", [payment(6)]);
  await reopen();
  const found = await logOf(join(folder, "home"), payments.definition);
  expect((await store.status()).log.start).toBeGreaterThan(0);
  expect(found.withdrawals).toEqual([]);
  expect(found.live).toEqual(["a 4 40", "b 3 0.3"]);
  expect(
    await store.ingest("payments", [payment(1), payment(2), payment(3), payment(4), payment(4, 40), payment(6)]),
  ).toMatchObject({ accepted: 0, duplicates: 6 });
});

describe("an index that is lost after the log was dropped", () => {
  const lose = async (): Promise<void> => {
    await store.close();
    await rm(join(folder, "home", "online"), { recursive: true });
    store = await open(configuration());
  };
  const indexOf = async (): Promise<unknown[]> => {
    await store.close();
    const database = await openLmdb(join(folder, "home", "online"));
    const found = [];
    for await (const [key, bytes] of database.scan(Uint8Array.of(2)))
      if (key[1] === 1) {
        const { past, ...known } = decodeIdentity(bytes);
        found.push({ key: Buffer.from(key).toString("hex"), ...known, past: past.toSorted() });
      } else if (key[1] !== 0) found.push(Buffer.from(key).toString("hex"), Buffer.from(bytes).toString("hex"));
    await database.close();
    store = await open(configuration());
    return found;
  };

  test("is made again from Parquet: records, withdrawals, what waits, what was overtaken, requests", async () => {
    await store.close();
    store = await open(configuration(), { archiveFrom: 1 });
    await store.retract(
      "payments",
      [50, 51, 53, 54].map((n) => id(payment(n))),
    );
    await load([payment(1), payment(3), payment(5), payment(50), payment(54)], { idempotencyKey: "a load" });
    await store.ingest("payments", [payment(2), payment(4), payment(10)], { idempotencyKey: "a request" });
    await store.ingest("clicks", [{ at: start - 60_000_000, user: "ann" }], { idempotencyKey: "a click" });
    await store.retract(
      "payments",
      [1, 2, 6].map((n) => id(payment(n))),
    );
    await store.correct("payments", [payment(4, 40), payment(3, 30), payment(3, 30), payment(60, 6)]);
    await store.ingest("payments", [payment(6), payment(51)]);
    await store.close();
    store = await open(configuration(), { archiveFrom: 1 });
    await store.correct("payments", [payment(4, 41), payment(5, 50)]);
    await store.retract("payments", [id(payment(5)), id(payment(70))]);
    await store.ingest("payments", [payment(60), payment(11)]);
    await reopen();
    // What comes now stays in the log.
    await store.retract("payments", [id(payment(10)), id(payment(71))]);
    await store.ingest("payments", [payment(70), payment(12)], { idempotencyKey: "the last" });
    expect((await store.status()).log.start).toBeGreaterThan(0);
    const before = await indexOf();
    const [live, answers] = [await there(), before.length];
    expect(answers).toBeGreaterThan(20);
    await lose();
    expect(await indexOf()).toEqual(before);
    expect(await there()).toEqual(live);
    // It is what decides from here on, and goes on as it did: two have been waited for, and do not count.
    expect(await store.ingest("payments", [payment(6), payment(53), payment(71), payment(13)])).toMatchObject({
      accepted: 3,
      duplicates: 1,
    });
    expect(await there()).toEqual([...live, "b 13 1.3"].sort());
    await lose();
    await reopen();
    expect(await store.ingest("payments", [payment(13), payment(71)])).toMatchObject({ accepted: 0, duplicates: 2 });
    const again = { at: start - 60_000_001, user: "bob" };
    await expect(store.ingest("clicks", [again], { idempotencyKey: "a click" })).rejects.toMatchObject({
      code: "ASOF_ID_CONFLICT",
    });
  });

  test("is refused where an earlier version has archived what could tell of ids", async () => {
    await store.close();
    store = await open(configuration(), { archiveFrom: 1 });
    await store.ingest("payments", [payment(2), payment(4)]);
    await reopen();
    await store.close();
    const registry = new DatabaseSync(join(folder, "home", "registry.sqlite"));
    registry.exec("DELETE FROM note WHERE name = 'remembered'");
    registry.close();
    await cp(join(folder, "home"), join(folder, "other"), { recursive: true });
    await rm(join(folder, "other", "online"), { recursive: true });
    await expect(open({ ...configuration(), home: join(folder, "other") })).rejects.toMatchObject({
      code: "ASOF_CORRUPT",
      details: { source: "payments" },
    });
  });

  test("requests that need not be remembered any more leave no file", async () => {
    const files = async (): Promise<string[]> =>
      (await readdir(join(folder, "home", "offline"), { recursive: true })).filter((name) =>
        /^requests\.clicks.*parquet$/.test(name),
      );
    const archive = async (user: string): Promise<void> => {
      await store.close();
      store = await open(configuration(), { archiveFrom: 1 });
      await store.ingest("clicks", [{ at: now - 1, user }], { idempotencyKey: user });
      await store.close();
      store = await open(configuration());
    };
    await archive("ann");
    expect(await files()).toHaveLength(1);
    now += 3 * 3_600_000_000;
    await archive("bob");
    expect(await files()).toHaveLength(1);
    await lose();
    expect(await store.ingest("clicks", [{ at: now - 1, user: "ann" }], { idempotencyKey: "ann" })).toMatchObject({
      accepted: 1,
    });
  });
});
