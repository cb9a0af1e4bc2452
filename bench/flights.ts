import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
// What is installed, not what it is made from: that a thread of it has to be translated first is no part of the work.
import {
  aggregateView,
  avg,
  batchView,
  col,
  count,
  entity,
  eventSource,
  featureService,
  open,
  type Store,
  t,
} from "asof";
import { views } from "./window-sql.ts";
import { type Contender, inFreshProcess, type Measurement } from "./measure.ts";

const MODULE = new URL(import.meta.url);

/** Three million US flights of January to June 2001: date, delay, distance, origin, destination. */
export const FLIGHTS = fileURLToPath(new URL("../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url));

const airport = entity("airport", { airport: t.string() });

const route = entity("route", { from: t.string(), to: t.string() });

/** Known a quarter of an hour after they happen: a constant is what SQL's window frames can express. */
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
  availableAt: "15m",
});

const late = avg(col("delay").gt(15));

const features = {
  flights: count().over(...views.origin.windows.flights),
  late: late.over(...views.origin.windows.late),
  delay: avg("delay").over(...views.origin.windows.delay),
};

const departures = aggregateView("departures", {
  source: flights,
  entity: airport.from({ airport: "origin" }),
  features,
});

const arrivals = aggregateView("arrivals", {
  source: flights,
  entity: airport.from({ airport: "destination" }),
  features,
});

const routes = aggregateView("routes", {
  source: flights,
  entity: route.from({ from: "origin", to: "destination" }),
  features: {
    flights: count().over(...views.route.windows.flights),
    late: late.over(...views.route.windows.late),
    delay: avg("delay").over(...views.route.windows.delay),
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

const windowService = featureService("windows", [
  departures.as("origin", { airport: "origin" }),
  arrivals.as("destination", { airport: "destination" }),
  routes.as("route", { from: "origin", to: "destination" }),
]);

const batchService = featureService("batches", [
  dailyDepartures.as("origin", { airport: "origin" }),
  dailyArrivals.as("destination", { airport: "destination" }),
  dailyArrivals.as("inbound", { airport: "origin" }),
]);

const definitions = {
  airport,
  route,
  flights,
  departures,
  arrivals,
  routes,
  dailyDepartures,
  dailyArrivals,
  windowService,
  batchService,
};

async function withOpenStore<T>(home: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open({ home, definitions });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Makes a store that holds a file of flights, and the daily rows where they are asked for. */
export function fillStore({ home, file, compute }: { home: string; file: string; compute: boolean }): Promise<void> {
  return withOpenStore(home, async (store) => {
    await store.apply();
    await store.load("flights", [file]);
    if (compute) await store.compute();
  });
}

/**
 * Works with a store that holds flights, by default all there are, in a folder that also takes results and is removed
 * in the end.
 */
export async function withStore<T>(
  content: { readonly file?: string; readonly compute: boolean },
  work: (home: string, folder: string) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder) => {
    const home = path.join(folder, "home");
    await inFreshProcess(MODULE, fillStore.name, { home, file: FLIGHTS, ...content });
    return work(home, folder);
  });
}

/** Works in a new folder, which is removed in the end. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "asof-bench-"));
  try {
    return await work(folder);
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
export interface Timed {
  readonly milliseconds: number;
  /** Of all its threads. */
  readonly cpuSeconds: number;
}

/** Writes a training set; its spine is the flights themselves unless another file is given. */
export function writeDataset(input: { home: string; service: string; out: string; spine?: string }): Promise<Timed> {
  const { service, spine = FLIGHTS, out } = input;
  return withOpenStore(input.home, (store) => timed(() => store.dataset(service, { spine, time: "date", out })));
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

/** What contenders needed: time of all processors in the last round, and memory. */
export function needsOf(...contenders: readonly Measurement<Timed>[]): string {
  return contenders
    .map(({ name, milliseconds, result, peakMemory = Number.NaN }) => {
      const memory = `${Math.round(peakMemory / 2 ** 20)} MB resident`;
      return `${name} ${Math.round(milliseconds)} ms, ${result.cpuSeconds.toFixed(1)} s of processors, ${memory}`;
    })
    .join("; ");
}

export async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { milliseconds: performance.now() - started, cpuSeconds: (user + system) / 1e6 };
}
