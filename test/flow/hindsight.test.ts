import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { batchView, type FeatureAnswer, featureService, open, type Store, t } from "asof";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { readFileLog } from "../../src/adapters/file-log/read-file-log.ts";
import { openFolder } from "../../src/adapters/folder/folder-store.ts";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import { columnTypes, featureOfColumn } from "../../src/core/codec/collection-text.ts";
import { StreamSchemas } from "../../src/core/codec/stream-schemas.ts";
import { catalogOf } from "../../src/core/definition/catalog.ts";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { sourceStream } from "../../src/core/definition/stream.ts";
import { planService } from "../../src/core/plan/service-plan.ts";
import { columnsOfRows, rowAt } from "../../src/core/schema/column.ts";
import type { Row } from "../../src/core/schema/data-type.ts";
import { HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import { OfflineStore } from "../../src/stages/offline/offline-store.ts";
import { pointInTime } from "../../src/stages/offline/point-in-time.ts";
import { naiveBatchRead, naiveView, type OracleRecord, type OracleVersion } from "../oracle/naive.ts";
import * as every from "./every-aggregation.ts";
import { offlineRecords } from "./offline-records.ts";

const begin = parseTimestamp("2026-03-01");
const from = begin + 30 * HOUR;
const users = ["ann", "bob", "nobody"];

const sixHours = batchView("six_hours", {
  entity: every.user,
  sources: [every.events],
  sql: `select "user", time_bucket(interval 6 hour, event_time) + interval 6 hour as until, count(*)::integer as n
        from events where available_time < time_bucket(interval 6 hour, event_time) + interval 6 hour group by all`,
  features: { n: t.int32() },
  eventTime: "until",
  ttl: "9h",
});
const both = featureService("both", [every.everything, sixHours]);
const definitions = { ...every, sixHours, both };

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const next = random(20260302);

function eventAt(at: number): Row {
  const pages = ["home", "cart", "help"];
  return {
    at,
    known: at + [0, 0, 5 * MINUTE, 3 * HOUR, -MINUTE][next(5)],
    user: users[next(2)],
    seq: next(3) === 0 ? null : next(2),
    page: next(4) === 0 ? null : pages[next(pages.length)],
    n: next(4) === 0 ? null : next(7),
    amount: (next(2001) - 1000) / 7,
    odd: next(3) === 0 ? null : 0.1 * next(4),
    big: 2n ** 62n + BigInt(next(5)),
    ok: next(4) === 0 ? null : next(2) === 0,
  };
}

const folder = mkdtempSync(path.join(tmpdir(), "asof-hindsight-"));
const home = path.join(folder, "home");
const clock = simulatedClock(from);
let store: Store;

async function load(name: string, rows: readonly Row[]): Promise<void> {
  const file = path.join(folder, `${name}.ndjson`);
  writeFileSync(
    file,
    rows
      .map(
        (row) => `${JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}\n`,
      )
      .join(""),
  );
  await store.load("events", [file], { until: clock.now() });
}

beforeAll(async () => {
  store = await open({ definitions, home }, { clock });
  await store.apply();
  const past = Array.from({ length: 400 }, () => eventAt(begin + next(30 * 12) * 5 * MINUTE));
  await load("first", past.slice(0, 250));
  await store.compute();
  await store.materialize();
  clock.advance!(from + HOUR);
  // Days later, by the declared times: batch rows change, and are there from now on only.
  await load("second", past.slice(250));
  await store.compute();
  for (let hour = 1; hour < 9; hour++) {
    clock.advance!(from + hour * HOUR + 7 * MINUTE);
    const now = clock.now();
    const records = Array.from({ length: 12 }, () => eventAt(now - [0, 1, MINUTE, 50 * MINUTE, 5 * HOUR][next(5)]));
    await store.ingest("events", records);
    if (hour % 3 === 0) await store.compute();
  }
  await store.settled();
  await store.materialize();
}, 60_000);

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

interface History {
  readonly records: readonly OracleRecord[];
  readonly versions: readonly (OracleVersion & { readonly user: string })[];
}

async function historyOf(): Promise<History> {
  const plan = planService(catalogOf(Object.values(definitions)), both.definition);
  const [batch] = plan.batches;
  const records = (await offlineRecords(home, sourceStream(every.events.definition))).map((row) => ({
    event: row["__event"] as number,
    available: row["__available"] as number,
    row,
  }));
  const versions = (await offlineRecords(home, batch.stream)).map((row) => ({
    event: row["__event"] as number,
    available: row["__available"] as number,
    entry: Number(row["__position"]),
    features: { n: row["n"] },
    user: row["user"] as string,
  }));
  return { records, versions };
}

// Quantiles and estimates have oracles of their own.
const view = every.everything.view as AggregateViewDefinition;
const exact = view.features.filter(
  ({ name, aggregation }) => aggregation.kind !== "quantile" && !name.startsWith("estimated"),
);

function expected({ records, versions }: History, user: string, at: number, known: number): Record<string, unknown> {
  const answer = naiveView({ ...view, features: exact }, every.events.fields, records, { user }, at, known);
  const read = naiveBatchRead(
    versions.filter((version) => version.user === user),
    at,
    9 * HOUR,
    known,
  );
  return {
    ...Object.fromEntries(exact.map(({ name }, f) => [`everything__${name}`, answer.features[f]])),
    six_hours__n: read?.alive === true ? read.version.features["n"] : null,
  };
}

const known = ({ values }: { readonly values: object }): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !/__(p90|median|estimated)_/.test(name)));

