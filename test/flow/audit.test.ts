import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { headPrefix } from "../../src/core/codec/online-keys.ts";
import type { AuditReport } from "../../src/core/result/monitoring.ts";
import { HOUR, MINUTE } from "../../src/core/time/timestamp.ts";
import {
  aggregateView,
  count,
  featureService,
  gradientBoostedTrees,
  min,
  model,
  open,
  type Store,
  sum,
} from "../../src/index.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import { history, now } from "./open-test-store.ts";
import * as shop from "./shop.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-audit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rounds come so seldom that only those happen that a test asks for. */
const all = { sample: 1, every: "1d" } as const;

let homes = 0;
async function trained(): Promise<{ home: string; store: Store }> {
  const home = path.join(folder, `home-${homes++}`);
  const file = path.join(folder, "payments.ndjson");
  writeFileSync(file, history());
  const store = await open({ definitions: shop, home, clock: { simulated: now }, audit: all });
  await store.apply();
  await store.load("payments", [file]);
  await store.train("fraud");
  await store.materialize();
  return { home, store };
}

const reopen = (home: string, definitions: Readonly<Record<string, unknown>> = shop): Promise<Store> =>
  open({ definitions, home, clock: { simulated: now + HOUR }, audit: all });

const customers = [...Array.from({ length: 40 }, (_, i) => `calm-${i}`), "hasty-0", "hasty-1", "nobody"].map(
  (customer) => ({ customer }),
);

const target = ({ targets }: AuditReport, kind: string, name: string): AuditReport["targets"][number] =>
  targets.find((one) => one.kind === kind && one.name === name)!;

const payment = (customer: string, i: number): Readonly<Record<string, unknown>> => ({
  at: now - MINUTE + i,
  customer,
  amount: 0.1 * i,
  cents: i,
  refund: false,
});

describe("a healthy store", () => {
  let home: string;
  let store: Store;
  beforeAll(async () => ({ home, store } = await trained()));
  afterAll(() => store.close());

  test("serves what history gives: under load, with loads and restarts in between", async () => {
    for (let round = 0; round < 6; round++) {
      const ingesting = Promise.all(
        customers.slice(0, 30).map(({ customer }, i) => store.ingest("payments", [payment(customer, round * 100 + i)])),
      );
      for (let i = 0; i < 10; i++) {
        await store.features(shop.fraudFeatures, customers);
        await store.features(shop.checkout, { customer: "calm-1", basket: i / 3, opened: now });
        await store.predict(shop.fraud, customers.slice(i));
      }
      await ingesting;
      if (round === 1 || round === 3) {
        // What was answered before does not hold this load, though it is of records from before.
        const file = path.join(folder, `late-${round}.ndjson`);
        const rows = customers.map(({ customer }, i) => ({ ...payment(customer, i), at: now - 3 * HOUR - i }));
        writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
        await store.load("payments", [file]);
      }
      if (round === 3) await store.materialize();
      if (round === 2) {
        expect(await store.auditServed()).toMatchObject({ waiting: 0, different: 0, dropped: 0 });
        await store.close();
        store = await reopen(home);
      }
    }
    const report = await store.auditServed();
    expect(report).toMatchObject({ running: true, different: 0, dropped: 0, waiting: 0, lag: 0, failures: 0 });
    expect(report.targets.flatMap(({ examples }) => examples)).toEqual([]);
    expect(target(report, "features", "fraud_features").answers).toBe(6 * 10 * customers.length);
    expect(target(report, "features", "checkout").answers).toBe(6 * 10);
    const predicted = 6 * customers.reduce((sum, _, i) => sum + (i < 10 ? customers.length - i : 0), 0);
    const predictions = target(report, "predict", "fraud");
    expect(predictions.answers).toBe(predicted);
    expect(predictions.features["prediction"]).toEqual({ compared: predicted, different: 0 });
    expect(target(report, "features", "checkout").features["basket__size"]).toEqual({ compared: 60, different: 0 });
    expect(predictions.features["spending__payments_1d"].compared).toBe(predicted);
  });

  test("goes on after a restart: predictions in the log are audited, answers in memory are counted as dropped", async () => {
    const before = await store.auditServed();
    await store.predict(shop.fraud, customers.slice(0, 7));
    await store.features(shop.fraudFeatures, customers.slice(0, 5));
    // Predictions wait for the audit once they are on disk, which their answers do not wait for.
    await expect.poll(async () => (await store.monitoring()).audit.waiting).toBe(12);
    const { audit } = await store.monitoring();
    expect(audit.lag).toBeGreaterThanOrEqual(0);
    await store.close();
    store = await reopen(home);
    expect((await store.monitoring()).audit).toMatchObject({ compared: before.compared, dropped: 5 });
    const after = await store.auditServed();
    expect(target(after, "predict", "fraud").answers).toBe(target(before, "predict", "fraud").answers + 7);
    expect(after).toMatchObject({ different: 0, answers: before.answers + 7 });
    // And each only once.
    expect((await store.auditServed()).answers).toBe(after.answers);
  });

  test("leaves out what was answered under another definition", async () => {
    const before = await store.auditServed();
    await store.predict(shop.fraud, customers);
    await store.close();
    const other = changedShop();
    store = await reopen(home, other);
    await store.apply();
    await store.materialize();
    expect(target(await store.auditServed(), "predict", "fraud")).toMatchObject({ answers: 0, compared: 0 });
    const [answer] = await store.predict("fraud", [{ customer: "calm-1" }]);
    expect(target(await store.auditServed(), "predict", "fraud")).toMatchObject({ answers: 1, different: 0 });
    await store.close();
    store = await reopen(home);
    await store.apply();
    await store.materialize();
    const [former] = await store.predict("fraud", [{ customer: "calm-1" }]);
    // The two definitions do differ in what they answer.
    expect(former.features.values["spending__cents_1d"]).not.toBe(answer.features.values["spending__cents_1d"]);
    const after = target(await store.auditServed(), "predict", "fraud");
    expect(after).toMatchObject({ answers: 1, different: 0 });
    expect(before.answers).toBeGreaterThan(1);
  });
});

