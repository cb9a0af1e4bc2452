import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { aggregateView, avg, batchView, col, count, entity, eventSource, featureService, t } from "../src/index.ts";
import { open } from "../src/open.ts";
import type { Store } from "../src/store.ts";
import { type Contender, inFreshProcess, type Measurement } from "./measure.ts";

const MODULE = new URL(import.meta.url);

/** Three million US flights of January to June 2001: date, delay, distance, origin, destination. */
export const FLIGHTS = fileURLToPath(new URL("../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url));

const airport = entity("airport", { airport: t.string() });

/** Available as they happen: SQL's window frames know of no other time than the one they are ordered by. */
const flights = eventSource("flights", {
  fields: {
    scheduled: t.timestamp(),
    delay: t.int32(),
    distance: t.int32(),
    origin: t.string(),
    destination: t.string(),
  },
  columns: { scheduled: "date" },
  eventTime: "scheduled",
  availableAt: "scheduled",
});

const departures = aggregateView("departures", {
  source: flights,
  entity: airport.from({ airport: "origin" }),
  features: {
    flights: count().over("1h", "1d"),
    late: avg(col("delay").gt(15)).over("3h", "7d"),
    delay: avg("delay").over("1d", "7d"),
  },
});

const daily = (name: string, key: string) =>
  batchView(name, {
    entity: airport,
    sources: [flights],
    sql: `
      select ${key} as airport, date_trunc('day', event_time) + interval 1 day as day,
             avg(delay)::double as mean_delay, count(*)::integer as flights
      from flights group by all`,
    features: { mean_delay: t.float64(), flights: t.int32() },
    eventTime: "day",
    ttl: "2d",
    delay: "2h",
  });

const dailyDepartures = daily("daily_departures", "origin");
const dailyArrivals = daily("daily_arrivals", "destination");

const windowService = featureService("windows", [departures.as("origin", { airport: "origin" })]);

const batchService = featureService("batches", [
  dailyDepartures.as("origin", { airport: "origin" }),
  dailyArrivals.as("destination", { airport: "destination" }),
  dailyArrivals.as("inbound", { airport: "origin" }),
]);

const definitions = { airport, flights, departures, dailyDepartures, dailyArrivals, windowService, batchService };

async function withOpenStore<T>(home: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open({ home, definitions });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Makes a store that holds all flights, and the daily rows where they are asked for. */
export function fillStore({ home, compute }: { home: string; compute: boolean }): Promise<void> {
  return withOpenStore(home, async (store) => {
    await store.apply();
    await store.load("flights", [FLIGHTS]);
    if (compute) await store.compute();
  });
}

/** Works with a store that holds all flights, in a folder that also takes results and is removed in the end. */
export async function withStore<T>(
  content: { readonly compute: boolean },
  work: (home: string, folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "asof-bench-"));
  const home = path.join(folder, "home");
  try {
    await inFreshProcess(MODULE, fillStore.name, { home, ...content });
    return await work(home, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The Parquet files of a batch view, as a table for SQL by hand. */
export function historyOf(home: string, view: string): string {
  const folder = path.join(home, "offline");
  const found = readdirSync(folder).find((name) => name.startsWith(`${view}.`));
  if (found === undefined) throw new Error(`there is no history of ${view}`);
  return `read_parquet('${path.join(folder, found)}/*/*.parquet', hive_partitioning = false)`;
}

/** What a fresh process reports of the part of its work that counts. */
interface Timed {
  readonly milliseconds: number;
}

/** Writes a training set with the flights themselves as its spine. */
export function writeDataset(input: { home: string; service: string; out: string }): Promise<Timed> {
  return withOpenStore(input.home, (store) =>
    timed(() => store.dataset(input.service, { spine: FLIGHTS, time: "date", out: input.out })),
  );
}

/** Runs SQL on DuckDB as it comes: all cores, its own limits. */
export async function runSql(input: { sql: string }): Promise<Timed> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    return await timed(() => connection.run(input.sql));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Runs a function that this module exports in a fresh process each round, and takes the time that it reports. */
export function timedContender<I>(name: string, work: (input: I) => Promise<Timed>, input: I): Contender<Timed> {
  return {
    name,
    async measure() {
      const run = await inFreshProcess<Timed>(MODULE, work.name, input);
      return { ...run, milliseconds: run.result.milliseconds };
    },
  };
}

/** The rows of a query as plain objects. */
export async function queryRows(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** What two contenders needed of memory. */
export function memoryOf(ours: Measurement<unknown>, reference: Measurement<unknown>): string {
  const peak = ({ peakMemory = Number.NaN }: Measurement<unknown>): string => `${Math.round(peakMemory / 2 ** 20)} MB`;
  return `largest resident set ${peak(ours)}, the reference's ${peak(reference)}`;
}

async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const started = performance.now();
  await work();
  return { milliseconds: performance.now() - started };
}
