// The whole loop on three million real flights: history in, features, a model, the online store, predictions over
// HTTP while a week of flights is replayed, and the proof that what was served is what history says.
import { rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type AuditOutcome, evaluate, type Metrics, open, parseTimestamp, type Store } from "asof";
import { serve } from "asof/http";
import configuration from "./asof.config.ts";
import { lateFlightModel } from "./definitions.ts";
import * as naive from "./naive.ts";
import { type DepartingFlight, departingFlights } from "./departing-flights.ts";
import { printReport, type ProcessRow, type Snapshot, snapshot } from "./report.ts";

const LIVE = { from: "2001-06-24T00:00:00Z", until: "2001-07-01T00:00:00Z" };
/** Predictions are asked for at every tenth minute in which flights leave. */
const EVERY = 10;
/** Every night at two the batch features of the day before are computed and brought online. */
const NIGHTLY = 2 * 3_600_000_000;
const DAY = 86_400_000_000;

const file = fileURLToPath(new URL("../data/flights-3m.parquet", import.meta.resolve("vega-datasets")));
const home = fileURLToPath(new URL(".asof", import.meta.url));
const began = performance.now();
const process_: ProcessRow[] = [];
const snapshots: Snapshot[] = [];

function say(text: string): void {
  console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
}

await rm(home, { recursive: true, force: true });
const store = await open({ ...configuration, home }, { whenLocked: "refuse" });
try {
  await store.apply();
  snapshots.push(await snapshot("start", store));

  say("1 ingest: three million flights, those known by 24 June");
  const loaded = await store.load("flights", [file], { until: LIVE.from });
  await row(1, "ingest raw data", "offline store", "history to learn from", `${count(loaded.rows)} flights`, "load");

  say("2 compute: batch features");
  const computed = await store.compute();
  await row(
    2,
    "compute batch features",
    "offline store",
    "training, materialization",
    `${count(computed[0].rows)} airport days`,
    "compute",
  );
  snapshots.push(await snapshot("after step 2", store));

  say("3 train: on flights before 15 June, measured on 15–23 June (about a minute)");
  const trained = await store.train(lateFlightModel.definition.name);
  await row(
    3,
    "train the model",
    "model registry",
    "predictions",
    `AUC ${auc(trained.metrics).toFixed(4)} held out`,
    "train",
  );

  say("4 materialize: the present into the online store");
  const materialized = await store.materialize();
  const keys = materialized.reduce((sum, outcome) => sum + outcome.keys, 0);
  await row(
    4,
    "materialize",
    "online store",
    "serving",
    `${count(keys)} keys of ${materialized.length} views`,
    "materialize",
  );

  say("4 and 5: a week of flights through the real ingest path, predictions over HTTP at each departure");
  const live = await replayWeek(store);
  await row(
    4,
    "compute real-time features",
    "online store",
    "serving",
    `${count(live.records)} flights folded`,
    "replay",
  );
  snapshots.push(await snapshot("after step 4", store));

  say("5 audit: everything that was served, recomputed from history");
  const recomputed: Predictions = new Map();
  const audited = await store.audit(lateFlightModel.definition.name, {
    onPrediction: ({ id, recomputed: prediction }) => recomputed.set(id, prediction),
  });
  process_.push({
    step: 5,
    action: "serve predictions",
    location: "online store → log → offline store",
    purpose: "the application, monitoring",
    result: `${count(live.labels.size)} predictions, all logged`,
    rows: live.labels.size,
    seconds: live.serving,
    bytes: live.bytes,
  });
  snapshots.push(await snapshot("final", store));

  say("and what not to do: the same model with features that leak (about half a minute)");
  const leaking = await trainNaive();

  const online = measure(live.predictions, live.labels);
  const report = {
    process: process_,
    status: snapshots,
    auc: {
      without: auc(trained.baseline!),
      with: auc(trained.metrics),
      naive: auc(leaking),
      online: auc(online),
      onlineRecomputed: auc(measure(recomputed, live.labels)),
      onlineN: online.rows,
      onlineSe: (online as { aucStandardError: number }).aucStandardError,
    },
    parity: { compared: audited.compared, different: audited.different },
    seconds: (performance.now() - began) / 1000,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  await writeFile(new URL("report.json", import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
  printReport(report);
  if (!sound(report.auc, audited)) process.exitCode = 1;
} finally {
  await store.close();
}

type Predictions = Map<string, number>;

interface LiveWeek {
  readonly records: number;
  readonly predictions: Predictions;
  readonly labels: Map<string, boolean>;
  /** Seconds spent on requests, and bytes received. */
  readonly serving: number;
  readonly bytes: number;
}

/** Replays the week; at the departure of sampled flights asks the server, before their outcome is known. */
async function replayWeek(store: Store): Promise<LiveWeek> {
  const flights = await departingFlights(file, parseTimestamp(LIVE.from), parseTimestamp(LIVE.until), EVERY);
  const departing = Map.groupBy(flights, (flight) => flight.scheduled);
  const nights = Array.from({ length: 7 }, (_, day) => parseTimestamp(LIVE.from) + day * DAY + NIGHTLY);
  const moments = [...new Set([...departing.keys(), ...nights])].sort((a, b) => a - b);
  const server = await serve(store, { port: 0 });
  const week = { predictions: new Map<string, number>(), labels: new Map<string, boolean>(), serving: 0, bytes: 0 };
  try {
    const replayed = await store.replay("flights", {
      ...LIVE,
      files: [file],
      at: {
        moments,
        visit: async (t) => {
          if (nights.includes(t)) {
            await store.compute();
            await store.materialize(["airport_daily"]);
          }
          const asked = departing.get(t);
          if (asked !== undefined) await predict(server.url, asked, week);
        },
      },
    });
    return { ...week, records: replayed.records };
  } finally {
    await server.close();
  }
}

async function predict(
  url: string,
  flights: readonly DepartingFlight[],
  week: { predictions: Predictions; labels: Map<string, boolean>; serving: number; bytes: number },
): Promise<void> {
  const asked = performance.now();
  const response = await fetch(`${url}/v1/predict/${lateFlightModel.definition.name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      entities: flights.map(({ scheduled, distance, origin, destination }) => ({
        scheduled,
        distance,
        origin,
        destination,
      })),
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the server answered ${response.status}: ${text}`);
  const { results } = JSON.parse(text) as { results: { id: string; prediction: number }[] };
  results.forEach(({ id, prediction }, i) => {
    week.predictions.set(id, prediction);
    week.labels.set(id, flights[i].late);
  });
  week.serving += (performance.now() - asked) / 1000;
  week.bytes += text.length;
}

/** The leak, for comparison: in a store of its own, as it has its own idea of the same flights. */
async function trainNaive(): Promise<Metrics> {
  const folder = `${home}-naive`;
  await rm(folder, { recursive: true, force: true });
  const leaky = await open({ ...configuration, definitions: naive, home: folder });
  try {
    await leaky.apply();
    await leaky.load("flights", [file], { until: LIVE.from });
    return (await leaky.train(naive.naiveModel.definition.name)).metrics;
  } finally {
    await leaky.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Adds a row to the process table, from the recorded runs of a kind. */
async function row(
  step: number,
  action: string,
  location: string,
  purpose: string,
  result: string,
  kind: string,
): Promise<void> {
  const runs = (await store.runs({ kind, limit: 1000 })).filter(({ state }) => state === "succeeded");
  const sum = (of: (run: (typeof runs)[number]) => number | null): number =>
    runs.reduce((total, run) => total + (of(run) ?? 0), 0);
  process_.push({
    step,
    action,
    location,
    purpose,
    result,
    rows: sum((run) => run.rows),
    seconds: sum((run) => run.seconds),
    bytes: sum((run) => run.bytes),
  });
}

function measure(predictions: Predictions, labels: ReadonlyMap<string, boolean>): Metrics {
  const ids = [...labels.keys()];
  return evaluate(
    "classification",
    Float64Array.from(ids, (id) => predictions.get(id)!),
    Float64Array.from(ids, (id) => Number(labels.get(id)!)),
  );
}

function auc(metrics: Metrics): number {
  if (metrics.task !== "classification" || metrics.auc === null)
    throw new Error("the model was not measured on both classes");
  return metrics.auc;
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** What must hold of any run: good enough, better than without the store, and served as computed. */
function sound(
  {
    without,
    with: withStore,
    online,
    onlineRecomputed,
  }: { without: number; with: number; online: number; onlineRecomputed: number },
  audited: AuditOutcome,
): boolean {
  return (
    withStore >= 0.74 &&
    withStore - without >= 0.04 &&
    online === onlineRecomputed &&
    audited.different === 0 &&
    audited.compared > 0
  );
}
