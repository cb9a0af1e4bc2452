import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { aggregateView, avg, batchView, col, count, entity, eventSource, featureService, t } from "../src/index.ts";
import { open } from "../src/open.ts";
import type { Store } from "../src/store.ts";
import { type Contender, inFreshProcess } from "./measure.ts";

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

export const windowService = featureService("windows", [departures.as("origin", { airport: "origin" })]);

export const batchService = featureService("batches", [
  dailyDepartures.as("origin", { airport: "origin" }),
  dailyArrivals.as("destination", { airport: "destination" }),
  dailyArrivals.as("inbound", { airport: "origin" }),
]);

const definitions = { airport, flights, departures, dailyDepartures, dailyArrivals, windowService, batchService };

/** Makes a folder for a bench's data, and removes it behind the bench. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "asof-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withStore<T>(home: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open({ home, definitions });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Makes a store that holds all flights, and the daily rows where they are asked for. */
export function fillStore({ home, compute }: { home: string; compute: boolean }): Promise<void> {
  return withStore(home, async (store) => {
    await store.apply();
    await store.load("flights", [FLIGHTS]);
    if (compute) await store.compute();
  });
}

/** What a fresh process reports of the part of its work that counts. */
interface Timed {
  readonly milliseconds: number;
}

/** Writes a training set with the flights themselves as its spine. */
export function writeDataset(input: { home: string; service: string; out: string }): Promise<Timed> {
  return withStore(input.home, (store) =>
    timed(() => store.dataset(input.service, { spine: FLIGHTS, time: "date", out: input.out })),
  );
}

/** Runs SQL on DuckDB as it comes: all cores, its own limits. */
export async function runSql(input: { setup: readonly string[]; sql: string }): Promise<Timed> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    for (const statement of input.setup) await connection.run(statement);
    return await timed(() => connection.run(input.sql));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Runs `exported(input)` of this module in a fresh process a round, and believes the time that it reports. */
export function timedContender(name: string, exported: string, input: unknown): Contender<Timed> {
  return {
    name,
    async measure() {
      const run = await inFreshProcess<Timed>(new URL(import.meta.url), exported, input);
      return { ...run, milliseconds: run.result.milliseconds };
    },
  };
}

/** The rows of a query as plain objects. */
export async function queryRows(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    return await (await connection.runAndReadAll(sql)).getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const started = performance.now();
  await work();
  return { milliseconds: performance.now() - started };
}
