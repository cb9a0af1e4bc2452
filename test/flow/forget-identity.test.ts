import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aggregateView, count, entity, eventSource, featureService, lastN, max, open, type Store, sum, t } from "asof";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { searchBytes } from "../../src/adapters/folder/search-bytes.ts";
import { HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";

const begin = parseTimestamp("2026-03-01");
const now = begin + 30 * HOUR;
const forgotten = "customer-Zoë";
const other = "customer-Bob";

const customer = entity("customer", { customer: t.string() });
const payments = eventSource("payments", {
  fields: { at: t.timestamp(), number: t.int64(), customer: t.string(), amount: t.float64() },
  eventTime: "at",
  availableAt: "1m",
  id: ["number"],
});
/** Its ids hold the key. */
const visits = eventSource("visits", {
  fields: { at: t.timestamp(), customer: t.string(), visit: t.int32() },
  eventTime: "at",
  availableAt: "1m",
  id: ["visit", "customer"],
});
const paying = aggregateView("paying", {
  source: payments,
  entity: customer.from({ customer: "customer" }),
  features: {
    n: count().over("1d", "lifetime"),
    amount: sum("amount").over("1d"),
    most: max("amount").over("1d"),
    latest: lastN("amount", 3).over("1d"),
  },
});
const visiting = aggregateView("visiting", {
  source: visits,
  entity: customer.from({ customer: "customer" }),
  features: { n: count().over("1d", "lifetime"), visits: lastN("visit", 4).over("1d") },
});
const all = featureService("all", [paying, visiting]);
const definitions = { customer, payments, visits, paying, visiting, all };

let folder: string;
const opened: Store[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-forget-identity-"));
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(folder, { recursive: true });
});

const homeOf = (name: string): string => path.join(folder, name);

async function openAt(name: string, archiveFrom?: number): Promise<Store> {
  const store = await open(
    { definitions, home: homeOf(name), clock: { simulated: now } },
    {
      whenLocked: "refuse",
      clock: { ...simulatedClock(now), reserve: 1_000 },
      ...(archiveFrom === undefined ? {} : { archiveFrom }),
    },
  );
  opened.push(store);
  return store;
}

async function close(store: Store): Promise<void> {
  opened.splice(opened.indexOf(store), 1);
  await store.close();
}

type Payment = {
  readonly at: number;
  readonly number: number;
  readonly customer: string;
  readonly amount: number;
};
type Rows = Readonly<Record<string, unknown>>;

const customers = [forgotten, other, "customer-Ann"];
const payment = (number: number, of = customers[number % 3], amount = number / 7): Payment => ({
  at: begin + number * 11 * MINUTE,
  number,
  customer: of,
  amount,
});
const visit = (visit: number, of = customers[visit % 3]): Rows => ({
  at: begin + visit * 13 * MINUTE,
  customer: of,
  visit,
});
const range = (from: number, until: number): number[] => Array.from({ length: until - from }, (_, i) => from + i);

/** Does everything that may happen to a record, for whom it is told to. */
async function fill(name: string, knows: (customer: string) => boolean): Promise<void> {
  const of = <T extends Rows>(rows: readonly T[]): T[] => rows.filter((row) => knows(row["customer"] as string));
  /** Ids are told from one another by whose records they are of. */
  const ids = (numbers: readonly number[]): Rows[] =>
    of(numbers.map((n) => payment(n))).map(({ number }) => ({ number }));
  const load = async (store: Store, source: string, rows: readonly object[]): Promise<void> => {
    const file = path.join(folder, `${name}-${source}-${rows.length}.ndjson`);
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    await store.load(source, [file]);
  };

  let store = await openAt(name, 1);
  await store.apply();
  // Waiting for records that a load brings: one known before, one after.
  await store.retract("payments", ids([0, 1, 2]));
  await load(store, "payments", of(range(0, 30).map((n) => payment(n))));
  await load(store, "visits", of(range(0, 12).map((n) => visit(n))));
  await store.materialize();
  await store.ingest("payments", of(range(30, 60).map((n) => payment(n))), { idempotencyKey: "a request" });
  await store.retract("payments", ids([3, 4, 5, 33, 34, 35]));
  await store.correct("payments", of([6, 7, 8, 36, 37, 38].map((n) => payment(n, undefined, 1_000 + n))));
  // A correction that comes before its record, and what is overtaken by its retraction.
  await store.correct("payments", of([60, 61, 62].map((n) => payment(n))));
  await store.retract("payments", ids([63, 64, 65]));
  await store.ingest("payments", of([63, 64, 65].map((n) => payment(n))));
  await store.retract(
    "visits",
    of([3, 4, 5].map((n) => visit(n))).map((row) => idOfVisit(row)),
  );
  await store.settled();
  await close(store);

  // What comes now stays in the log.
  store = await openAt(name);
  await store.ingest("payments", of(range(66, 80).map((n) => payment(n))));
  await store.retract("payments", ids([9, 10, 11, 66, 67, 68, 39, 40, 41]));
  await store.correct("payments", of([12, 13, 14, 69, 70, 71].map((n) => payment(n, undefined, 2_000 + n))));
  await store.retract("payments", ids([90, 91, 92]));
  await store.ingest("payments", of([90, 91, 92].map((n) => payment(n))));
  await store.ingest("visits", of(range(20, 30).map((n) => visit(n))));
  // They wait, and their ids hold the key.
  await store.retract(
    "visits",
    of([50, 51, 52].map((n) => visit(n))).map((row) => idOfVisit(row)),
  );
  await store.settled();
  await close(store);
}