/** The shop's model over a view that differs in what a feature is, not in the feature's name and type. */
function changedShop(): Readonly<Record<string, unknown>> {
  const spending = aggregateView("spending", {
    source: shop.payments,
    entity: shop.customer.from({ customer: "customer" }),
    features: {
      payments: count().over("1d"),
      amount: sum("amount").over("1d"),
      cents: min("cents").over("1d"),
    },
  });
  const riskFeatures = featureService("risk_features", [spending]);
  const fraud = model("fraud", {
    features: riskFeatures,
    examples: { source: shop.payments, at: "at" },
    label: "refund",
    split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
    trainer: gradientBoostedTrees(),
  });
  return { customer: shop.customer, payments: shop.payments, spending, riskFeatures, fraud };
}

describe("a difference", () => {
  test("is found where an online state's bytes are another's, with the feature and an example", async () => {
    const { home, store: first } = await trained();
    await first.ingest("payments", [...[1, 2, 3].map((i) => payment("calm-3", i)), payment("calm-4", 4)]);
    await first.settled();
    await first.close();
    await swapStates(home, "calm-3", "calm-4");
    const store = await reopen(home);
    try {
      const asked = { customer: "calm-3" };
      const served = await store.features(shop.fraudFeatures, asked);
      const [predicted] = await store.predict("fraud", [asked]);
      await store.features(shop.fraudFeatures, { customer: "calm-5" });
      const report = await store.auditServed();
      const features = target(report, "features", "fraud_features");
      expect(features.answers).toBe(2);
      expect(features.features["spending__payments_1d"]).toEqual({ compared: 2, different: 1 });
      expect(features.examples).toContainEqual({
        what: "spending__payments_1d",
        t: served.t,
        request: asked,
        loads: served.loads,
        served: String(served.values.spending__payments_1d),
        recomputed: "3",
        id: null,
      });
      expect(served.values.spending__payments_1d).not.toBe(3);
      const predictions = target(report, "predict", "fraud");
      expect(predictions.features["spending__payments_1d"]).toEqual({ compared: 1, different: 1 });
      expect(predictions.features["status spending"]).toEqual({ compared: 1, different: 0 });
      expect(predictions.examples.find(({ what }) => what === "spending__payments_1d")?.id).toBe(predicted.id);
      expect(report.different).toBe(features.different + predictions.different);
    } finally {
      await store.close();
    }
    // It is not forgotten.
    const later = await reopen(home);
    try {
      const { audit } = await later.monitoring();
      expect(target(audit, "features", "fraud_features").features["spending__payments_1d"].different).toBe(1);
      expect(target(audit, "features", "fraud_features").examples.length).toBeGreaterThan(0);
    } finally {
      await later.close();
    }
  });

  test("is found while serving over HTTP, by a round of its own", async () => {
    const { home, store: first } = await trained();
    await first.ingest("payments", [...[1, 2, 3].map((i) => payment("calm-3", i)), payment("calm-4", 4)]);
    await first.settled();
    await first.close();
    await swapStates(home, "calm-3", "calm-4");
    const store = await open({
      definitions: shop,
      home,
      clock: { simulated: now + HOUR },
      audit: { sample: 1, every: "20ms" },
    });
    const server = await serve(store, { port: 0 });
    try {
      const response = await fetch(`${server.url}/v1/features/fraud_features`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ entities: [{ customer: "calm-3" }] }),
      });
      expect(response.status).toBe(200);
      for (;;) {
        const audit = (await (await fetch(`${server.url}/v1/audit`)).json()) as AuditReport;
        if (audit.answers === 0) continue;
        expect(audit.different).toBeGreaterThan(0);
        expect(target(audit, "features", "fraud_features").examples[0]).toMatchObject({
          request: { customer: "calm-3" },
        });
        break;
      }
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(metrics).toMatch(
        /^asof_audit_differences_total\{kind="features",name="fraud_features",feature="spending__payments_1d"\} 1$/m,
      );
    } finally {
      await server.close();
      await store.close();
    }
  });
});