const moments = Array.from({ length: 40 }, (_, i) => begin + i * HOUR + [0, 1, -1, 7 * MINUTE][i % 4]).filter(
  (at) => at < from + 8 * HOUR,
);

describe('knowledge "now"', () => {
  test("gives the truth in hindsight, as the oracle has it", async () => {
    const history = await historyOf();
    let different = 0;
    for (const at of moments) {
      const requests = users.map((user) => ({ user }));
      const answers = await store.features("both", requests, { at, knowledge: "now" });
      const served = await store.features("both", requests, { at });
      answers.forEach((answer, i) => {
        expect(answer).toMatchObject({ t: at, knowledge: "now" });
        expect(answer.knownAt).toBeGreaterThanOrEqual(clock.now());
        expect(known(answer)).toStrictEqual(expected(history, users[i], at, answer.knownAt!));
        expect(served[i].knowledge).toBe("served");
        expect(served[i].knownAt).toBeUndefined();
        if (served[i].values["six_hours__n"] !== answer.values["six_hours__n"]) different++;
        if (served[i].values["everything__count_1h"] !== answer.values["everything__count_1h"]) different++;
      });
    }
    expect(different).toBeGreaterThan(20);
  });

  test("is at the watermark what is served", async () => {
    const requests = users.map((user) => ({ user }));
    const live = await store.features("both", requests);
    const hindsight = await store.features("both", requests, { knowledge: "now" });
    const plain = ({ values, statuses, eventTimes }: FeatureAnswer): unknown => ({ values, statuses, eventTimes });
    expect(live.every(({ knowledge }) => knowledge === "served")).toBe(true);
    expect(hindsight.every(({ t, knownAt }) => t === knownAt)).toBe(true);
    expect(hindsight.map(plain)).toEqual(live.map(plain));
  });

  test("is refused where it is none", async () => {
    await expect(store.features("both", [{ user: "ann" }], { knowledge: "later" as never })).rejects.toMatchObject({
      code: "ASOF_USAGE",
    });
  });

  test("makes training sets that say so, and warn", async () => {
    const spine = path.join(folder, "spine.ndjson");
    const rows = moments.flatMap((at) => users.map((user) => ({ user, t: at })));
    writeFileSync(spine, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const out = path.join(folder, "hindsight.parquet");
    const outcome = await store.dataset("both", { spine, out, knowledge: "now" });
    expect(outcome).toMatchObject({ knowledge: "now", rows: rows.length });
    expect(outcome.warnings).toEqual([expect.stringContaining("leaks the future")]);
    const [run] = await store.runs({ kind: "dataset", limit: 1 });
    expect(run.details).toMatchObject({ knowledge: "now", knownAt: outcome.knownAt });
    const history = await historyOf();
    const plan = planService(catalogOf(Object.values(definitions)), both.definition);
    const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
    try {
      const session = await engine.session();
      const read = await session.rows(`SELECT * FROM read_parquet('${out}')`, columnTypes(plan.features));
      rows.forEach(({ user, t: at }, i) => {
        const values = Object.fromEntries(
          Object.entries(plan.features).map(([name, type]) => [name, featureOfColumn(type, read[i][name])]),
        );
        expect(known({ values })).toStrictEqual(expected(history, user, at, outcome.knownAt!));
      });
    } finally {
      await engine.close();
    }
    const served = await store.dataset("both", { spine, out });
    expect(served).toMatchObject({ knowledge: "served", warnings: [] });
    expect(served.knownAt).toBeUndefined();
  });

  test("gives the same where history does not fit into memory, at a moment known less of as well", async () => {
    const history = await historyOf();
    const plan = planService(catalogOf(Object.values(definitions)), both.definition);
    const log = await readFileLog(path.join(home, "log"));
    const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
    const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
    try {
      const schemas = new StreamSchemas();
      schemas.restore(await registry.note("schemas"));
      const offline = new OfflineStore({ registry, files: await openFolder(home), log, schemas });
      const session = await engine.session();
      const int64 = { kind: "int64", nullable: false } as const;
      const rows = moments.flatMap((at) => users.map((user): Row => ({ user, __t: BigInt(at) })));
      const spine = columnsOfRows(
        { __row: int64, __t: int64, user: { kind: "string", nullable: true } },
        rows.map((row, i) => ({ ...row, __row: BigInt(i) })),
      );
      await session.table("spine", { __row: int64, __t: int64, user: { kind: "string", nullable: true } }, [spine]);
      for (const hindsight of [clock.now() + 1, from + 4 * HOUR, from + HOUR]) {
        let at = 0;
        const request = { plan, spine: "spine", rows: rows.length, carry: {}, parts: () => ({ cut: log.end }) };
        const limits = { outputBytes: 20_000, records: 100 };
        for await (const batch of pointInTime(session, offline, { ...request, evidence: false, hindsight }, limits))
          for (let i = 0; i < batch.rows; i++, at++) {
            const row = rowAt(batch, i);
            const values = Object.fromEntries(
              Object.entries(plan.features).map(([name, type]) => [name, featureOfColumn(type, row[name])]),
            );
            expect(known({ values })).toStrictEqual(
              expected(history, rows[at]["user"] as string, Number(rows[at]["__t"]), hindsight),
            );
          }
        expect(at).toBe(rows.length);
      }
    } finally {
      await Promise.all([engine.close(), registry.close()]);
    }
  });
});

describe("a training set", () => {
  test("asks about nothing ahead of the watermark, in either knowledge", async () => {
    const spine = path.join(folder, "future.csv");
    const ahead = "2026-12-01T00:00:00Z";
    writeFileSync(spine, `user,moment\nann,2026-03-01T12:00:00Z\nbob,${ahead}\nann,2027-01-01T00:00:00Z\n`);
    for (const knowledge of ["served", "now"] as const)
      await expect(
        store.dataset("both", { spine, out: path.join(folder, "future.parquet"), time: "moment", knowledge }),
      ).rejects.toMatchObject({
        code: "ASOF_FUTURE_READ",
        details: { row: 2, column: "moment", at: ahead, rows: 2 },
      });
  });
});
