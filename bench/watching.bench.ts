import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { summarizeColumns } from "../src/core/metrics/feature-summaries.ts";
import type { FeatureAnswer } from "../src/core/result/answers.ts";
import { columnsOfRows } from "../src/core/schema/column.ts";
import { aggregateView, count, entity, eventSource, featureService, max, sum, t } from "../src/index.ts";
import { open } from "../src/open.ts";
import { VersionDrift } from "../src/stages/monitoring/model-drift.ts";
import { requestSampler } from "../src/stages/monitoring/request-sample.ts";
import type { Store } from "../src/store.ts";
import { RequestCounts } from "../src/surfaces/http/request-counts.ts";
import { withFolder } from "./flights.ts";
import { type BenchCase, type BenchOptions, median } from "./measure.ts";

// What watching costs of an answer with thirty features: the median time of `store.features` with the audit off, as it is
// by default and with each request in its sample, in turns; and the parts of it in loops of their own.

const KEYS = 1_000;
const EVENTS = 60_000;
const REQUESTS = 4_000;
const ROUNDS = 9;
const NOW = Date.UTC(2026, 0, 2) * 1000;

const user = entity("user", { user: t.int32() });
const clicks = eventSource("clicks", {
  fields: { at: t.timestamp(), user: t.int32(), ...fields((i) => [`v${i}`, t.float64()]) },
  eventTime: "at",
});
const activity = aggregateView("activity", {
  source: clicks,
  entity: user,
  features: {
    ...Object.fromEntries(
      Array.from({ length: 5 }, (_, i) => [
        [`sum${i}`, sum(`v${i}` as "v0").over("1h", "6h", "1d")] as const,
        [`max${i}`, max(`v${i}` as "v0").over("1h", "6h")] as const,
      ]).flat(),
    ),
    clicks: count().over("1h", "3h", "6h", "12h", "1d"),
  },
});
const service = featureService("service", [activity]);
const definitions = { user, clicks, activity, service };

function fields<T>(of: (i: number) => readonly [string, T]): Record<"v0" | "v1" | "v2" | "v3" | "v4", T> {
  return Object.fromEntries(Array.from({ length: 5 }, (_, i) => of(i))) as never;
}

type Audit = false | { readonly sample: number };

async function filled(home: string, audit: Audit): Promise<Store> {
  const store = await open({ home, definitions, clock: { simulated: NOW }, audit });
  await store.apply();
  for (let from = 0; from < EVENTS; from += 5_000)
    await store.ingest(
      "clicks",
      Array.from({ length: 5_000 }, (_, i) => {
        const n = from + i;
        return {
          at: NOW - (n % 86_400) * 1_000_000 - 1,
          user: n % KEYS,
          ...fields((v) => [`v${v}`, (n % 97) / (v + 3)]),
        };
      }),
    );
  await store.materialize();
  await store.settled();
  return store;
}

/** Microseconds of each of so many requests. */
async function round(store: Store): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const began = performance.now();
    await store.features("service", [{ user: (i * 7) % KEYS }]);
    took.push((performance.now() - began) * 1000);
  }
  return median(took);
}

/** Microseconds of one of many calls. */
function each(times: number, work: (i: number) => void): number {
  for (let i = 0; i < times / 10; i++) work(i);
  const began = performance.now();
  for (let i = 0; i < times; i++) work(i);
  return ((performance.now() - began) * 1000) / times;
}

function parts(answers: readonly FeatureAnswer[]): Record<string, number> {
  const names = Object.keys(answers[0].values);
  const types = Object.fromEntries(names.map((name) => [name, { kind: "float64", nullable: true }] as const));
  const rows = answers.map(({ values }) => values as Record<string, number>);
  const drift = new VersionDrift("m", 1, summarizeColumns(types, columnsOfRows(types, rows).columns, rows.length), []);
  const sampled = requestSampler({ user: { kind: "int32", nullable: false } }, 0.01);
  const requests = new RequestCounts();
  const route = { method: "POST", path: "/v1/features/{service}" };
  return {
    [`a prediction's ${names.length} features into the drift`]: each(100_000, (i) =>
      drift.add([answers[i % answers.length]]),
    ),
    "whether a request is in the sample": each(1_000_000, (i) => void sampled({ user: i % KEYS })),
    "a request counted and timed": each(1_000_000, (i) => {
      requests.count("POST", route.path, 200);
      requests.times.observe(route, "service", 200, (i % 100) / 1e5);
    }),
  };
}

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  return withFolder(async (folder) => {
    const audits: Readonly<Record<string, Audit>> = { off: false, default: { sample: 0.01 }, all: { sample: 1 } };
    const stores: [string, Store][] = [];
    for (const [name, audit] of Object.entries(audits))
      stores.push([name, await filled(path.join(folder, name), audit)]);
    try {
      const asked = Array.from({ length: 200 }, (_, i) => ({ user: i }));
      const answers = await Promise.all(stores.map(([, store]) => store.features("service", asked)));
      const values = answers.map((all) => all.map((one) => one.values));
      const found = new Map<string, number[]>(stores.map(([name]) => [name, []]));
      for (let i = 0; i <= ROUNDS; i++)
        for (const [name, store] of i % 2 === 0 ? stores : stores.toReversed()) {
          const took = await round(store);
          // The first warms up.
          if (i > 0) found.get(name)!.push(took);
        }
      for (const [name, all] of found) log(`audit ${name}: ${all.map((one) => one.toFixed(1)).join(" ")} µs`);
      for (const [what, took] of Object.entries(parts(answers[0]))) log(`${what}: ${took.toFixed(2)} µs`);
      const reference = median(found.get("off")!);
      return ["default", "all"].map((name, i): BenchCase => {
        const ours = median(found.get(name)!);
        const equal = isDeepStrictEqual(values[i + 1], values[0]);
        return { case: `store.features, audit: ${name}`, ours, reference, ratio: reference / ours, unit: "µs", equal };
      });
    } finally {
      for (const [, store] of stores) await store.close();
    }
  });
}