describe("a key that is forgotten", () => {
  test("takes what was answered before out of the audit, and is in none of its examples", async () => {
    const { home, store: first } = await trained();
    await first.ingest("payments", [...[1, 2, 3].map((i) => payment("calm-14", i)), payment("calm-15", 4)]);
    await first.settled();
    await first.close();
    await swapStates(home, "calm-14", "calm-15");
    let store = await reopen(home);
    try {
      const asked = [{ customer: "calm-14" }, { customer: "calm-15" }];
      await store.features("fraud_features", asked);
      const { different, answers } = await store.auditServed();
      expect(different).toBeGreaterThan(0);
      // These wait: in memory, and in the served log.
      await store.features("fraud_features", asked);
      await store.predict("fraud", asked);
      expect(await store.forget("customer", { customer: "calm-14" })).toMatchObject({
        erased: true,
        proof: { records: 0, online: 0, files: [] },
      });
      const after = await store.auditServed();
      expect(after).toMatchObject({ different, answers, waiting: 0 });
      expect(after.targets.flatMap(({ examples }) => examples)).toEqual([]);
      await store.features("fraud_features", asked);
      await store.predict("fraud", asked);
      expect(await store.auditServed()).toMatchObject({ different, answers: answers + 4 });
      await store.close();
      store = await reopen(home);
      expect(await store.auditServed()).toMatchObject({ different, answers: answers + 4 });
    } finally {
      await store.close();
    }
  });
});

/** Gives each of two customers the other's state in the online store. */
async function swapStates(home: string, one: string, other: string): Promise<void> {
  const online = await openLmdb(path.join(home, "online"));
  try {
    const heads: (readonly [Uint8Array, Uint8Array])[] = [];
    for (let state = 0; state < 10; state++) for await (const head of online.scan(headPrefix(state))) heads.push(head);
    const keysOf = (customer: string): (readonly [Uint8Array, Uint8Array])[] =>
      heads.filter(([key]) => Buffer.from(key).toString("latin1").endsWith(customer));
    const [a, b] = [keysOf(one), keysOf(other)];
    expect([a.length, b.length]).toEqual([1, 1]);
    await online.commit([
      [a[0][0], b[0][1]],
      [b[0][0], a[0][1]],
    ]);
    await online.flushed();
  } finally {
    await online.close();
  }
}
