// Stores of records that are named by ids, which may differ in one customer: for tests of forgetting.
import { writeFile } from "node:fs/promises";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import {
  aggregateView,
  count,
  entity,
  eventSource,
  featureService,
  lastN,
  max,
  open,
  type Store,
  sum,
  t,
} from "../../src/index.ts";

export const begin = parseTimestamp("2026-03-01");
export const now = begin + 30 * HOUR;
export const forgotten = "customer-Zoë";
export const other = "customer-Bob";

export const customer = entity("customer", { customer: t.string() });
export const payments = eventSource("payments", {
  fields: { at: t.timestamp(), number: t.int64(), customer: t.string(), amount: t.float64() },
  eventTime: "at",
  availableAt: "1m",
  id: ["number"],
});
/** Its ids hold the key. */
export const visits = eventSource("visits", {
  fields: { at: t.timestamp(), customer: t.string(), visit: t.int32() },
  eventTime: "at",
  availableAt: "1m",
  id: ["visit", "customer"],
});
export const paying = aggregateView("paying", {
  source: payments,
  entity: customer.from({ customer: "customer" }),
  features: {
    n: count().over("1d", "lifetime"),
    amount: sum("amount").over("1d"),
    most: max("amount").over("1d"),
    latest: lastN("amount", 3).over("1d"),
  },
});
export const visiting = aggregateView("visiting", {
  source: visits,
  entity: customer.from({ customer: "customer" }),
  features: { n: count().over("1d", "lifetime"), visits: lastN("visit", 4).over("1d") },
});
export const all = featureService("all", [paying, visiting]);
export const definitions = { customer, payments, visits, paying, visiting, all };

/** Opens a home as it was left, by a clock that stands still, also across a crash. */
export function openHome(home: string, archiveFrom?: number): Promise<Store> {
  return open(
    { definitions, home, clock: { simulated: now } },
    {
      whenLocked: "refuse",
      clock: { ...simulatedClock(now), reserve: 1_000 },
      ...(archiveFrom === undefined ? {} : { archiveFrom }),
    },
  );
}

export type Payment = {
  readonly at: number;
  readonly number: number;
  readonly customer: string;
  readonly amount: number;
};
export type Rows = Readonly<Record<string, unknown>>;

export const customers = [forgotten, other, "customer-Ann"];
export const payment = (number: number, of = customers[number % 3], amount = number / 7): Payment => ({
  at: begin + number * 11 * MINUTE,
  number,
  customer: of,
  amount,
});
export const visit = (visit: number, of = customers[visit % 3]): Rows => ({
  at: begin + visit * 13 * MINUTE,
  customer: of,
  visit,
});
export const range = (from: number, until: number): number[] =>
  Array.from({ length: until - from }, (_, i) => from + i);

/** Does everything that may happen to a record, for whom it is told to. */
export async function fillIds(home: string, knows: (customer: string) => boolean): Promise<void> {
  const of = <T extends Rows>(rows: readonly T[]): T[] => rows.filter((row) => knows(row["customer"] as string));
  /** Ids are told from one another by whose records they are of. */
  const ids = (numbers: readonly number[]): Rows[] =>
    of(numbers.map((n) => payment(n))).map(({ number }) => ({ number }));
  const load = async (store: Store, source: string, rows: readonly object[]): Promise<void> => {
    const file = `${home}-${source}-${rows.length}.ndjson`;
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    await store.load(source, [file]);
  };

  let store = await openHome(home, 1);
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
  await store.close();

  // What comes now stays in the log.
  store = await openHome(home);
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
  await store.close();
}

export const idOfVisit = (row: Rows): Rows => {
  const { visit, customer } = row;
  return { visit, customer };
};

export async function answersOf(store: Store): Promise<unknown> {
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
