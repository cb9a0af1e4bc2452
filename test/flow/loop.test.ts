import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { open, type Store } from "asof";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { ydfRuntime } from "../../src/adapters/ydf/ydf-runtime.ts";
import { catalogOf, fingerprintOf } from "../../src/core/definition/catalog.ts";
import type { AggregateViewDefinition, BatchViewDefinition } from "../../src/core/definition/data.ts";
import { batchStream, servedStream, sourceStream } from "../../src/core/definition/stream.ts";
import { evaluate } from "../../src/core/metrics/metrics.ts";
import { columnsOfRows } from "../../src/core/schema/column.ts";
import type { Fields, Row, Value } from "../../src/core/schema/data-type.ts";
import { DAY, formatTimestamp, HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import { naiveBatchRead, naiveView } from "../oracle/naive.ts";
import { offlineRecords } from "./offline-records.ts";
import { airports, cutFlights, definitions, type Flight, lateFlightModel, type SomeFlights } from "./some-flights.ts";

const from = parseTimestamp("2001-06-24");
const restart = parseTimestamp("2001-06-25T18:00:00Z");
const recomputed = parseTimestamp("2001-06-27T12:00:00Z");
const until = parseTimestamp("2001-06-28T06:00:00Z");

const catalog = catalogOf(Object.values(definitions));
const { uses } = definitions.lateFlight.definition;

/** A prediction as it came over HTTP. */
interface Served {
  readonly flight: Flight;
  readonly id: string;
  readonly version: number;
  readonly prediction: number;
  readonly t: number;
  readonly values: Readonly<Record<string, Value>>;
  readonly statuses: Readonly<Record<string, string>>;
  readonly eventTimes: Readonly<Record<string, number | null>>;
}

const folder = mkdtempSync(path.join(tmpdir(), "asof-loop-"));
const home = path.join(folder, "home");
const configuration = { definitions, home, clock: { simulated: "2001-06-24" } };
let flights: SomeFlights;
let store: Store;

beforeAll(async () => {
  flights = await cutFlights(path.join(folder, "data"));
  store = await open(configuration);
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** When a flight has landed, and when that is known: the definition's own expressions, written again. */
function landing({ scheduled, distance, delay }: Flight): number {
  return Math.max(scheduled, scheduled + 30 * MINUTE + Math.round((distance * MINUTE) / 8) + delay * MINUTE);
}
const known = (flight: Flight): number => landing(flight) + 10 * MINUTE;

async function readParquet(file: string, fields: Fields): Promise<Row[]> {
  const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
  try {
    const session = await engine.session();
    return await session.rows(`SELECT * FROM read_parquet('${file}')`, fields);
  } finally {
    await engine.close();
  }
}

const features = (): Fields =>
  Object.fromEntries(
    uses.flatMap(({ alias, view }) => {
      const definition = catalog.views.get(view)!;
      if (definition.kind !== "aggregateView")
        return Object.entries(definition.features).map(([name, type]) => [
          `${alias}__${name}`,
          { ...type, nullable: true },
        ]);
      return definition.features.map(({ name, aggregation }) => [
        `${alias}__${name}`,
        { kind: aggregation.kind === "count" ? "int32" : "float64", nullable: true },
      ]);
    }),
  );

/** Writes a spine and has the store make a dataset of it. */
async function dataset(
  name: string,
  rows: readonly Row[],
  options: { readonly time?: string; readonly inputs?: Readonly<Record<string, string>> },
  carried: Fields,
): Promise<Row[]> {
  const spine = path.join(folder, `${name}.ndjson`);
  const out = path.join(folder, `${name}.parquet`);
  writeFileSync(spine, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const outcome = await store.dataset("late_flight", { spine, out, ...options });
  expect(outcome).toMatchObject({ rows: rows.length, path: out });
  return readParquet(out, { ...carried, ...features() });
}

// The tests are one session, in the order of the flow.
describe("the whole loop", () => {
  test("1 ingest: Parquet and CSV, until the moment from which they are replayed", async () => {
    expect((await store.plan()).changes.every(({ change }) => change === "created")).toBe(true);
    await store.apply();
    const first = await store.load("flights", [flights.parquet], { until: "2001-06-12" });
    const second = await store.load("flights", [flights.parquet], { from: "2001-06-12", until: "2001-06-13" });
    // A flight of 12 June or later is not known before that day has begun.
    const third = await store.load("flights", [flights.csv], { from: "2001-06-13", until: from });
    const early = flights.rows.filter((flight) => known(flight) < from);
    expect(first.rows).toBe(early.filter((flight) => known(flight) < parseTimestamp("2001-06-12")).length);
    const late = early.filter(
      (flight) => known(flight) >= parseTimestamp("2001-06-13") && flight.scheduled >= parseTimestamp("2001-06-12"),
    ).length;
    expect(third.rows).toBe(late);
    expect(first.rows + second.rows + third.rows).toBeGreaterThan(14_000);
    const { offline } = await store.status();
    expect(offline.sources[0]).toMatchObject({ name: "flights", rows: first.rows + second.rows + third.rows });
  });

  test("2 compute: an airport's days", async () => {
    const [outcome] = await store.compute();
    expect(outcome).toMatchObject({ view: "airport_daily", backfill: true });
    // 1 to 23 June: 23 days of 7 airports.
    expect(outcome.rows).toBe(23 * airports.length);
    const [again] = await store.compute(["airport_daily"]);
    expect(again).toMatchObject({ rows: 0, unchanged: outcome.rows });
  });

  test("3 a training set: all rows of the spine, in order, as the oracle reads the contract", async () => {
    const spine = flights.rows
      .filter(({ scheduled }) => scheduled >= parseTimestamp("2001-06-14") && scheduled < from)
      .filter((_, i) => i % 400 === 0)
      .flatMap((flight, i): Row[] => {
        const row = {
          n: i,
          left: formatTimestamp(flight.scheduled),
          leaves: i % 5 === 0 ? null : flight.origin,
          lands: i % 7 === 0 ? null : flight.destination,
          scheduled: formatTimestamp(flight.scheduled),
          distance: flight.distance,
        };
        // Every third comes twice, and the order is not that of time.
        return i % 3 === 0 ? [row, row] : [row];
      })
      .map((row, i) => ({ row, place: (i * 7919) % 101 }))
      .sort((a, b) => a.place - b.place)
      .map(({ row }) => row);
    const out = await dataset(
      "training",
      spine,
      { time: "left", inputs: { origin: "leaves", destination: "lands" } },
      { n: { kind: "int64", nullable: false } },
    );
    expect(out.map(({ n }) => Number(n))).toEqual(spine.map(({ n }) => n));
    const history = await offlineRecords(home, sourceStream(definitions.flights.definition));
    const daily = await offlineRecords(home, batchStreamOf(definitions.airportDaily.view as BatchViewDefinition));
    let compared = 0;
    spine.forEach((row, i) => {
      const given = { ...row, origin: row["leaves"], destination: row["lands"] };
      const expected = oracle(given, parseTimestamp(row["left"] as string), history, daily);
      for (const [name, value] of Object.entries(expected.values)) {
        expect(Object.is(out[i][name], value), `row ${i}, ${name}: ${out[i][name]} for ${value}`).toBe(true);
        compared++;
      }
    });
    expect(compared).toBeGreaterThan(500);
  });

  test("3 train: a model, promoted, and its baseline", async () => {
    const outcome = await store.train("late_flight_model");
    expect(outcome).toMatchObject({ version: 1, promoted: true, trainRows: 2_000, testRows: 2_000 });
    expect(outcome.metrics).toMatchObject({ task: "classification", rows: 2_000 });
    expect(outcome.baseline).not.toBeNull();
  });

  test("4 materialize: online, with the batch features and the windows", async () => {
    const outcomes = await store.materialize();
    expect(outcomes.map(({ view }) => view).sort()).toEqual(["airport_daily", "arrivals", "departures"]);
    expect(outcomes.map(({ how }) => how)).toEqual(["built", "built", "built"]);
    const status = await store.status();
    expect(status.views.filter(({ onlineKeys }) => onlineKeys === airports.length)).toHaveLength(3);
  });
});

const served: Served[] = [];
let daysComputed = 0;

/** Replays a stretch of history and asks for a prediction at each sampled flight's departure, over HTTP. */
async function replayAndPredict(begin: number, end: number): Promise<number> {
  const server = await serve(store, { port: 0 });
  const asked = flights.rows.filter(({ scheduled }, i) => i % 8 === 0 && scheduled >= begin && scheduled < end);
  const at = Map.groupBy(asked, ({ scheduled }) => scheduled);
  const recompute = recomputed >= begin && recomputed < end;
  try {
    const outcome = await store.replay("flights", {
      files: [flights.parquet],
      from: begin,
      until: end,
      at: {
        moments: [...new Set([...at.keys(), ...(recompute ? [recomputed] : [])])].sort((a, b) => a - b),
        visit: async (t) => {
          if (t === recomputed) {
            const [{ rows }] = await store.compute();
            daysComputed = rows;
            expect((await store.materialize(["airport_daily"]))[0]).toMatchObject({ how: "updated" });
          }
          const now = at.get(t) ?? [];
          if (now.length > 0) await predict(server.url, now);
        },
      },
    });
    return outcome.records;
  } finally {
    await server.close();
  }
}

async function predict(url: string, asked: readonly Flight[]): Promise<void> {
  const entities = asked.map(({ origin, destination }) => ({ origin, destination }));
  const request = asked.map(({ scheduled, distance }) => ({ scheduled, distance }));
  const response = await fetch(`${url}/v1/predict/late_flight_model`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ entities, request }),
  });
  const body = (await response.json()) as {
    results: {
      id: string;
      version: number;
      prediction: number;
      features: { values: Record<string, Value>; statuses: Record<string, string>; eventTimes: Row; t: string };
    }[];
  };
  expect(response.status, JSON.stringify(body)).toBe(200);
  body.results.forEach(({ id, version, prediction, features: { values, statuses, eventTimes, t } }, i) =>
    served.push({
      flight: asked[i],
      id,
      version,
      prediction,
      t: parseTimestamp(t),
      values,
      statuses,
      eventTimes: Object.fromEntries(
        Object.entries(eventTimes).map(([alias, at]) => [alias, at === null ? null : parseTimestamp(at as string)]),
      ),
    }),
  );
}

describe("the replay, with predictions over HTTP", () => {
  const expected = (begin: number, end: number): number =>
    flights.rows.filter((flight) => known(flight) >= begin && known(flight) < end).length;

  test("until a restart", async () => {
    expect(await replayAndPredict(from, restart)).toBe(expected(from, restart));
    expect(served.length).toBeGreaterThan(100);
    const asked = { origin: "LAX", destination: "SFO", scheduled: restart, distance: 337 };
    const before = await store.features(definitions.lateFlight, asked);
    await store.close();
    store = await open(configuration);
    const after = await store.features(definitions.lateFlight, asked);
    expect(after).toEqual({ ...before, t: after.t });
    expect(after.t).toBeGreaterThan(before.t);
    expect(await store.features("late_flight", [asked], { at: before.t })).toMatchObject([
      { values: before.values, statuses: before.statuses, eventTimes: before.eventTimes, t: before.t },
    ]);
  });

  test("after it, with the days recomputed once they have expired", async () => {
    expect(await replayAndPredict(restart, until)).toBe(expected(restart, until));
    expect(served.length).toBeGreaterThan(250);
    // 24 to 26 June.
    expect(daysComputed).toBe(3 * airports.length);
    const statuses = (begin: number, end: number): string[] => [
      ...new Set(served.filter(({ t }) => t >= begin && t < end).map((one) => one.statuses["yesterday"])),
    ];
    // The row of 23 June is of the end of that day, and lives for three more.
    expect(statuses(from, from + 3 * DAY)).toEqual(["PRESENT"]);
    expect(statuses(from + 3 * DAY + HOUR, recomputed)).toEqual(["EXPIRED"]);
    expect(statuses(recomputed + 1, until)).toEqual(["PRESENT"]);
  });

  test("every record is in the offline store once", async () => {
    const history = await offlineRecords(home, sourceStream(definitions.flights.definition));
    const text = ({ scheduled, delay, distance, origin, destination }: Row): string =>
      [scheduled, delay, distance, origin, destination].join();
    const wanted = flights.rows.filter(
      // The CSV has the flights of 12 June on, the Parquet file what was known until then.
      (flight) =>
        known(flight) < until &&
        !(known(flight) >= parseTimestamp("2001-06-13") && flight.scheduled < parseTimestamp("2001-06-12")),
    );
    expect(history.map(text).sort()).toEqual(wanted.map(text).sort());
  });
});

describe("parity", () => {
  let log: Row[];
  let recomputedFeatures: Row[];

  test("every prediction that was delivered is in the served log, as it was delivered", async () => {
    await store.settled();
    log = await offlineRecords(home, servedStream(catalog, lateFlightModel.definition));
    expect(log).toHaveLength(served.length);
    const byId = new Map(log.map((row) => [row["__id"], row]));
    for (const { id, version, prediction, t, values, flight } of served) {
      const row = byId.get(id)!;
      expect(row).toMatchObject({ __version: version, __prediction: prediction, __t: t, __event: t, ...values });
      expect(row).toMatchObject({ origin: flight.origin, destination: flight.destination, distance: flight.distance });
      expect(row["scheduled"]).toBe(flight.scheduled);
    }
  });

  test("what was served online is what the offline store computes, bit for bit", async () => {
    const spine = served.map(({ t, flight: { origin, destination, scheduled, distance } }) => ({
      t,
      origin,
      destination,
      scheduled,
      distance,
    }));
    recomputedFeatures = await dataset("served", spine, {}, {});
    let compared = 0;
    const different: string[] = [];
    served.forEach(({ values, t }, i) => {
      expect(Object.keys(values).sort()).toEqual(Object.keys(features()).sort());
      for (const [name, value] of Object.entries(values)) {
        compared++;
        if (!Object.is(recomputedFeatures[i][name], value))
          different.push(`${name} at ${formatTimestamp(t)}: ${value} online, ${recomputedFeatures[i][name]} offline`);
      }
    });
    expect(different).toEqual([]);
    expect(compared).toBe(served.length * Object.keys(features()).length);
  });

  test("and what the contract says, read literally", async () => {
    const history = await offlineRecords(home, sourceStream(definitions.flights.definition));
    const daily = await offlineRecords(home, batchStreamOf(definitions.airportDaily.view as BatchViewDefinition));
    for (const { flight, t, values, statuses, eventTimes } of served.filter((_, i) => i % 9 === 0)) {
      const expected = oracle(flight, t, history, daily);
      expect({ values, statuses, eventTimes }).toEqual(expected);
    }
  });

  test("the area under the curve of what was served is that of the same model over recomputed features", async () => {
    const [{ sha256, runtime }] = await store.models("late_flight_model");
    const bytes = new Uint8Array(readFileSync(path.join(home, "models", sha256)));
    const loaded = await ydfRuntime.load({ runtime, bytes });
    const { columns } = columnsOfRows(features(), recomputedFeatures);
    const predictions = await loaded.predict(columns, served.length);
    loaded.close();
    expect([...predictions]).toEqual(served.map(({ prediction }) => prediction));
    const labels = Float64Array.from(served, ({ flight }) => (flight.delay > 15 ? 1 : 0));
    const auc = (given: Float64Array): number => {
      const metrics = evaluate("classification", given, labels);
      if (metrics.task !== "classification" || metrics.auc === null) throw new Error("there is one class only");
      return metrics.auc;
    };
    const online = auc(Float64Array.from(served, ({ prediction }) => prediction));
    expect(online).toBe(auc(predictions));
    expect(online).toBeGreaterThan(0.5);
  });

  test("after another restart the online store says the same, without being built again", async () => {
    const asked = airports.map((origin) => ({ origin, destination: "SEA", scheduled: until, distance: 500 }));
    const before = await store.features(definitions.lateFlight, asked);
    await store.close();
    store = await open(configuration);
    const after = await store.features(definitions.lateFlight, asked);
    expect(after.map(({ values }) => values)).toEqual(before.map(({ values }) => values));
    expect((await store.materialize()).map(({ how }) => how)).toEqual(["unchanged", "unchanged", "unchanged"]);
    const offline = await store.features("late_flight", asked, { at: after[0].t });
    expect(offline.map(({ values, statuses, eventTimes }) => ({ values, statuses, eventTimes }))).toEqual(
      after.map(({ values, statuses, eventTimes }) => ({ values, statuses, eventTimes })),
    );
  });
});

function batchStreamOf(view: BatchViewDefinition) {
  return batchStream(catalog, view, fingerprintOf(catalog, view));
}

/** What the contract says of a request at t, over every record there is. */
function oracle(
  request: Row,
  t: number,
  history: readonly Row[],
  daily: readonly Row[],
): Pick<Served, "values" | "statuses" | "eventTimes"> {
  const records = history.map((row) => ({
    event: row["__event"] as number,
    available: row["__available"] as number,
    row,
  }));
  const values: Record<string, Value> = {};
  const statuses: Record<string, string> = {};
  const eventTimes: Record<string, number | null> = {};
  for (const { alias, view, inputs } of uses) {
    const definition = catalog.views.get(view)!;
    statuses[alias] = "PRESENT";
    eventTimes[alias] = null;
    if (definition.kind === "aggregateView") {
      const key = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, request[input]]));
      const mine = recordsOf(definition, records, key);
      const answer = naiveView(definition, definitions.flights.fields, mine, key, t);
      definition.features.forEach(({ name }, i) => (values[`${alias}__${name}`] = answer.features[i] as Value));
      eventTimes[alias] = answer.eventTime;
    } else if (definition.kind === "batchView") {
      const versions = daily
        .filter(({ airport }) => airport === request[inputs["airport"]])
        .map((row) => ({
          event: row["__event"] as number,
          available: row["__available"] as number,
          entry: Number(row["__position"]),
          features: row,
        }));
      const read = naiveBatchRead(versions, t, definition.ttl);
      statuses[alias] = read === null ? "NOT_FOUND" : read.alive ? "PRESENT" : "EXPIRED";
      eventTimes[alias] = read?.version.event ?? null;
      for (const name of Object.keys(definition.features))
        values[`${alias}__${name}`] = read?.alive === true ? read.version.features[name] : null;
    } else {
      const at = new Date((request["scheduled"] as number) / 1000);
      const given = typeof request["scheduled"] === "string" ? new Date(request["scheduled"]) : at;
      values[`${alias}__hour`] = given.getUTCHours();
      values[`${alias}__weekday`] = given.getUTCDay();
      values[`${alias}__miles`] = request["distance"];
    }
  }
  return { values, statuses, eventTimes };
}

/** Narrows the records to the key, once: the oracle looks at each of them for each feature. */
function recordsOf<T extends { readonly event: number; readonly row: Row }>(
  view: AggregateViewDefinition,
  records: readonly T[],
  key: Row,
): T[] {
  return records.filter(({ row }) => Object.entries(view.keys).every(([name, field]) => row[field] === key[name]));
}
