import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aggregateView, batchView, count, entity, eventSource, featureService, open, sum, t } from "asof";
import { expect, test } from "vitest";

const user = entity("user", { user: t.string() });
const payments = eventSource("payments", {
  fields: { at: t.timestamp(), user: t.string(), value: t.int32() },
  eventTime: "at",
  availableAt: "at",
});
const spending = aggregateView("spending", {
  source: payments,
  entity: user,
  features: { payments: count().over("1d", "lifetime"), value: sum("value").over("1d") },
});
const totals = batchView("totals", {
  entity: user,
  sources: [payments],
  sql: `select user, timestamp '2026-01-02' as day, count(*)::integer as n from payments group by user`,
  features: { n: t.int32() },
  eventTime: "day",
});
const service = featureService("spending_service", [spending, totals]);
const definitions = { user, payments, spending, totals, service };

test("many small loads become few files, and no answer changes", async () => {
  const home = await mkdtemp(join(tmpdir(), "asof-compaction-"));
  const configuration = { home, definitions, clock: { simulated: "2026-01-02T12:00:00Z" } } as const;
  let store = await open(configuration);
  try {
    await store.apply();
    const file = join(home, "payments.ndjson");
    const keys = ["a", "b", "c"].map((key) => ({ user: key }));
    for (let load = 0; load < 9; load++) {
      const rows = Array.from({ length: 30 }, (_, i) => ({
        at: `2026-01-02T0${load}:00:${String(i).padStart(2, "0")}Z`,
        user: "abc"[i % 3],
        value: load * 100 + i,
      }));
      await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
      await store.load("payments", [file]);
      await store.compute();
      await store.materialize();
    }
    const before = await store.features(service, keys);
    const files = async (stream: string): Promise<number> =>
      (await readdir(join(home, "offline", stream), { recursive: true })).filter((name) => name.endsWith(".parquet"))
        .length;
    expect((await store.runs({ kind: "compact" })).length).toBeGreaterThan(0);
    const past = await store.features(service, keys, { at: before[0].t });
    expect(past.map(({ values }) => values)).toEqual(before.map(({ values }) => values));
    expect(before[0].values).toEqual({
      spending__payments_1d: 90,
      spending__payments_lifetime: 90,
      spending__value_1d: 37_215,
      totals__n: 90,
    });
    await store.close();
    store = await open(configuration);
    // What was merged is gone from the disk now, and nothing else.
    expect(await files("payments")).toBeLessThan(4);
    expect((await store.features(service, keys)).map(({ values }) => values)).toEqual(
      before.map(({ values }) => values),
    );
    expect((await store.features(service, keys, { at: before[0].t })).map(({ values }) => values)).toEqual(
      before.map(({ values }) => values),
    );
    expect((await store.materialize()).map(({ how }) => how)).toEqual(["unchanged", "unchanged"]);
    expect((await store.status()).offline.sources[0].rows).toBe(270);
  } finally {
    await store.close();
    await rm(home, { recursive: true });
  }
});

test("loads whose files were merged while they were in the log still are not brought back as it is archived", async () => {
  const home = await mkdtemp(join(tmpdir(), "asof-compaction-"));
  const configuration = { home, definitions, clock: { simulated: "2026-01-02T12:00:00Z" } } as const;
  const store = await open(configuration, { archiveFrom: 10 });
  try {
    await store.apply();
    const file = join(home, "payments.ndjson");
    const at = (minute: number): string => `2026-01-02T01:${String(minute).padStart(2, "0")}:00Z`;
    for (let load = 0; load < 8; load++) {
      await writeFile(file, JSON.stringify({ at: at(load), user: "a", value: load }));
      await store.load("payments", [file]);
    }
    expect((await store.runs({ kind: "compact" })).length).toBeGreaterThan(0);
    expect(await store.runs({ kind: "archive" })).toEqual([]);
    const rest = Array.from({ length: 10 }, (_, i) => ({ at: at(10 + i), user: "a", value: i }));
    await store.ingest("payments", rest);
    await expect
      .poll(async () => (await store.runs({ kind: "archive" })).map(({ state }) => state), { timeout: 20_000 })
      .toEqual(["succeeded"]);
    expect((await store.status()).offline.sources[0].rows).toBe(18);
  } finally {
    await store.close();
    await rm(home, { recursive: true });
  }
});

test("files that cannot be merged keep a store neither from archiving its log nor from closing", async () => {
  const home = await mkdtemp(join(tmpdir(), "asof-compaction-"));
  const configuration = { home, definitions, clock: { simulated: "2026-01-02T12:00:00Z" } } as const;
  let store = await open(configuration, { archiveFrom: 1 });
  try {
    await store.apply();
    const file = join(home, "payments.ndjson");
    for (let load = 0; load < 8; load++) {
      await writeFile(file, JSON.stringify({ at: `2026-01-02T0${load}:00:00Z`, user: "a", value: load }));
      await store.load("payments", [file]);
      const history = join(home, "offline", "payments");
      const [first] = (await readdir(history, { recursive: true })).filter((name) => name.endsWith(".parquet")).sort();
      if (load === 0) await truncate(join(history, first), 10);
    }
    await store.ingest("payments", [{ at: "2026-01-02T11:00:00Z", user: "a", value: 9 }]);
    await store.close();
    store = await open(configuration);
    const states = async (kind: "archive" | "compact"): Promise<string[]> => [
      ...new Set((await store.runs({ kind })).map(({ state }) => state)),
    ];
    expect([await states("archive"), await states("compact")]).toEqual([["succeeded"], ["failed"]]);
  } finally {
    await store.close();
    await rm(home, { recursive: true });
  }
});
