import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aggregateView, avg, col, count, entity, eventSource, onDemandView, open, type Store, t } from "asof";
import { afterEach, beforeEach, expect, test } from "vitest";
import { open as openWith } from "../../src/open.ts";

const user = entity("user", { user: t.string() });
const fields = { at: t.timestamp(), known: t.timestamp(), user: t.string(), value: t.int32() };
const undelayed = eventSource("payments", { fields, eventTime: "at", availableAt: "known" });
const spendingOver = (source: typeof undelayed, ...windows: ["1h"] | ["1h", "1d"]) =>
  aggregateView("spending", {
    source,
    entity: user,
    features: { payments: count().over(...windows), mean: avg("value").over("1d") },
  });

let home: string;
const stores: Store[] = [];

async function opened(definitions: Record<string, unknown>): Promise<Store> {
  for (const store of stores.splice(0)) await store.close();
  const store = await open({ home, definitions, clock: { simulated: "2026-01-03" } });
  stores.push(store);
  return store;
}

async function loaded(store: Store, delay: number): Promise<void> {
  const file = join(home, "payments.ndjson");
  const rows = Array.from({ length: 100 }, (_, i) => {
    const at = Date.UTC(2026, 0, 1) * 1000 + i * 60_000_000;
    return JSON.stringify({ at, known: at + delay, user: "a", value: i });
  });
  await writeFile(file, rows.join("\n"));
  await store.load("payments", [file]);
}

beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), "asof-plan-"))));
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(home, { recursive: true });
});

test("a plan tells what is created, changed, removed and left, what differs and what it costs", async () => {
  const first = { user, undelayed, spending: spendingOver(undelayed, "1h") };
  let store = await opened(first);
  expect((await store.plan()).changes.map(({ change, name }) => [change, name])).toEqual([
    ["created", "user"],
    ["created", "payments"],
    ["created", "spending"],
  ]);
  await store.apply();
  expect(await store.plan()).toMatchObject({ revision: 1, empty: true });
  await store.apply();
  expect((await store.plan()).revision).toBe(1);
  await loaded(store, 0);
  await store.materialize();

  store = await opened({ user, undelayed, spending: spendingOver(undelayed, "1h", "1d") });
  const changed = (await store.plan()).changes.find(({ name }) => name === "spending")!;
  expect(changed).toMatchObject({ change: "changed", differences: ["features.payments_1d added"] });
  expect(changed.cost).toEqual([
    { action: "build its online state from history", command: "asof materialize spending", rows: 100 },
  ]);

  store = await opened({ user, undelayed });
  expect((await store.plan()).changes.filter(({ change }) => change !== "unchanged")).toMatchObject([
    { change: "removed", name: "spending", cost: [{ action: "drop its online state" }] },
  ]);
  await store.apply();
  expect((await store.status()).online.bytes).toBeGreaterThan(0);
});

test("an apply against another revision, or after another apply, changes nothing", async () => {
  const store = await opened({ user });
  await expect(store.apply(3)).rejects.toMatchObject({ code: "ASOF_APPLY_CONFLICT" });
  expect((await store.plan()).revision).toBe(0);
  await store.apply(0);
  expect((await store.plan()).revision).toBe(1);
});

test("a description decides no value, and changes nothing", async () => {
  let store = await opened({ user, undelayed });
  await store.apply();
  store = await opened({
    user,
    undelayed: eventSource("payments", { fields, eventTime: "at", availableAt: "known", description: "all of them" }),
  });
  expect((await store.plan()).empty).toBe(true);
});

test("a delay of more than a quarter of a window is warned of, declared or observed", async () => {
  const declared = eventSource("payments", { fields, eventTime: "at", availableAt: "20m" });
  let store = await opened({ user, declared, spending: spendingOver(declared, "1h") });
  const [warning, ...others] = (await store.plan()).warnings;
  expect(others).toEqual([]);
  expect(warning).toMatch(/spending.*payments.*20m.*payments_1h/);

  store = await opened({ user, undelayed, spending: spendingOver(undelayed, "1h") });
  expect((await store.plan()).warnings).toEqual([]);
  await store.apply();
  await loaded(store, 16 * 60_000_000);
  expect((await store.plan()).warnings).toEqual([expect.stringMatching(/16m.*payments_1h/)]);
});

test("a source that holds records keeps its fields and times", async () => {
  let store = await opened({ user, undelayed });
  await store.apply();
  await loaded(store, 0);
  const moved = eventSource("payments", { fields, eventTime: col("at").plus("1m"), availableAt: "known" });
  store = await opened({ user, moved });
  await expect(store.apply()).rejects.toMatchObject({
    code: "ASOF_SCHEMA_CHANGE",
    details: { source: "payments", rows: 100 },
  });
  expect((await store.plan()).revision).toBe(1);
});

test("request-time functions that run on other versions than they were applied with are warned of", async () => {
  const rounded = onDemandView("rounded", {
    input: { x: t.float64() },
    features: { y: t.float64() },
    compute: ({ x }) => ({ y: Math.round(x) }),
  });
  const on = async (versions: Record<string, string>, definitions: Record<string, unknown>): Promise<Store> => {
    for (const store of stores.splice(0)) await store.close();
    const store = await openWith({ home, definitions }, { versions });
    stores.push(store);
    return store;
  };
  let store = await on({ V8: "13.6", ICU: "77" }, { rounded });
  await store.apply();
  expect((await store.plan()).warnings).toEqual([]);
  store = await on({ V8: "13.6", ICU: "78" }, { rounded });
  expect((await store.plan()).warnings).toEqual([
    expect.stringMatching(/^ASOF_RUNTIME_CHANGED: rounded now run on ICU 78 \(it was 77\):/),
  ]);
  await store.apply();
  expect(await store.plan()).toMatchObject({ warnings: [], empty: true });
  store = await on({ V8: "14.0", ICU: "78" }, { user });
  expect((await store.plan()).warnings).toEqual([]);
});

test("the id of a source that holds records, be it in the log, cannot be changed", async () => {
  const of = (...id: ("user" | "value")[]) =>
    eventSource("payments", { fields, eventTime: "at", ...(id.length > 0 && { id }) });
  let store = await opened({ undelayed: of() });
  await store.apply();
  store = await opened({ undelayed: of("user") });
  expect((await store.plan()).changes).toMatchObject([{ change: "changed", differences: ["id added"] }]);
  await store.apply();
  await store.ingest("payments", [{ at: 0, known: 0, user: "a", value: 1 }]);
  for (const other of [of("user", "value"), of("value"), of()]) {
    store = await opened({ undelayed: other });
    await expect(store.apply()).rejects.toMatchObject({
      code: "ASOF_SCHEMA_CHANGE",
      message: "source payments holds 1 records: its id cannot be changed any more",
      details: { source: "payments", rows: 1 },
    });
  }
  store = await opened({ undelayed: of("user") });
  expect((await store.plan()).empty).toBe(true);
});
