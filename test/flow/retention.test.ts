import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Configuration } from "../../src/configuration.ts";
import { DAY, formatTimestamp, HOUR, type Timestamp } from "../../src/core/time/timestamp.ts";
import { open, threadTime } from "../../src/open.ts";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import type { Store } from "../../src/store.ts";
import { doctor } from "../../src/safekeeping/doctor.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import { verifyData } from "../../src/surfaces/verify/verify-data.ts";
import { dayStart, definitionsOf, KEYS, modelsOver, paymentsOf } from "./retention.ts";

let folder: string;
let home: string;
let now: Timestamp;
const clock = {
  now: () => now,
  ...threadTime,
  reserve: 0,
  advance: (to: Timestamp) => void (now = Math.max(now, to)),
};

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-retention-"));
  home = path.join(folder, "home");
  now = dayStart(0);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const openWith = (definitions: object, archiveFrom = 50, more: Partial<Configuration> = {}): Promise<Store> =>
  open(
    { home, definitions: { ...definitions }, memory: "256MB", threads: 1, ...more },
    { clock, archiveFrom, compactFrom: 3 },
  );

async function load(store: Store, day: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `day-${day}.ndjson`);
  await writeFile(
    file,
    paymentsOf(day)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(""),
  );
  await store.load("payments", [file]);
}

/** History of 9 days in loads, then days streamed, each archived; payments are withdrawn and corrected along the way. */
async function course(store: Store, days: number): Promise<void> {
  await store.apply();
  for (let day = 0; day < 9; day++) {
    now = dayStart(day + 1);
    await load(store, day);
  }
  await store.compute();
  await store.materialize();
  for (let day = 9; day < days; day++) {
    const [morning, evening] = Map.groupBy(
      paymentsOf(day),
      ({ at }) => at < formatTimestamp(dayStart(day) + DAY / 2),
    ).values();
    for (const payments of [morning, evening]) {
      now = Math.max(now, Date.parse(payments.at(-1)!.at) * 1000);
      await store.ingest("payments", payments);
    }
    await store.retract("payments", [{ nr: day * 1000 + 1 }]);
    await store.correct("payments", [{ ...paymentsOf(day - 1)[3], value: day }]);
    now = dayStart(day + 1);
    await store.compute();
    await store.settled();
  }
}

const filesOf = async (stream: string): Promise<string[]> =>
  (await readdir(path.join(home, "offline", stream), { recursive: true })).filter((name) => name.endsWith(".parquet"));

/** What is answered, without which loads it is of. */
const withoutLoads = (answers: readonly FeatureAnswer[]): Omit<FeatureAnswer, "loads">[] =>
  answers.map(({ values, statuses, eventTimes, t, knowledge }) => ({ values, statuses, eventTimes, t, knowledge }));

const refused = (name: string, at: Timestamp) => async (store: Store) =>
  expect(store.features(name, KEYS, { at })).rejects.toMatchObject({
    code: "ASOF_BEFORE_RETENTION",
    details: { source: "payments" },
  });

