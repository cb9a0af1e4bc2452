// A store of which much became known late: records that came hours after they happened, by stream and by load, and batch
// rows that were computed anew. For tests of what depends on who knew what when.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { batchView, featureService, open, type Store, t } from "asof";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { catalogOf } from "../../src/core/definition/catalog.ts";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { sourceStream } from "../../src/core/definition/stream.ts";
import { planService } from "../../src/core/plan/service-plan.ts";
import type { Row } from "../../src/core/schema/data-type.ts";
import { HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import { naiveBatchRead, naiveView, type OracleRecord, type OracleVersion } from "../oracle/naive.ts";
import * as every from "./every-aggregation.ts";
import { offlineRecords } from "./offline-records.ts";

export const begin = parseTimestamp("2026-03-01");
export const from = begin + 30 * HOUR;
export const users = ["ann", "bob", "nobody"];

export const sixHours = batchView("six_hours", {
  entity: every.user,
  sources: [every.events],
  sql: `select "user", time_bucket(interval 6 hour, event_time) + interval 6 hour as until, count(*)::integer as n
        from events where available_time < time_bucket(interval 6 hour, event_time) + interval 6 hour group by all`,
  features: { n: t.int32() },
  eventTime: "until",
  ttl: "9h",
});
export const both = featureService("both", [every.everything, sixHours]);
export const definitions = { ...every, sixHours, both };

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function eventAt(next: (below: number) => number, at: number): Row {
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

export const plan = planService(catalogOf(Object.values(definitions)), both.definition);

export interface LateStore {
  readonly store: Store;
  readonly clock: ReturnType<typeof simulatedClock>;
  readonly home: string;
  /** Loads records that the clock's time has come for. */
  readonly load: (name: string, rows: readonly Row[]) => Promise<void>;
  readonly eventAt: (at: number) => Row;
}

/** Opens such a store in a folder. */
export async function openLateStore(folder: string): Promise<LateStore> {
  const next = random(20260302);
  const home = path.join(folder, "home");
  const clock = simulatedClock(from);

  const store = await open({ definitions, home }, { clock });
  const load = async (name: string, rows: readonly Row[]): Promise<void> => {
    const file = path.join(folder, `${name}.ndjson`);
    writeFileSync(
      file,
      rows
        .map(
          (row) =>
            `${JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}\n`,
        )
        .join(""),
    );
    await store.load("events", [file], { until: clock.now() });
  };
  await store.apply();
  const past = Array.from({ length: 400 }, () => eventAt(next, begin + next(30 * 12) * 5 * MINUTE));
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
    const records = Array.from({ length: 12 }, () =>
      eventAt(next, now - [0, 1, MINUTE, 50 * MINUTE, 5 * HOUR][next(5)]),
    );
    await store.ingest("events", records);
    if (hour % 3 === 0) await store.compute();
  }
  await store.settled();
  await store.materialize();
  return { store, clock, home, load, eventAt: (at) => eventAt(next, at) };
}

export interface History {
  readonly records: readonly OracleRecord[];
  readonly versions: readonly (OracleVersion & { readonly user: string })[];
}

export async function historyOf({ home }: LateStore): Promise<History> {
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

export const view = every.everything.view as AggregateViewDefinition;

/** What the oracle says of both views for a user at a moment, by what is known at another. */
export function expected(
  { records, versions }: History,
  user: string,
  at: number,
  known: number,
): Record<string, unknown> {
  const answer = naiveView(view, every.events.fields, records, { user }, at, known);
  const read = naiveBatchRead(
    versions.filter((version) => version.user === user),
    at,
    9 * HOUR,
    known,
  );
  return {
    ...Object.fromEntries(view.features.map(({ name }, f) => [`everything__${name}`, answer.features[f]])),
    six_hours__n: read?.alive === true ? read.version.features["n"] : null,
  };
}