const idOfVisit = (row: Rows): Rows => {
  const { visit, customer } = row;
  return { visit, customer };
};

async function answersOf(store: Store): Promise<unknown> {
  const requests = [...customers, "nobody"].map((customer) => ({ customer }));
  const answers = async (at?: number): Promise<unknown> =>
    (await store.features("all", requests, at === undefined ? {} : { at })).map(({ values, statuses, eventTimes }) => ({
      values,
      statuses,
      eventTimes,
    }));
  const sources = (await store.status()).offline.sources.map(({ name, rows }) => ({ name, rows }));
  return { live: await answers(), past: [await answers(begin + 9 * HOUR), await answers(now - HOUR)], sources };
}

const found = async (name: string): Promise<readonly string[]> => (await searchBytes(homeOf(name), [forgotten])).found;

const proven = { records: 0, online: 0, bytes: expect.any(Number) as number, files: [], elsewhere: [] };

describe("forgetting a key whose records are named by ids", () => {
  test("erases them from history, log and index; the rest is as if they had never been", async () => {
    await fill("full", () => true);
    await fill("never", (of) => of !== forgotten);
    let store = await openAt("full");
    const never = await openAt("never");
    const expected = await answersOf(never);
    expect(await answersOf(store)).not.toEqual(expected);
    expect((await found("full")).some((file) => file.startsWith("online/"))).toBe(true);

    const outcome = await store.forget("customer", { customer: forgotten });
    expect(outcome).toMatchObject({ erased: true, proof: proven, warnings: [] });
    expect(outcome.proof!.bytes).toBeGreaterThan(10_000);
    expect(await found("full")).toEqual([]);
    expect(await answersOf(store)).toEqual(expected);
    await close(store);
    expect(await found("full")).toEqual([]);
    store = await openAt("full");
    expect(await answersOf(store)).toEqual(expected);
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: false });

    // What is known of others' ids is known still.
    const others = range(0, 80).filter((n) => n % 3 !== 0 && ![12, 13, 14].includes(n));
    for (const n of others.filter((n) => n < 60 && ![6, 7, 8, 36, 37, 38].includes(n)))
      expect(await store.ingest("payments", [payment(n)])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await store.retract("payments", [{ number: 4 }])).toMatchObject({ duplicates: 1 });
    expect(await store.ingest("visits", [visit(52)])).toMatchObject({ accepted: 1 });
    // What was erased is new, whatever had happened to it.
    for (const n of [0, 3, 6, 9, 15, 33, 36, 60, 66, 69])
      expect(await store.ingest("payments", [payment(n)]), String(n)).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await store.ingest("visits", [visit(3), visit(51)])).toMatchObject({ accepted: 2, duplicates: 0 });
    await never.ingest(
      "payments",
      [0, 3, 6, 9, 15, 33, 36, 60, 66, 69].map((n) => payment(n)),
    );
    await never.ingest("visits", [visit(52), visit(3), visit(51)]);
    await store.settled();
    await never.settled();
    expect(await answersOf(store)).toEqual(await answersOf(never));
  });

  test("an id that another's record has, or had, keeps that", async () => {
    let store = await openAt("moved", 1);
    await store.apply();
    await store.materialize();
    await store.ingest("payments", [payment(131, forgotten), payment(132, other), payment(133, forgotten, 1)]);
    await store.correct("payments", [payment(131, other, 5), payment(132, forgotten, 6), payment(133, forgotten, 2)]);
    await store.settled();
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({
      erased: true,
      records: { payments: 4 },
      proof: proven,
    });
    const [answer] = await store.features("all", [{ customer: other }]);
    expect(answer.values).toMatchObject({ paying__n_lifetime: 1, paying__amount_1d: 5 });
    await close(store);
    store = await openAt("moved");
    expect(await found("moved")).toEqual([]);
    expect(await store.ingest("payments", [payment(131, other, 5)])).toMatchObject({ duplicates: 1 });
    // It was withdrawn, and stays so.
    expect(await store.ingest("payments", [payment(132, other)])).toMatchObject({ duplicates: 1 });
    expect(await store.ingest("payments", [payment(133, forgotten, 2)])).toMatchObject({ accepted: 1 });
  });

  test("goes without any record, where only an id waits, or one was overtaken by its retraction", async () => {
    const store = await openAt("waiting");
    await store.apply();
    await store.retract("visits", [idOfVisit(visit(50, forgotten)), idOfVisit(visit(51, other))]);
    expect(await store.forget("customer", { customer: forgotten }, { dryRun: true })).toMatchObject({ records: {} });
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: true, proof: proven });
    expect(await store.retract("visits", [idOfVisit(visit(51, other))])).toMatchObject({ duplicates: 1 });
    expect(await store.retract("visits", [idOfVisit(visit(50, forgotten))])).toMatchObject({ waiting: 1 });
    await store.retract("payments", [{ number: 5 }]);
    await store.ingest("payments", [payment(5, forgotten)]);
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: true, proof: proven });
    expect(await found("waiting")).toEqual([]);
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: false });
  });
});