test("what is answered after days were dropped is what was answered before, or refused", async () => {
  const kept = definitionsOf(undefined);
  let store = await openWith(kept);
  await course(store, 24);
  await store.materialize();
  // Days in plenty are there to be asked about, and what they say is taken down before anything goes.
  const moments = Array.from({ length: 36 }, (_, i) => dayStart(1) + i * 16 * HOUR - (i % 3)).filter((t) => t <= now);
  const before = new Map<Timestamp, unknown>();
  for (const t of moments) before.set(t, withoutLoads(await store.features("spending_service", KEYS, { at: t })));
  const live = await store.features("spending_service", KEYS);
  const explained = await store.explain("spending", "value_1d", { user: "a" }, { at: dayStart(22) });
  await store.close();

  store = await openWith(definitionsOf("10d"));
  const plan = await store.plan();
  const change = plan.changes.filter((one) => one.change !== "unchanged");
  // How long records are kept decides no value: nothing else changes.
  expect(change.map(({ name, differences }) => [name, differences])).toEqual([["payments", ["retention added"]]]);
  expect(change[0].notes).toEqual([
    expect.stringMatching(/^14 days before 2026-01-15T00:00:00Z are dropped .*: 510 records, \d+ bytes$/),
  ]);
  await store.apply();
  await store.close();
  store = await openWith(definitionsOf("10d"));
  const [source] = (await store.status()).offline.sources;
  const horizon = dayStart(14);
  expect(source.retention).toMatchObject({ period: 10 * DAY, horizon, oldestDay: horizon, dropped: { rows: 510 } });
  expect(source.retention!.dropped.bytes).toBeGreaterThan(0);
  expect((await filesOf("payments")).every((file) => file >= "day=2026-01-15")).toBe(true);
  expect((await filesOf("withdrawn.payments")).every((file) => file >= "day=2026-01-15")).toBe(true);

  let [answered, denied] = [0, 0];
  for (const t of moments) {
    // The farthest window is five days, hop-aligned at its tail.
    if (t >= horizon + 5 * DAY) {
      const found = await store.features("spending_service", KEYS, { at: t });
      expect(withoutLoads(found)).toEqual(before.get(t));
      answered++;
    } else {
      await refused("spending_service", t)(store);
      denied++;
    }
  }
  expect(Math.min(answered, denied)).toBeGreaterThanOrEqual(8);
  expect((await store.features("spending_service", KEYS)).map(({ values }) => values)).toEqual(
    live.map(({ values }) => values),
  );
  const again = await store.explain("spending", "value_1d", { user: "a" }, { at: dayStart(22) });
  expect("windows" in again && again.windows).toEqual("windows" in explained && explained.windows);
  await expect(store.explain("spending", "value_1d", { user: "a" }, { at: dayStart(9) })).rejects.toMatchObject({
    code: "ASOF_BEFORE_RETENTION",
    details: { horizon: "2026-01-15T00:00:00Z", needed: "2026-01-05T00:00:00Z" },
  });

  // Training sets: by their moments, and by what a query over the source may see.
  const out = path.join(folder, "set.parquet");
  const spine = { sql: `select "user", event_time + interval 5 day as t from payments` };
  await expect(store.dataset("spending_service", { spine, out })).rejects.toMatchObject({
    code: "ASOF_BEFORE_RETENTION",
    details: { needed: null },
  });
  const sql = `${spine.sql} where event_time < timestamp '2026-01-17'`;
  const set = await store.dataset("spending_service", { spine: { sql }, out, since: horizon });
  expect(set.rows).toBe(70);
  await expect(store.dataset("spending_service", { spine: { sql }, out, since: horizon - 1 })).rejects.toMatchObject({
    code: "ASOF_BEFORE_RETENTION",
  });

  // A computation adds what is new, and leaves rows as they are whose records are gone.
  expect(await store.compute()).toMatchObject([{ view: "daily", rows: 0 }]);
  // A state is built anew from what is held, and is the same.
  await store.close();
  await rm(path.join(home, "online"), { recursive: true });
  store = await openWith(definitionsOf("10d"));
  await store.materialize();
  expect((await store.features("spending_service", KEYS)).map(({ values }) => values)).toEqual(
    live.map(({ values }) => values),
  );
  // Ids of records that are held are known again; those of dropped ones are not, and their records are seen by nobody.
  const [held, gone] = [paymentsOf(20)[5], paymentsOf(2)[5]];
  expect(await store.ingest("payments", [held, gone])).toMatchObject({ accepted: 1, duplicates: 1 });
  await store.settled();
  expect((await store.features("alone", KEYS)).map(({ values }) => values)).toEqual(
    live.map(({ values }) =>
      Object.fromEntries(Object.entries(values).filter(([name]) => name.startsWith("spending"))),
    ),
  );
  await store.close();
  const { findings } = await doctor({ home, definitions: { ...definitionsOf("10d") } });
  expect(findings).toEqual([]);
}, 60_000);

test("days go on being dropped as time goes on, with the ids of their records; what is kept longer stays gone", async () => {
  const definitions = definitionsOf("10d");
  let store = await openWith(definitions);
  await course(store, 24);
  const { retention, minEvent } = (await store.status()).offline.sources[0];
  // A few hours' records are in the log still, and days were dropped whenever the log was archived.
  expect(retention!.horizon).toBeGreaterThanOrEqual(dayStart(13));
  expect(minEvent).toBeGreaterThanOrEqual(retention!.horizon!);
  const { horizon } = retention!;
  // An id that is forgotten can be used again, where it was a conflict before.
  const [gone, held] = [paymentsOf(2)[4], paymentsOf(20)[4]];
  expect(await store.ingest("payments", [{ ...gone, value: -1 }])).toMatchObject({ accepted: 1 });
  await expect(store.ingest("payments", [{ ...held, value: -1 }])).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
  await store.close();

  store = await openWith(definitionsOf("30d"));
  expect((await store.plan()).changes.find(({ name }) => name === "payments")!.notes).toEqual([
    "nothing is older than 30d yet",
  ]);
  await store.apply();
  expect((await store.status()).offline.sources[0].retention).toMatchObject({ period: 30 * DAY, horizon });
  await refused("alone", horizon! + 5 * DAY - 1)(store);
  await store.features("alone", KEYS, { at: horizon! + 5 * DAY });
  // Its first load took the event times: what comes later is known from its commit, however little is held.
  await store.close();
}, 60_000);

