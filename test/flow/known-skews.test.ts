// Ways in which training and serving are known to drift apart in other systems (found by running Chronon's own
// aggregators against its own online reader): here live answers, training sets and the naive oracle are compared
// at a thousand moments each.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { naiveView, type OracleRecord } from "../../src/core/oracle/naive.ts";
import type { Value } from "../../src/core/schema/data-type.ts";
import { availableOf } from "../../src/core/codec/record-batch.ts";
import { DAY, HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import { open, openEngine } from "../../src/open.ts";
import {
  aggregateView,
  avg,
  count,
  entity,
  eventSource,
  featureService,
  last,
  sum,
  t,
  window,
} from "../../src/index.ts";
import { Random } from "../../src/surfaces/verify/random.ts";
import { setClock } from "./set-clock.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-skews-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const user = entity("user", { user: t.string() });
const payments = eventSource("payments", {
  fields: { at: t.timestamp(), user: t.string(), amount: t.float64(), place: t.string() },
  eventTime: "at",
});
const paid = aggregateView("paid", {
  source: payments,
  entity: user.from({ user: "user" }),
  features: {
    amount: sum("amount").over("7d", "13d", "30d", window("300h", { name: "300h", hop: "1h" })),
    mean: avg("amount").over("14d"),
    payments: count().over("13d", "21d", "30d"),
    place: last("place").over("30d"),
  },
});
const profile = featureService("profile", [paid]);
const definitions = { user, payments, paid, profile };
const view = paid.view as AggregateViewDefinition;

const users = ["ann", "bob"];
const begin = parseTimestamp("2026-01-01");
const READS = 400;
const SEED = 20260101;

interface Read {
  readonly user: string;
  readonly t: number;
  readonly values: Readonly<Record<string, unknown>>;
}

interface Course {
  /** What timestamps are cut down to, in microseconds. */
  readonly truncated: number;
  /** How many days after the history ends it is brought online. */
  readonly late: number;
}

/** Seventy days of payments, streamed; every few minutes of the last thirty an answer is read, live. */
async function run({ truncated, late }: Course): Promise<void> {
  const random = new Random(SEED, truncated, late);
  const home = mkdtempSync(path.join(folder, "home-"));
  let now = begin;
  const clock = setClock(
    () => now,
    (to) => (now = to),
    DAY,
  );
  const store = await open({ definitions, home }, { clock, archiveFrom: 500 });
  const records: OracleRecord[] = [];
  const reads: Read[] = [];
  const stream = async (until: number, reading: boolean): Promise<void> => {
    while (now < until) {
      now += random.whole(1, 60) * MINUTE;
      const rows = Array.from({ length: random.whole(1, 3) }, () => ({
        at: Math.floor((now - (random.chance(0.1) ? random.whole(0, 20 * DAY) : 0)) / truncated) * truncated,
        user: random.pick(users),
        amount: random.whole(-100_000, 100_000) / 7,
        place: random.pick(["a", "b", "c"]),
      }));
      const { stamp } = await store.ingest("payments", rows);
      rows.forEach((row, i) => records.push({ event: row.at, available: availableOf(row.at, stamp + i), row }));
      if (!reading || reads.length >= READS) continue;
      await store.settled();
      for (const answer of await store.features(
        profile,
        users.map((name) => ({ user: name })),
      ))
        reads.push({ user: users[reads.length % users.length], t: answer.t, values: answer.values });
    }
  };
  try {
    await store.apply();
    await stream(begin + 40 * DAY, false);
    if (late === 0) await store.materialize();
    await stream(begin + (40 + late) * DAY, false);
    await store.materialize();
    await stream(begin + 90 * DAY, true);
    expect(reads.length).toBeGreaterThanOrEqual(READS);
    const trained = await trainingSet(store, reads, "all");
    const some = reads.filter((_, i) => i % 7 === 3).reverse();
    const trainedApart = await trainingSet(store, some, "some");
    let empty = 0;
    reads.forEach((read, i) => {
      const { features } = naiveView(view, payments.fields, records, { user: read.user }, read.t);
      const expected = Object.fromEntries(view.features.map(({ name }, f) => [`paid__${name}`, features[f]]));
      if (features.every((value) => value === null || value === 0)) empty++;
      expect(read.values, `live, ${read.user} at ${read.t}`).toEqual(expected);
      expect(trained[i], `training, ${read.user} at ${read.t}`).toEqual(expected);
    });
    expect(empty).toBe(0);
    // What else a training set asks about changes nothing.
    some.forEach((read, i) => expect(trainedApart[i]).toEqual(read.values));
  } finally {
    await store.close();
  }
}

type OpenStore = Awaited<ReturnType<typeof open>>;

/** The features of a training set with the moments of these reads, in their order. */
async function trainingSet(
  store: OpenStore,
  reads: readonly Read[],
  name: string,
  of = view,
): Promise<Record<string, Value>[]> {
  const values = reads.map(({ user: who, t: at }) => `('${who}', make_timestamp(${at}))`).join(", ");
  const out = path.join(mkdtempSync(path.join(folder, `${name}-`)), "set.parquet");
  await store.dataset("profile", { spine: { sql: `SELECT * FROM (VALUES ${values}) s("user", t)` }, out });
  const engine = await openEngine(folder);
  try {
    const session = await engine.session();
    const fields = Object.fromEntries(
      of.features.map(({ name: feature, aggregation }) => [
        `paid__${feature}`,
        aggregation.kind === "last" ? ({ kind: "string", nullable: true } as const) : NUMBER,
      ]),
    );
    return await session.rows(`SELECT * FROM read_parquet('${out}')`, fields);
  } finally {
    await engine.close();
  }
}

const NUMBER = { kind: "float64", nullable: true } as const;

describe.each([
  ["exact", 1],
  ["rounded to the hour", HOUR],
  ["cut down to the date", DAY],
] as const)("timestamps that are %s", (_, truncated) => {
  test.each([0, 4])("history that is brought online %d days late", async (late) => run({ truncated, late }));
});

test("the order of files, of rows in them and of their loads decides nothing, also among ties", async () => {
  const bulk = eventSource("payments", { fields: payments.fields, eventTime: "at", availableAt: "1m" });
  const bulkPaid = aggregateView("paid", {
    source: bulk,
    entity: user.from({ user: "user" }),
    features: { amount: sum("amount").over("7d"), mean: avg("amount").over("14d"), place: last("place").over("30d") },
  });
  const bulkDefinitions = { user, bulk, bulkPaid, service: featureService("profile", [bulkPaid]) };
  const random = new Random(SEED);
  const rows = Array.from({ length: 2000 }, () => ({
    at: begin + random.whole(0, 40) * DAY,
    user: random.pick(users),
    amount: random.whole(-100_000, 100_000) / 7,
    place: random.pick(["a", "b", "c"]),
  }));
  const moments = Array.from({ length: 500 }, () => ({
    user: random.pick(users),
    t: begin + random.whole(1, 60) * DAY + random.pick([0, 1, MINUTE, MINUTE + 1]),
    values: {},
  }));
  const answers: unknown[] = [];
  for (const order of ["as made", "reversed", "shuffled"]) {
    const home = mkdtempSync(path.join(folder, "home-"));
    const store = await open({ definitions: bulkDefinitions, home, clock: { simulated: begin + 61 * DAY } });
    try {
      await store.apply();
      const ordered = order === "as made" ? rows : order === "reversed" ? rows.toReversed() : random.shuffled(rows);
      const size = order === "as made" ? rows.length : 300;
      for (let from = 0; from < rows.length; from += size) {
        const file = path.join(home, `${from}.ndjson`);
        writeFileSync(
          file,
          ordered
            .slice(from, from + size)
            .map((row) => `${JSON.stringify(row)}\n`)
            .join(""),
        );
        await store.load("payments", [file]);
      }
      const ofView = bulkPaid.view as AggregateViewDefinition;
      answers.push(await trainingSet(store, moments, "bulk", ofView));
      await store.materialize();
      answers.push(
        (
          await store.features(
            "profile",
            users.map((name) => ({ user: name })),
          )
        ).map(({ values }) => values),
      );
    } finally {
      await store.close();
    }
  }
  const places = (answers[0] as Record<string, Value>[]).map(({ paid__place_30d: place }) => place);
  expect(new Set(places)).toEqual(new Set(["a", "b", "c"]));
  for (let i = 2; i < answers.length; i++) expect(answers[i]).toEqual(answers[i % 2]);
});
