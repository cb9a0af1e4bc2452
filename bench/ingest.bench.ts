import path from "node:path";
import { median, type BenchCase, type BenchOptions } from "./measure.ts";
import { FLIGHTS, runSql, withFolder } from "./flights.ts";
import { type Flight, someFlights, userAt } from "./ingest/bodies.ts";
import type { Sent } from "./ingest/load.ts";
import { type Usage, Worker } from "./ingest/process.ts";
import { processors, stolenSince } from "./processors.ts";
import { queryRows } from "./query-rows.ts";

// Records in over HTTP until they can be read online: the store and its server in one process, what sends in another, on
// the same processors. The references are the parts beneath, bare: an append of the same bytes with fdatasync, LMDB
// batches of as many updates, a Fastify route whose answers wait for one shared fdatasync.
//
//   npm run bench -- ingest [flights|users|singles] [records, such as 50M] [--history] [--profile=<folder>]
//
// By itself it takes minutes; `flights 50M` shows whether memory stays flat.

const SIZE = 1_000;
const CONNECTIONS = 8;
const SINGLES = 64;
const USERS = 1_000_000;
const FLIGHT_LINES = 200_000;
const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

const at = (module: string): URL => new URL(`./ingest/${module}.ts`, import.meta.url);

export async function run({ args, log }: BenchOptions): Promise<BenchCase[]> {
  const wanted = args.filter((argument) => ["flights", "users", "singles"].includes(argument));
  const records = args.flatMap((argument) => countOf(argument) ?? [])[0];
  const is = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
  const results: BenchCase[] = [];
  const profile = args.find((argument) => argument.startsWith("--profile="))?.slice("--profile=".length);
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${path.resolve(profile)}`];
  const context = { log, history: args.includes("--history"), flags };
  if (is("flights")) results.push(...(await withFolder((folder) => flights(folder, records ?? 2_000_000, context))));
  if (is("users")) results.push(...(await withFolder((folder) => users(folder, records ?? 1_000_000, context))));
  if (is("singles")) results.push(...(await withFolder((folder) => singles(folder, context))));
  return results;
}

interface Context {
  readonly log: (message: string) => void;
  /** Whether the store holds a month of flights before. */
  readonly history: boolean;
  /** Of Node, for the store's process. */
  readonly flags: readonly string[];
}

/** `50M` is fifty million. */
function countOf(argument: string): number | null {
  const [, digits, unit] = /^(\d+)([kM]?)$/.exec(argument) ?? [];
  return digits === undefined ? null : Number(digits) * { "": 1, k: 1e3, M: 1e6 }[unit as "" | "k" | "M"];
}

async function flights(folder: string, records: number, { log, history, flags }: Context): Promise<BenchCase[]> {
  const server = new Worker(at("server"), flags);
  const load = new Worker(at("load"));
  const bare = new Worker(at("bare"));
  try {
    const past = history ? await monthOfFlights(path.join(folder, "history.parquet")) : null;
    const port = await server.ask<number>("begin", { home: path.join(folder, "home"), history: past });
    await load.ask("prepare", { flights: { file: FLIGHTS, count: FLIGHT_LINES }, size: SIZE });
    const lines = await someFlights(FLIGHTS, FLIGHT_LINES);
    const warm = await load.ask<Sent>("send", { port, records: Math.min(records, 200_000), connections: CONNECTIONS });
    await server.ask("settled");

    const measured = await ingest(server, load, { port, records }, log);
    const times = measured.sent.times.map((count, b) => count + warm.times[b]);
    const equal = await flightsCounted(server, lines, times, past, log);
    const bytes = records * 108;
    const append = { file: path.join(folder, "bare"), bytes, portion: 108 * SIZE, group: CONNECTIONS };
    const reference = await bare.ask<number>("append", append);
    const rate = (measured.sent.records / measured.milliseconds) * 1000;
    log(`bare append of ${(bytes / 2 ** 20).toFixed(0)} MB in fsynced groups: ${reference.toFixed(0)} ms`);
    return [
      {
        case: `flights by airport and route${history ? ", a month before" : ""}: HTTP, NDJSON by ${SIZE}, on disk and online`,
        ours: rate,
        reference: (records / reference) * 1000,
        ratio: rate / ((records / reference) * 1000),
        unit: "records/s",
        equal,
      },
      ...memory(measured.resident, measured.sent.records),
    ];
  } finally {
    await Promise.all([server.end(), load.end(), bare.end()]);
  }
}

async function users(folder: string, records: number, { log, flags }: Context): Promise<BenchCase[]> {
  const server = new Worker(at("server"), flags);
  const load = new Worker(at("load"));
  const bare = new Worker(at("bare"));
  try {
    const port = await server.ask<number>("begin", { home: path.join(folder, "home"), history: null });
    await load.ask("prepare", { users: USERS, size: SIZE });
    // Every user has a state before, as a store that has run for a while.
    const warm = await load.ask<Sent>("send", { port, records: USERS, connections: CONNECTIONS });
    await server.ask("settled");
    const measured = await ingest(server, load, { port, records }, log);
    const keys = Array.from({ length: USERS }, (_, i) => ({ user: userAt(i, USERS) }));
    const found = await server.ask<{ values: number[] }>("read", {
      service: "user_spending",
      feature: "spending__payments_1d",
      keys,
    });
    const expected = keys.map((_, i) => {
      const b = Math.floor(i / SIZE);
      return warm.times[b] + measured.sent.times[b];
    });
    const wrong = found.values.filter((count, i) => count !== expected[i]).length;
    log(`${USERS} users read: ${wrong} counts differ from what was acknowledged`);
    const input = { folder: path.join(folder, "bare"), keys: USERS, updates: records, size: 60, batch: 10_000 };
    const reference = await bare.ask<number>("lmdb", input);
    const rate = (measured.sent.records / measured.milliseconds) * 1000;
    return [
      {
        case: "each record of another of 1 M users: HTTP, NDJSON by 1000, on disk and online, against LMDB updates",
        ours: rate,
        reference: (records / reference) * 1000,
        ratio: rate / ((records / reference) * 1000),
        unit: "records/s",
        equal: wrong === 0,
      },
    ];
  } finally {
    await Promise.all([server.end(), load.end(), bare.end()]);
  }
}

async function singles(folder: string, { log, flags }: Context): Promise<BenchCase[]> {
  const server = new Worker(at("server"), flags);
  const load = new Worker(at("load"));
  const bare = new Worker(at("bare"));
  try {
    const home = path.join(folder, "home");
    const ours = { port: await server.ask<number>("begin", { home, history: null }), path: "/v1/events/flights" };
    const theirs = { port: await bare.ask<number>("route", { file: path.join(folder, "bare") }), path: "/events" };
    await load.ask("prepare", { flights: { file: FLIGHTS, count: 20_000 }, size: 1 });
    const lines = await someFlights(FLIGHTS, 20_000);
    const times = lines.map(() => 0);
    const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
    const before = processors();
    // Code that is called once a record takes tens of thousands of them to be compiled.
    for (let round = -2; round < 5; round++)
      for (const who of round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const)) {
        const process = who === "ours" ? server : bare;
        const used = await process.ask<Usage>("usage");
        const target = who === "ours" ? ours : theirs;
        const sent = await load.ask<Sent>("singles", { ...target, connections: SINGLES, milliseconds: 2_000 });
        if (who === "ours") sent.times.forEach((count, i) => (times[i] += count));
        if (round < 0) continue;
        const rate = (sent.records / sent.milliseconds) * 1000;
        rates[who].push(rate);
        const after = await process.ask<Usage>("usage");
        const each = (seconds: number): string => ((seconds / sent.records) * 1e6).toFixed(0);
        log(
          `${who}: ${rate.toFixed(0)}/s, ${each(after.cpu - used.cpu)} µs of processors each (${each(after.thread - used.thread)} of them its JavaScript), sender ${each(sent.cpu)} µs`,
        );
      }
    const rate = Math.floor(median(rates.ours) / 2);
    interface Fresh {
      readonly delays: number[];
      readonly looks: number[];
      readonly sent: Sent;
    }
    const lookFor = async (milliseconds: number): Promise<Fresh> => {
      const input = { ...ours, home: path.join(home, "online"), connections: SINGLES, rate, milliseconds };
      const found = await load.ask<Fresh>("freshness", input);
      found.sent.times.forEach((count, i) => (times[i] += count));
      return found;
    };
    // The load before was twice this one: a second until what adapts to it has done so.
    await lookFor(1_000);
    // So long that the log is mostly archived once meanwhile.
    const { delays, looks, sent } = await lookFor(30_000);
    const shareOf = (times: readonly number[], q: number): number =>
      times[Math.min(times.length - 1, Math.floor(times.length * q))];
    const share = (q: number): number => shareOf(delays, q);
    log(
      `at ${rate}/s, acknowledged to readable by another process: p50 ${share(0.5).toFixed(1)} ms, p99 ${share(0.99).toFixed(1)} ms, p99.9 ${share(0.999).toFixed(1)} ms, most ${delays.at(-1)!.toFixed(1)} ms of ${delays.length}`,
    );
    log(
      `  it looked every ${shareOf(looks, 0.5).toFixed(1)} ms (p50), ${shareOf(looks, 0.99).toFixed(1)} ms (p99); the host took ${stolenSince(before)} of the processors since the first record`,
    );
    await server.ask("settled");
    const equal = await flightsCounted(server, lines, times, null, log);
    return [
      {
        case: `one by one over ${SINGLES} connections, each synced before its answer, against a bare route`,
        ours: median(rates.ours),
        reference: median(rates.theirs),
        ratio: median(rates.ours.map((one, i) => one / rates.theirs[i])),
        unit: "records/s",
        equal,
      },
      {
        case: "acknowledged to readable online at half of that rate, p99, against what is allowed",
        ours: share(0.99),
        reference: 20,
        ratio: 20 / share(0.99),
        unit: "ms",
        equal: delays.length === sent.records,
      },
    ];
  } finally {
    await Promise.all([server.end(), load.end(), bare.end()]);
  }
}

interface Measured {
  readonly sent: Sent;
  /** From the first record sent until the last one can be read online. */
  readonly milliseconds: number;
  /** Resident bytes of the store's process over time. */
  readonly resident: readonly number[];
}

/** Sends records in portions, and looks at the store's process between them. */
async function ingest(
  server: Worker,
  load: Worker,
  { port, records }: { port: number; records: number },
  log: (message: string) => void,
): Promise<Measured> {
  const portion = Math.max(200_000, Math.ceil(records / 20 / SIZE) * SIZE);
  const resident: number[] = [];
  let sent: Sent | null = null;
  const before = await server.ask<Usage>("usage");
  let milliseconds = 0;
  for (let done = 0; done < records; done += portion) {
    const asked = Math.min(portion, records - done);
    const started = performance.now();
    const one = await load.ask<Sent>("send", { port, records: asked, connections: CONNECTIONS });
    if (done + asked >= records) await server.ask("settled");
    milliseconds += performance.now() - started;
    sent =
      sent === null
        ? one
        : {
            records: sent.records + one.records,
            milliseconds: sent.milliseconds + one.milliseconds,
            cpu: sent.cpu + one.cpu,
            times: sent.times.map((count, b) => count + one.times[b]),
          };
    const now = await server.ask<Usage>("usage");
    resident.push(now.rss);
    log(
      `${(done + asked).toLocaleString("en-US")} records: ${((one.records / one.milliseconds) * 1000).toFixed(0)}/s acknowledged, ${(now.rss / 2 ** 20).toFixed(0)} MB resident, ${(now.heap / 2 ** 20).toFixed(0)} MB of it of JavaScript`,
    );
  }
  const { cpu, thread } = await server.ask<Usage>("usage");
  const each = (seconds: number): string => ((seconds / sent!.records) * 1e6).toFixed(2);
  log(
    `acknowledged and online: ${((sent!.records / milliseconds) * 1000).toFixed(0)} records/s; processors: store ${each(cpu - before.cpu)} µs a record (${each(thread - before.thread)} of them its JavaScript), sender ${each(sent!.cpu)} µs`,
  );
  return { sent: sent!, milliseconds, resident };
}

/** Whether memory is flat: the last quarter of a long run against its second. */
function memory(resident: readonly number[], records: number): BenchCase[] {
  if (resident.length < 8) return [];
  const quarter = Math.floor(resident.length / 4);
  const early = median(resident.slice(quarter, 2 * quarter)) / 2 ** 20;
  const late = median(resident.slice(-quarter)) / 2 ** 20;
  return [
    {
      case: `resident memory, the last quarter of ${records.toLocaleString("en-US")} records against the second`,
      ours: late,
      reference: early,
      ratio: early / late,
      unit: "MB",
      equal: true,
    },
  ];
}

/** Whether each acknowledged record is counted once, under its origin, its destination and its route. */
async function flightsCounted(
  server: Worker,
  lines: readonly Flight[],
  times: readonly number[],
  past: string | null,
  log: (message: string) => void,
): Promise<boolean> {
  const size = lines.length / times.length;
  let different = 0;
  let keysRead = 0;
  for (const [alias, columns] of [
    ["origin", ["origin"]],
    ["destination", ["destination"]],
    ["route", ["origin", "destination"]],
  ] as const) {
    const counts = new Map<string, { count: number; flight: Flight }>();
    lines.forEach((flight, i) => {
      const name = columns.map((column) => flight[column]).join(" ");
      const known = counts.get(name);
      const sent = times[Math.floor(i / size)];
      if (known === undefined) counts.set(name, { count: sent, flight });
      else known.count += sent;
    });
    const all = [...counts];
    const { values, t } = await server.ask<{ values: number[]; t: number }>("read", {
      service: "flight",
      feature: `${alias}__flights_1d`,
      keys: all.map(([, { flight }]) => ({ origin: flight.origin, destination: flight.destination })),
    });
    const before = past === null ? new Map<string, number>() : await countsOf(past, columns, t);
    different += all.filter(([name, { count }], i) => values[i] !== count + (before.get(name) ?? 0)).length;
    keysRead += all.length;
  }
  log(`${keysRead} counts of airports and routes read: ${different} differ from what was acknowledged`);
  return different === 0;
}

/** Flights of a file that a window of a day sees at t, by key. */
async function countsOf(file: string, columns: readonly string[], t: number): Promise<Map<string, number>> {
  const since = t - DAY - ((t - DAY) % HOUR);
  const rows = await queryRows(
    `SELECT concat_ws(' ', ${columns.join(", ")}) AS key, CAST(count(*) AS INTEGER) AS n FROM read_parquet('${file}')
     WHERE epoch_us(scheduled) >= ${since} GROUP BY ALL`,
  );
  return new Map(rows.map(({ key, n }) => [String(key), Number(n)]));
}

/** The last thirty days of flights, as if they had ended a minute ago. */
async function monthOfFlights(file: string): Promise<string> {
  await runSql({
    sql: `COPY (
      WITH f AS (SELECT *, max(date) OVER () AS newest FROM read_parquet('${FLIGHTS}'))
      SELECT date + (make_timestamp(${(Date.now() - 60_000) * 1000}) - newest) AS scheduled, delay, distance, origin, destination
      FROM f WHERE date > newest - INTERVAL 30 DAY) TO '${file}' (FORMAT parquet)`,
  });
  return file;
}