test("a new view is computed over all of history or not at all", async () => {
  const definitions = definitionsOf("10d");
  const store = await openWith(definitions);
  await store.apply();
  for (let day = 0; day < 14; day++) {
    now = dayStart(day + 1);
    await load(store, day);
  }
  await expect(store.compute()).rejects.toMatchObject({
    code: "ASOF_BEFORE_RETENTION",
    details: { view: "daily", source: "payments", horizon: formatTimestamp(dayStart(4)) },
  });
  // A load of days that are not kept says so.
  const file = path.join(folder, "day-1.ndjson");
  await writeFile(
    file,
    paymentsOf(1)
      .map((one) => `${JSON.stringify({ ...one, nr: one.nr + 500 })}\n`)
      .join(""),
  );
  const { warnings } = await store.load("payments", [file]);
  expect(warnings.join()).toContain("source payments keeps 10d: of this load the days before 2026-01-05T00:00:00Z");
  expect((await store.status()).offline.sources[0]).toMatchObject({ rows: 360 });
  await store.close();
}, 60_000);

test("killed between the drop and the removal of its files, it has dropped them, and the next start removes them", async () => {
  let store = await openWith(definitionsOf(undefined));
  await store.apply();
  for (let day = 0; day < 14; day++) {
    now = dayStart(day + 1);
    await load(store, day);
  }
  await store.materialize();
  const live = await store.features("alone", KEYS);
  await store.close();
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "retention-child.ts"), folder, "14"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  try {
    await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error("it ended by itself")))]);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
  // What is not listed any more lies there still.
  expect((await filesOf("payments")).some((file) => file < "day=2026-01-05")).toBe(true);
  store = await openWith(definitionsOf("10d"));
  expect((await filesOf("payments")).every((file) => file >= "day=2026-01-05")).toBe(true);
  expect((await store.status()).offline.sources[0]).toMatchObject({ rows: 360, retention: { dropped: { rows: 144 } } });
  expect((await store.features("alone", KEYS)).map(({ values }) => values)).toEqual(live.map(({ values }) => values));
  await refused("alone", dayStart(9) - 1)(store);
  await store.features("alone", KEYS, { at: dayStart(9) });
  await store.close();
}, 60_000);

test("training, audits, what is served and verifying go on over what is held, and say what they cannot", async () => {
  const before = modelsOver(definitionsOf(undefined));
  let store = await openWith(before);
  await store.apply();
  for (let day = 0; day < 14; day++) {
    now = dayStart(day + 1);
    await load(store, day);
  }
  await store.materialize();
  await store.train("early");
  await store.predict("early", KEYS);
  for (let day = 14; day < 24; day++) {
    now = dayStart(day + 1);
    await load(store, day);
  }
  await store.materialize();
  await store.predict("early", KEYS);
  await store.close();

  const after = modelsOver(definitionsOf("10d"));
  store = await openWith(after);
  await store.apply();
  await store.close();
  store = await openWith(after);
  // Its first predictions rest on days that are gone, its last ones do not.
  expect(await store.audit("early")).toMatchObject({ predictions: 3, unverifiable: 3, different: 0 });
  await expect(store.train("early")).rejects.toMatchObject({
    code: "ASOF_BEFORE_RETENTION",
    details: { needed: "2026-01-07T00:00:00Z" },
  });
  expect((await store.train("late")).trainRows).toBe(108);
  const server = await serve(store, { port: 0 });
  try {
    const get = async (where: string) => (await fetch(`${server.url}${where}`)).json() as Promise<StatusDocument>;
    expect((await get("/v1/status")).offline.sources[0].retention).toMatchObject({
      period: 10 * DAY,
      horizon: "2026-01-15T00:00:00Z",
      oldestDay: "2026-01-15T00:00:00Z",
    });
    const body = JSON.stringify({ entities: KEYS.slice(0, 1), at: "2026-01-16T00:00:00Z" });
    const asked = await fetch(`${server.url}/v1/features/alone`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(asked.status).toBe(410);
    expect(await asked.text()).toContain("ASOF_BEFORE_RETENTION");
  } finally {
    await server.close();
    await store.close();
  }
  // What was served is kept for as long as the configuration says, and audited as far as it is kept.
  store = await openWith(after, 1, { served: { retention: "5d" } });
  await store.close();
  store = await openWith(after, 1);
  expect(await store.audit("early")).toMatchObject({ predictions: 3, unverifiable: 0, different: 0 });
  expect((await store.status()).models.find(({ name }) => name === "early")).toMatchObject({
    served: 3,
    servedSince: dayStart(15),
  });
  await store.close();
  const verified = await verifyData({
    configuration: { home, definitions: after },
    seed: 5,
    runs: 2,
    minutes: 1,
    folder,
    signal: new AbortController().signal,
  });
  expect(verified).toMatchObject({ different: 0, failure: null });
  expect(verified.compared).toBeGreaterThan(100);
}, 60_000);

interface StatusDocument {
  readonly offline: { readonly sources: readonly { readonly retention: unknown }[] };
}
