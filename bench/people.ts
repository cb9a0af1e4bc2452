import path from "node:path";
import {
  aggregateView,
  avg,
  batchView,
  col,
  count,
  entity,
  eventSource,
  featureService,
  sum,
  t,
} from "../src/index.ts";
import { open } from "../src/open.ts";
import type { Store } from "../src/store.ts";
import { runSql, withFolder } from "./flights.ts";
import { inFreshProcess } from "./measure.ts";

/** People with a profile each, and with payments over eight days: what is read online, by key. */
export const PEOPLE = 1_000_000;
/** Those who pay: three payments an hour each. */
export const PAYERS = 10_000;

const DAYS = 8;
const START = "2026-01-01";
/** Behind all that is loaded. */
export const NOW = "2026-01-09T00:30:00Z";

const person = entity("person", { person: t.int32() });

const registrations = eventSource("registrations", {
  fields: {
    at: t.timestamp(),
    person: t.int32(),
    city: t.string(),
    active: t.boolean(),
    age: t.int32(),
    orders: t.int32(),
    ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`score_${i}`, t.float64()])),
  },
  eventTime: "at",
  availableAt: "at",
});

const profile = batchView("profile", {
  entity: person,
  sources: [registrations],
  sql: `select person, event_time + interval 1 second as seen, city, active, age, orders,
               ${Array.from({ length: 6 }, (_, i) => `score_${i}`).join(", ")} from registrations`,
  features: {
    city: t.string(),
    active: t.boolean(),
    age: t.int32(),
    orders: t.int32(),
    score_0: t.float64(),
    score_1: t.float64(),
    score_2: t.float64(),
    score_3: t.float64(),
    score_4: t.float64(),
    score_5: t.float64(),
  },
  eventTime: "seen",
});

/** Fifty numbers of each who pays. */
const NUMBERS = Array.from({ length: 50 }, (_, i) => `number_${i}`);

const details = batchView("details", {
  entity: person,
  sources: [registrations],
  sql: `select person, event_time + interval 1 second as seen,
               ${NUMBERS.map((name, i) => `score_${i % 6} / ${i + 1} as ${name}`).join(", ")}
        from registrations where person < ${PAYERS}`,
  features: Object.fromEntries(NUMBERS.map((name) => [name, t.float64()])),
  eventTime: "seen",
});

const payments = eventSource("payments", {
  fields: { at: t.timestamp(), person: t.int32(), items: t.int32(), price: t.float64() },
  eventTime: "at",
  availableAt: "at",
});

const windows = ["1d", "2d", "3d", "5d", "7d"] as const;

const spending = aggregateView("spending", {
  source: payments,
  entity: person,
  features: {
    n: count().over(...windows),
    items: sum("items").over(...windows),
    price: avg("price").over(...windows),
    large: avg(col("items").gt(50)).over(...windows),
  },
});

/** Ten features of one row. */
export const profileService = featureService("profile_features", [profile.as("profile", { person: "person" })]);
/** Twenty windows, merged from tiles. */
export const spendingService = featureService("spending_features", [spending.as("spending", { person: "person" })]);
/** Fifty features of one row. */
export const detailsService = featureService("details_features", [details.as("details", { person: "person" })]);
/** Fifty features: of one row, of part of another, and from tiles. */
export const mixedService = featureService("mixed_features", [
  profile.as("profile", { person: "person" }),
  details.select(...NUMBERS.slice(0, 20)).as("details", { person: "person" }),
  spending.as("spending", { person: "person" }),
]);

export const definitions = {
  person,
  registrations,
  profile,
  details,
  payments,
  spending,
  profileService,
  spendingService,
  detailsService,
  mixedService,
};

export async function fillPeople({ home, folder }: { home: string; folder: string }): Promise<void> {
  const file = (name: string): string => path.join(folder, `${name}.parquet`);
  const scores = Array.from({ length: 6 }, (_, i) => `hash(i * 6 + ${i}) / 1e15 AS score_${i}`);
  await runSql({
    sql: `COPY (SELECT TIMESTAMP '${START}' AS at, i::INTEGER AS person, 'city ' || i % 1000 AS city, i % 3 = 0 AS active,
                       (i % 90)::INTEGER AS age, (i % 1234)::INTEGER AS orders, ${scores.join(", ")} FROM range(${PEOPLE}) r(i))
          TO '${file("registrations")}' (FORMAT parquet)`,
  });
  await runSql({
    sql: `COPY (SELECT TIMESTAMP '${START}' + to_minutes((20 * i)::INTEGER) AS at, p::INTEGER AS person, (hash(i, p) % 100)::INTEGER AS items,
                       (hash(p, i) % 1000) / 100 AS price FROM range(${DAYS * 24 * 3}) r(i), range(${PAYERS}) s(p))
          TO '${file("payments")}' (FORMAT parquet)`,
  });
  const store = await openPeople(home);
  try {
    await store.apply();
    await store.load("registrations", [file("registrations")]);
    await store.load("payments", [file("payments")]);
    await store.compute();
    await store.materialize();
  } finally {
    await store.close();
  }
}

/** Makes a store of people and brings it online, in a folder that is removed in the end. */
export async function withPeople<T>(work: (home: string, folder: string) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const home = path.join(folder, "home");
    await inFreshProcess(new URL(import.meta.url), fillPeople.name, { home, folder });
    return work(home, folder);
  });
}

export function openPeople(home: string): Promise<Store> {
  return open({ home, definitions, clock: { simulated: NOW }, audit: false });
}
