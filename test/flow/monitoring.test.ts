import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import type { MonitoringReport } from "../../src/core/result/monitoring.ts";
import { formatTimestamp, HOUR, MINUTE, SECOND } from "../../src/core/time/timestamp.ts";
import { open, type Store } from "../../src/index.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { history, now, openTestStore } from "./open-test-store.ts";
import { schemaValidator } from "./schema-validator.ts";
import * as shop from "./shop.ts";

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers are what is tested

const folder = mkdtempSync(path.join(tmpdir(), "asof-monitoring-"));
const home = path.join(folder, "home");
const reopen = (): Promise<Store> =>
  open({ definitions: shop, home, clock: { simulated: now + HOUR }, audit: { sample: 1, every: "1d" } });

let store: Store;
let server: RunningServer;

beforeAll(async () => {
  const file = path.join(folder, "payments.ndjson");
  writeFileSync(file, history());
  store = await open({ definitions: shop, home, clock: { simulated: now }, audit: { sample: 1, every: "1d" } });
  await store.apply();
  await store.load("payments", [file]);
  await store.train("fraud");
  await store.materialize();
  server = await serve(store, { port: 0 });
});
afterAll(async () => {
  await server.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const payment = (customer: string, at: number): Readonly<Record<string, unknown>> => ({
  at,
  customer,
  amount: 12,
  cents: 7,
  refund: false,
});

const get = async (url: string): Promise<Response> => fetch(`${server.url}${url}`);
const post = (url: string, body: unknown): Promise<Response> =>
  fetch(`${server.url}${url}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const freshnessOf = ({ sources }: MonitoringReport): MonitoringReport["sources"][number] =>
  sources.find(({ source }) => source === "payments")!;
const ratesOf = ({ services }: MonitoringReport, name: string): MonitoringReport["services"][number] =>
  services.find(({ service }) => service === name)!;

// The tests are one session, in their order.
describe("freshness", () => {
  test("is that of the newest record loaded, before any is streamed", async () => {
    const [newest] = (await store.status()).offline.sources;
    const found = freshnessOf(await store.monitoring());
    expect(found.newestEvent).toBe(newest.maxEvent);
    expect(found.eventAge).toBe(now - newest.maxEvent!);
  });

  test("is that of the newest record streamed, whatever came after it", async () => {
    const at = now - 10 * SECOND;
    await store.ingest("payments", [payment("ann", at)]);
    const { stamp } = await store.ingest("payments", [payment("bob", at - HOUR), payment("bob", at - MINUTE)]);
    await store.settled();
    const report = await store.monitoring();
    expect(freshnessOf(report)).toMatchObject({ newestEvent: at, newestAvailable: stamp + 1 });
    expect(report.log.unfolded).toBe(0);
    expect(report.log.folded).toBe(report.log.end);
    expect(report.freshness).toBeGreaterThanOrEqual(0);
  });

  test("is the same after a restart, from the log", async () => {
    const before = freshnessOf(await store.monitoring());
    await server.close();
    await store.close();
    store = await reopen();
    server = await serve(store, { port: 0 });
    const after = freshnessOf(await store.monitoring());
    expect([after.newestEvent, after.newestAvailable]).toEqual([before.newestEvent, before.newestAvailable]);
    expect(after.eventAge).toBeGreaterThanOrEqual(HOUR + 10 * SECOND);
  });
});

describe("rates", () => {
  const customers = ["ann", "bob", "nobody", "calm-1", "no one else"].map((customer) => ({ customer }));
  const nullsOf = (answers: readonly FeatureAnswer[], name: string): number =>
    answers.filter(({ values }) => values[name] === null).length;

  test("count what was answered, for features and for predictions", async () => {
    const answers: FeatureAnswer[] = [...(await store.features("fraud_features", customers))];
    for (let i = 0; i < 3; i++) answers.push(...(await store.features("fraud_features", customers)));
    const predictions = await store.predict(shop.fraud, customers);
    const report = await store.monitoring();
    const features = ratesOf(report, "fraud_features");
    expect(features.answers).toBe(20);
    expect(Object.keys(features.features)).toEqual(Object.keys(answers[0].values));
    for (const [name, nulls] of Object.entries(features.features)) expect(nulls, name).toBe(nullsOf(answers, name));
    expect(features.views).toEqual([
      {
        view: "spending",
        notFound: 0,
        expired: 0,
        overflow: 0,
        nulls: Object.values(features.features).reduce((sum, nulls) => sum + nulls, 0),
        values: 20 * 5,
      },
    ]);
    expect(features.views[0].nulls).toBeGreaterThan(0);
    const risk = ratesOf(report, "risk_features");
    expect(risk.answers).toBe(5);
    expect(risk.features["spending__amount_1d"]).toBe(
      nullsOf(
        predictions.map((one) => one.features as FeatureAnswer),
        "spending__amount_1d",
      ),
    );
  });

  test("do not count answers as of the past", async () => {
    const before = ratesOf(await store.monitoring(), "fraud_features").answers;
    await store.features("fraud_features", customers, { at: now - HOUR });
    expect(ratesOf(await store.monitoring(), "fraud_features").answers).toBe(before);
  });
});

describe("times of views", () => {
  test("are taken of one request in 251 for each service, and tell of each view", async () => {
    const other = await openTestStore();
    try {
      for (let i = 0; i < 510; i++) {
        await other.features("checkout", [{ customer: `calm-${i}`, basket: 1, opened: now }]);
        await other.features("fraud_features", [{ customer: `calm-${i}` }, { customer: "nobody" }]);
      }
      const { viewTimes } = await other.monitoring();
      const counted = viewTimes.map(({ view, buckets, sum }) => [view, buckets.reduce((a, b) => a + b), sum > 0]);
      expect(Object.fromEntries(counted.map(([view, ...rest]) => [view, rest]))).toEqual({
        spending: [4, true],
        basket: [2, true],
      });
    } finally {
      await other.close();
    }
  });
});

describe("drift", () => {
  test("is told of the promoted version, of what it was served with", async () => {
    const { drift } = await store.monitoring();
    expect(drift).toHaveLength(1);
    expect(drift[0]).toMatchObject({ model: "fraud", version: 1, predictions: 5 });
    expect(drift[0].features.map(({ feature }) => feature)).toEqual([
      "spending__payments_1d",
      "spending__amount_1d",
      "spending__cents_1d",
    ]);
    for (const { trained, served } of drift[0].features) {
      expect(trained.rows).toBe((await store.models("fraud"))[0].trainingSet.rows);
      expect(served.rows).toBe(5);
    }
  });

  test("is much where the model is asked for what it was not trained on", async () => {
    for (let i = 0; i < 60; i++)
      await store.predict(
        shop.fraud,
        Array.from({ length: 5 }, () => ({ customer: "new" })),
      );
    const [{ features }] = (await store.monitoring()).drift;
    const amount = features.find(({ feature }) => feature === "spending__amount_1d")!;
    expect(amount.psi).toBeGreaterThan(0.25);
    expect(amount.chance).toBeLessThan(0.1);
    expect(amount.served.nulls).toBeGreaterThan(300);
  });

  test("begins anew with another version", async () => {
    await store.train("fraud");
    await store.predict(shop.fraud, { customer: "ann" });
    const { drift } = await store.monitoring();
    expect(drift).toMatchObject([{ version: 2, predictions: 1 }]);
    await store.promote("fraud", 1);
    expect((await store.monitoring()).drift).toMatchObject([{ version: 1, predictions: 305 }]);
  });
});

describe("what is watched", () => {
  const plain = ({ services, drift, audit, sources }: MonitoringReport): object => ({
    services,
    drift: drift.map((model) => ({ ...model, since: null })),
    audit: audit.targets,
    newest: sources.map(({ newestEvent }) => newestEvent),
  });

  test("goes on after a restart", async () => {
    await store.auditServed();
    const before = await store.monitoring();
    await server.close();
    await store.close();
    store = await reopen();
    server = await serve(store, { port: 0 });
    expect(plain(await store.monitoring())).toEqual(plain(before));
  });

  test("is told to processes that read, too", async () => {
    const reader = await open({ definitions: shop, home, clock: { simulated: now + HOUR } });
    try {
      const [here, there] = [await store.monitoring(), await reader.monitoring()];
      expect(plain(there)).toEqual(plain(here));
      expect([here.audit.running, there.audit.running]).toEqual([true, false]);
      await expect(reader.auditServed()).rejects.toMatchObject({ code: "ASOF_HOME_LOCKED" });
    } finally {
      await reader.close();
    }
  });

  test.each(["/v1/audit", "/v1/drift", "/v1/status"])("is answered by %s as it is described", async (route) => {
    const { paths } = (await (await get("/openapi.json")).json()) as Json;
    const answer: unknown = await (await get(route)).json();
    const { schema } = paths[route].get.responses["200"].content["application/json"];
    expect((await schemaValidator(schema))(answer)).toBeNull();
  });

  test("is the same in the status as in routes of its own", async () => {
    const status = (await (await get("/v1/status")).json()) as Json;
    const audit = (await (await get("/v1/audit")).json()) as Json;
    expect(status["audit"]).toEqual(audit);
    expect(status["drift"]).toEqual(((await (await get("/v1/drift")).json()) as Json)["models"]);
    const report = await store.monitoring();
    expect(status["services"]).toEqual(report.services);
    expect(status["sources"][0].newestEvent).toBe(formatTimestamp(freshnessOf(report).newestEvent!));
    expect(audit["different"]).toBe(0);
    expect(audit["answers"]).toBe(report.audit.answers);
    expect(audit["answers"]).toBeGreaterThan(300);
  });

  test("is there as metrics that Prometheus can read", async () => {
    await post("/v1/features/fraud_features", { entities: [{ customer: "ann" }] });
    await post("/v1/features/fraud_features", { entities: [{ client: "ann" }] });
    await get("/nowhere");
    const report = await store.monitoring();
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await response.text();
    const value = /^[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? (\S+)$/;
    const seen = new Set<string>();
    for (const line of text.trimEnd().split("\n")) {
      if (line.startsWith("# HELP ") || line.startsWith("# TYPE ")) continue;
      expect(line).toMatch(value);
      expect(Number(value.exec(line)![2])).not.toBeNaN();
      const series = line.slice(0, line.lastIndexOf(" "));
      expect(seen.has(series), series).toBe(false);
      seen.add(series);
    }
    const has = (series: string, number: number): void => expect(text.split("\n")).toContain(`${series} ${number}`);
    has('asof_http_requests_total{method="POST",route="/v1/features/{service}",status="200"}', 1);
    has('asof_http_requests_total{method="POST",route="/v1/features/{service}",status="400"}', 1);
    has('asof_http_requests_total{method="GET",route="",status="404"}', 1);
    has('asof_served_answers_total{service="fraud_features"}', ratesOf(report, "fraud_features").answers);
    has("asof_log_end_position", report.log.end);
    has("asof_log_folded_position", report.log.folded);
    has("asof_log_unfolded_records", 0);
    const payments = report.audit.targets.find(({ name }) => name === "fraud")!.features["spending__payments_1d"];
    const labels = '{kind="predict",name="fraud",feature="spending__payments_1d"}';
    has(`asof_audit_comparisons_total${labels}`, payments.compared);
    has(`asof_audit_differences_total${labels}`, 0);
    has('asof_source_event_age_seconds{source="payments"}', freshnessOf(report).eventAge! / SECOND);
    const [{ features }] = report.drift;
    for (const { feature, psi, ks } of features) {
      has(`asof_drift_psi{model="fraud",version="1",feature="${feature}"}`, psi!);
      has(`asof_drift_ks{model="fraud",version="1",feature="${feature}"}`, ks!);
    }
  });
});
