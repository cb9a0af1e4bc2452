import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open } from "../../src/index.ts";
import { redisMissing, RedisServer } from "../servers/redis-server.ts";
import * as definitions from "./forest-shop.ts";
import { history } from "./open-test-store.ts";
import * as shop from "./shop.ts";
import { type Started, startWorkers } from "./start-workers.ts";

// Several processes over one store whose online part is in Redis, with a second version of a model as the shadow. The
// tests are one session, in their order.

const folder = mkdtempSync(path.join(tmpdir(), "asof-workers-redis-"));
const home = path.join(folder, "home");
const configuration = path.join(folder, "asof.config.ts");
const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
const customers = ["ann", "bob", "cyd"];
const PREDICTED = 30;

describe.skipIf(redisMissing)(`workers over Redis${redisMissing === null ? "" : ` (${redisMissing})`}`, () => {
  const stop = new AbortController();
  let redis: RedisServer;
  let started: Started;

  beforeAll(async () => {
    redis = await RedisServer.start();
    const online = { redis: { url: redis.url, timeout: "500ms" as const } };
    writeFileSync(
      configuration,
      `import { configure } from ${here("../../src/index.ts")};
       import * as definitions from ${here("./forest-shop.ts")};
       export default configure({ definitions, home: "home", online: ${JSON.stringify(online)},
         audit: { sample: 1, every: "500ms" } });`,
    );
    const file = path.join(folder, "payments.ndjson");
    writeFileSync(file, history());
    const first = await open({ home, definitions: { ...shop }, online });
    await first.apply();
    await first.load("payments", [file]);
    await first.train("fraud");
    await first.close();
    const store = await open({ home, definitions, online });
    await store.apply();
    await store.train("fraud", { promote: false });
    await store.promote("fraud", 2, { as: "shadow" });
    await store.materialize();
    await store.close();
    started = await startWorkers({ configuration, home, signal: stop.signal });
  });

  afterAll(async () => {
    stop.abort();
    await started.running;
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each over a connection of its own: they spread over the processes. */
  async function ask(route: string, body: unknown): Promise<{ status: number; body: Record<string, never> }> {
    const answer = await fetch(`${started.url}${route}`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, never> };
  }

  let paid = 0;
  async function pay(): Promise<void> {
    const payment = { amount: 2, cents: 7, points: null, ratio: null, refund: false };
    const at = new Date().toISOString();
    const records = customers.map((customer) => ({ ...payment, customer, at }));
    const answers = await Promise.all(records.map((record) => ask("/v1/events/payments", record)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    paid++;
  }

  const entities = customers.map((customer) => ({ customer }));
  const countsIn = (body: Record<string, never>): number[] =>
    (body["results"] as { values: Record<string, number> }[]).map(({ values }) => values["spending__payments_1d"]);

  /** Waits until several connections in turn find what was paid, all of it and no more. */
  async function expectCounts(): Promise<void> {
    const all = customers.map(() => paid);
    for (let inTurn = 0, until = Date.now() + 30_000; inTurn < 6;) {
      const { status, body } = await ask("/v1/features/fraud_features", { entities });
      if (status === 200 && countsIn(body).every((count) => count === paid)) inTurn++;
      else {
        inTurn = 0;
        if (Date.now() > until) expect({ status, counts: status === 200 ? countsIn(body) : body }).toEqual(all);
        await wait(50);
      }
    }
  }

  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\d+)$`, "m").exec(await (await fetch(`${started.url}/metrics`)).text())?.[1]);

  test("what one process accepts, all answer", async () => {
    for (let i = 0; i < 5; i++) await pay();
    await expectCounts();
  });

  test("views that are asked for without a service are counted, whoever answers", async () => {
    const asked = { features: ["spending:payments_1d"], entities: { customer: customers } };
    for (let i = 0; i < 6; i++) expect((await ask("/get-online-features", asked)).status).toBe(200);
    const all = 6 * customers.length;
    for (const until = Date.now() + 30_000; ;) {
      const counted = await metric(`asof_view_answers_total\\{view="spending"\\}`);
      if (counted === all) break;
      if (Date.now() > until) expect(counted).toBe(all);
      await wait(100);
    }
  });

  test("a shadow predicts in every process, once for each prediction, and is never what is answered", async () => {
    const answers = await Promise.all(
      Array.from({ length: PREDICTED }, (_, i) => ask("/v1/predict/fraud", { entities: [entities[i % 3]] })),
    );
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(JSON.stringify(body)).toMatch(/"version":1\b/);
    }
    const shadow = `\\{model="fraud",version="2"\\}`;
    for (const until = Date.now() + 30_000; ;) {
      const predicted = await metric(`asof_shadow_predictions_total${shadow}`);
      if (predicted === PREDICTED || Date.now() > until) {
        expect(predicted).toBe(PREDICTED);
        break;
      }
      await wait(100);
    }
    expect(await metric(`asof_shadow_errors_total${shadow}`)).toBe(0);
    expect(await metric(`asof_shadow_dropped_total${shadow}`)).toBe(0);
  });

  test("Redis away: coded errors from all, what is accepted meanwhile is counted once it is back", async () => {
    await redis.kill();
    const away = await Promise.all(
      Array.from({ length: 6 }, () => ask("/v1/features/fraud_features", { entities: entities.slice(0, 1) })),
    );
    expect(new Set(away.map(({ status }) => status))).toEqual(new Set([503]));
    expect(JSON.stringify(away.map(({ body }) => body))).not.toMatch(/"code":"(?!ASOF_ONLINE_UNAVAILABLE)/);
    await pay();
    await redis.start();
    await expectCounts();
  });

  test("everything that was answered is what history gives", async () => {
    for (const until = Date.now() + 30_000; ;) {
      const text = await (await fetch(`${started.url}/metrics`)).text();
      expect(text).not.toMatch(/asof_audit_differences_total\{.*\} [1-9]/);
      const audited = /asof_audit_answers_total\{kind="features",name="fraud_features"\} (\d+)/.exec(text)?.[1];
      if (Number(audited) >= 6) break;
      if (Date.now() > until) expect({ audited }).toBeNull();
      await wait(100);
    }
    // Predictions the audit takes up as they reach history: all of them are compared below.
    stop.abort();
    await started.running;
    const store = await open({ home, definitions, online: { redis: { url: redis.url } } });
    try {
      const outcome = await store.audit("fraud");
      expect(outcome).toMatchObject({ predictions: 2 * PREDICTED, different: 0 });
    } finally {
      await store.close();
    }
  });
});
