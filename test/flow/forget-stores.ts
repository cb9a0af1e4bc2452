// Two stores that differ in one customer: for tests of forgetting. Definitions and numbers are those of the golden home.
import { appendFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { sqlParquet } from "../../src/core/plan/sql.ts";
import { DAY, formatTimestamp, HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import { open, type Store } from "../../src/index.ts";
import * as definitions from "../golden/home-definitions-v1.ts";

export const begin = parseTimestamp("2026-03-01");
export const now = begin + 5 * DAY + 7 * HOUR;
/** Whom the one store forgets and the other has never heard of. */
export const forgotten = "customer-Zoë";
const customers = ["customer-0", "customer-1", forgotten, "customer-3", "customer-4"];

export interface Made {
  readonly loaded: number;
  readonly streamed: number;
  readonly rejected: number;
  readonly examples: number;
  readonly predictions: number;
}

export type Record = Readonly<{ [name: string]: unknown }>;

function payment(i: number, at: number): Record {
  return {
    at,
    customer: customers[i % 5],
    zone: i % 9 === 0 ? null : ["eu", "us", "日本"][i % 3],
    number: i % 2,
    amount: ((i * 7919) % 10_007) / 7,
    cents: String(2n ** 60n + BigInt(i)),
    points: i % 4 === 0 ? null : (i * 3) % 7,
    refund: i % 6 === 0,
  };
}

const example = (i: number): Record => ({
  at: begin + i * 30 * MINUTE,
  customer: customers[i % 5],
  basket: (i * 37) % 211,
  fraud: (i * 37) % 211 > 120,
});

/** A payment that has just been made. */
export const paymentOf = (i: number, minutes: number): Record => payment(i, now - minutes * MINUTE);

/** A clock that stands still, also across a crash: its moments are promised for a millisecond only. */
const standing = { ...simulatedClock(now), reserve: 1_000 };

const openAt = (home: string, archiveFrom?: number): Promise<Store> =>
  open(
    { definitions: { ...definitions }, home, clock: { simulated: now } },
    { whenLocked: "refuse", clock: standing, ...(archiveFrom === undefined ? {} : { archiveFrom }) },
  );

/** Opens a home as it was left. */
export const openHome = openAt;

/** Fills a home in every way there is, with the records that are not left out. Leaves some of them in the log. */
export async function fill(home: string, folder: string, knows: (record: Record) => boolean): Promise<Made> {
  const all = { loaded: 0, streamed: 0, rejected: 0, examples: 0, predictions: 0 };
  const of = (kind: keyof Made, records: readonly Record[]): Record[] => {
    all[kind] += records.filter(({ customer }) => customer === forgotten).length;
    return records.filter(knows);
  };
  const file = (name: string, records: readonly Record[]): string => {
    const at = path.join(folder, `${path.basename(home)}-${name}.ndjson`);
    writeFileSync(at, "");
    for (const record of records) appendFileSync(at, `${JSON.stringify(record)}\n`);
    return at;
  };
  const history = Array.from({ length: 300 }, (_, i) => payment(i, begin + i * 20 * MINUTE));
  const bad = Array.from({ length: 10 }, (_, i) => ({ ...payment(i, begin + DAY), cents: "a lot, for one" }));
  const more = Array.from({ length: 40 }, (_, i) => payment(i + 7, begin + 3 * DAY + i * 3 * MINUTE));
  const stream = (from: number, count: number): Record[] =>
    Array.from({ length: count }, (_, i) => payment(from + i, now - i * 7 * MINUTE));
  const requests = (basket: number): Record[] => customers.map((customer) => ({ customer, basket }));

  let store = await openAt(home, 1);
  await store.apply();
  await store.load("payments", [file("history", of("loaded", history))]);
  await store.load("payments", [file("more", [...of("rejected", bad), ...of("loaded", more)])], { rejects: true });
  await store.load("examples", [
    file(
      "examples",
      of(
        "examples",
        Array.from({ length: 220 }, (_, i) => example(i)),
      ),
    ),
  ]);
  await store.compute();
  await store.train("fraud");
  await store.materialize();
  await store.ingest("payments", of("streamed", stream(1000, 25)));
  await store.settled();
  await store.predict("fraud", of("predictions", requests(30)));
  await store.close();
  store = await openAt(home);
  await store.ingest("payments", of("streamed", stream(2000, 11)));
  await store.settled();
  await store.predict("fraud", of("predictions", requests(99)));
  await store.close();
  return all;
}

export interface Answers {
  readonly live: unknown;
  readonly past: readonly unknown[];
  readonly dataset: readonly unknown[];
  readonly sources: readonly { readonly name: string; readonly rows: number }[];
}

/** Everything that a store answers, but for its own numbers: live, as of the past, for a training set. */
export async function answersOf(store: Store, folder: string): Promise<Answers> {
  const requests = [...customers, "nobody"].flatMap((customer, i) => [
    { customer, zone: "eu", number: i % 2, basket: 40 * i },
    { customer, zone: "日本", number: 1, basket: 0.5 },
  ]);
  const answers = async (at?: number): Promise<unknown> =>
    (await store.features("checkout", requests, at === undefined ? {} : { at })).map(
      ({ values, statuses, eventTimes }) => ({ values, statuses, eventTimes }),
    );
  const out = path.join(folder, "dataset.parquet");
  await store.dataset("checkout", {
    spine: {
      sql: `select customer, zone, number, amount as basket, event_time + interval 1 hour as t
            from payments where zone is not null and event_time + interval 1 hour <= TIMESTAMP '${formatTimestamp(now).slice(0, -1)}'`,
    },
    out,
  });
  return {
    live: await answers(),
    past: [await answers(begin + 2 * DAY + HOUR), await answers(begin + 4 * DAY), await answers(now - HOUR)],
    dataset: await rowsOf(out, folder),
    sources: (await store.status()).offline.sources.map(({ name, rows }) => ({ name, rows })),
  };
}

async function rowsOf(file: string, folder: string): Promise<unknown[]> {
  const engine = await openDuckDb({ memoryLimit: "256MB", temporaryFolder: folder, threads: 1 });
  try {
    const session = await engine.session();
    const rows = await session.rows(`SELECT to_json(r)::varchar AS text FROM ${sqlParquet([file])} r ORDER BY text`, {
      text: { kind: "string", nullable: false },
    });
    await session.close();
    return rows.map(({ text }) => text);
  } finally {
    await engine.close();
  }
}
