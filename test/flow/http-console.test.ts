// What HTTP offers for the console, without a browser: its files, the live events, samples, and what is set going.
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClassificationMetrics } from "../../src/core/metrics/metrics.ts";
import type { RunReport } from "../../src/core/result/status.ts";
import type { ModelEvaluation } from "../../src/core/result/evaluation.ts";
import type { Store } from "../../src/index.ts";
import { consolePages } from "../../src/surfaces/http/console/serve-console.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { verifyStore } from "../../src/surfaces/verify/verify-store.ts";
import { now, openTestStore } from "./open-test-store.ts";
import * as shop from "./shop.ts";
import { schemaValidator } from "./schema-validator.ts";

let store: Store;
let server: RunningServer;

const addedLatency = { milliseconds: 0 };

beforeAll(async () => {
  store = await openTestStore({ addedLatency });
  const { home } = await store.status();
  const configuration = { definitions: { ...shop }, home, clock: { simulated: now } };
  server = await serve(store, {
    port: 0,
    logger: false,
    demo: addedLatency,
    verify: (minutes) => verifyStore({ store, configuration, minutes, signal: new AbortController().signal }),
  });
});

afterAll(async () => {
  await server.close();
  await store.close();
});

async function asked(path: string, body?: unknown, method = body === undefined ? "GET" : "POST") {
  const response = await fetch(server.url + path, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as never };
}

/** The data of the next event of a stream. */
async function nextEvent(reader: ReadableStreamDefaultReader<string>): Promise<{
  status: { log: { end: number } };
  requests: { route: string; requests: number; p50: number; p99: number }[];
}> {
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the stream ended after ${text}`);
    text += value;
    const event = /event: live\ndata: (.*)\n\n/.exec(text);
    if (event !== null) return JSON.parse(event[1]) as never;
  }
}

const payment = (customer: string) => ({ at: now, customer, amount: 1, cents: 1, refund: false });

describe("GET /v1/live", () => {
  test("tells the status again and again, with how long requests take, until the server ends it", async () => {
    const mine = await serve(store, { port: 0, logger: false });
    const response = await fetch(`${mine.url}/v1/live`);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = await nextEvent(reader);
    const description = (await (await fetch(`${mine.url}/openapi.json`)).json()) as {
      paths: Record<string, { get: { responses: Record<string, { content: Record<string, { schema: object }> }> } }>;
    };
    const { schema } = description.paths["/v1/live"].get.responses["200"].content["text/event-stream"];
    expect((await schemaValidator(schema as never))(first)).toBeNull();
    await store.ingest("payments", [payment("ann")]);
    const ask = (body: object) =>
      fetch(`${mine.url}/v1/features/fraud_features`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    await ask({ entities: [{ customer: "ann" }] });
    await ask({ entities: [{ customer: "ann" }], at: now });
    let last = first;
    while (last.status.log.end === first.status.log.end || last.requests.length < 2) last = await nextEvent(reader);
    expect(last.status.log.end).toBe(first.status.log.end + 1);
    const times = new Map(last.requests.map((one) => [one.route, one]));
    // Answers of the present are told apart from those of history, which take longer.
    expect(times.get("/v1/features/{service}")).toMatchObject({ requests: 1 });
    expect(times.get("/v1/features/{service}, of the past")).toMatchObject({ requests: 1 });
    expect(times.has("/v1/live")).toBe(false);
    for (const { p50, p99 } of times.values()) expect(p99).toBeGreaterThanOrEqual(p50);
    const [ended] = await Promise.all([
      reader.read().then(async function drain({ done }): Promise<boolean> {
        return done || drain(await reader.read());
      }),
      mine.close(),
    ]);
    expect(ended).toBe(true);
  });
});

describe("GET /v1/samples", () => {
  test("shows records of a source with their times", async () => {
    const { body } = await asked("/v1/samples/payments?rows=3");
    const { records } = body as { records: { row: Record<string, unknown>; event: string; available: string }[] };
    expect(records).toHaveLength(3);
    expect(records.map(({ event }) => event)).toEqual(
      records
        .map(({ event }) => event)
        .toSorted()
        .toReversed(),
    );
    expect(records[0].row["at"]).toBe(records[0].event);
  });

  test.each([
    ["/v1/samples/nothing", 404, "ASOF_UNKNOWN_SOURCE"],
    ["/v1/samples/payments?rows=0", 400, "ASOF_REQUEST"],
    ["/v1/samples/payments?rows=101", 400, "ASOF_REQUEST"],
    ["/v1/samples/payments?lines=1", 400, "ASOF_REQUEST"],
  ])("%s is refused", async (path, status, code) => {
    expect(await asked(path)).toMatchObject({ status, body: { error: { code } } });
  });
});

describe("GET /v1/distribution", () => {
  test("tells how a feature is spread in training and in serving", async () => {
    for (const customer of ["calm-1", "hasty-0", "hasty-1"])
      await asked("/v1/predict/fraud", { entities: [{ customer }] });
    const { body } = await asked("/v1/distribution/fraud?feature=spending__amount_1d");
    const { version, histogram } = body as {
      version: number;
      histogram: { edges: number[]; trained: number[]; served: number[] };
    };
    expect(version).toBe(1);
    expect(histogram.edges).toHaveLength(histogram.trained.length + 1);
    const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);
    const { drift } = await store.monitoring();
    const { trained, served } = drift[0].features.find(({ feature }) => feature === "spending__amount_1d")!;
    expect(sum(histogram.trained)).toBe(trained.rows - trained.nulls);
    expect(sum(histogram.served)).toBe(served.rows - served.nulls);
    expect(served.rows).toBeGreaterThanOrEqual(3);
    expect(await asked("/v1/distribution/fraud?feature=nothing")).toMatchObject({ body: { histogram: null } });
  });

  test.each([
    ["/v1/distribution/nothing?feature=a", "ASOF_UNKNOWN_MODEL"],
    ["/v1/distribution/fraud", "ASOF_REQUEST"],
  ])("%s is refused", async (path, code) => {
    expect(await asked(path)).toMatchObject({ body: { error: { code } } });
  });
});

describe("GET /v1/models/{model}/evaluation", () => {
  test("tells the ROC curve on held-out time, and which features matter, of a version or of the one that serves", async () => {
    const [{ heldOut, metrics }] = await store.models("fraud");
    const { body } = await asked("/v1/models/fraud/evaluation");
    const { findings, ...about } = body as ModelEvaluation;
    expect(about).toEqual({ model: "fraud", version: 1 });
    const { roc, importance } = findings!;
    expect(roc!.positives + roc!.negatives).toBe(heldOut.rows);
    expect(roc!.points.at(-1)).toMatchObject({ truePositives: roc!.positives, falsePositives: roc!.negatives });
    const { auc } = metrics as ClassificationMetrics;
    expect(importance).toMatchObject({ metric: "auc", value: auc, rows: heldOut.rows });
    const names = importance!.features.map(({ feature }) => feature).toSorted();
    expect(names).toEqual(["spending__cents_1d", "spending__payments_1d"]);
    // Refunds are told by how quickly payments follow one another, and by nothing else.
    expect(importance!.features[0].worse).toBeGreaterThan(0.05);
    expect(await asked("/v1/models/fraud/evaluation?version=1")).toMatchObject({ body });
  });

  test("says so of a version that was trained before that was kept", async () => {
    const registry = new DatabaseSync(path.join((await store.status()).home, "registry.sqlite"));
    const { details } = registry.prepare("select details from model_version").get() as { details: string };
    const set = registry.prepare("update model_version set details = ?");
    try {
      const { findings: _, ...before } = JSON.parse(details) as Record<string, unknown>;
      set.run(JSON.stringify(before));
      expect(await asked("/v1/models/fraud/evaluation")).toMatchObject({ status: 200, body: { findings: null } });
      set.run(JSON.stringify({ ...before, findings: { roc: 1 } }));
      expect(await asked("/v1/models/fraud/evaluation")).toMatchObject({ body: { error: { code: "ASOF_CORRUPT" } } });
    } finally {
      set.run(details);
      registry.close();
    }
  });

  test.each([
    ["/v1/models/nothing/evaluation", "ASOF_UNKNOWN_MODEL"],
    ["/v1/models/fraud/evaluation?version=7", "ASOF_UNKNOWN_MODEL_VERSION"],
    ["/v1/models/fraud/evaluation?version=one", "ASOF_REQUEST"],
  ])("%s is refused", async (path, code) => {
    expect(await asked(path)).toMatchObject({ body: { error: { code } } });
  });
});

describe("what is set going", () => {
  test("step 2 again, and step 3: another version, that does not serve unless it is to", async () => {
    // The shop has no batch views.
    expect(await asked("/v1/compute", {})).toMatchObject({ status: 200, body: { views: [] } });
    const trained = await asked("/v1/train/fraud", {});
    expect(trained).toMatchObject({ status: 200, body: { model: "fraud", version: 2, promoted: false } });
    expect((await store.models("fraud")).map(({ promoted }) => promoted)).toEqual([true, false]);
    const { runs } = (await asked("/v1/runs?kind=train&limit=1")).body as { runs: RunReport[] };
    // What it came to do is on record, with when it did.
    const { log, progress } = runs[0];
    expect(progress).toBeNull();
    expect(log.map(({ text }) => text)).toEqual([
      "read examples",
      "join features",
      "train gradientBoostedTrees",
      "measure",
      "done",
    ]);
    expect(log.map(({ seconds }) => seconds).toSorted((a, b) => a - b)).toEqual(log.map(({ seconds }) => seconds));
  });

  test("a verification, of which there is a run that tells its progress and what it found", async () => {
    const verified = asked("/v1/verify", { minutes: 0.02 });
    const newest = async (): Promise<RunReport> => {
      const { runs } = (await asked("/v1/runs?limit=1")).body as { runs: RunReport[] };
      return runs[0];
    };
    await expect
      .poll(newest, { timeout: 15_000, interval: 10 })
      .toMatchObject({ kind: "verify", state: "running", progress: { phase: "verify", unit: "rows" } });
    const { status, body } = await verified;
    expect([status, body]).toMatchObject([200, { different: 0 }]);
    const { compared } = body as { compared: number };
    expect(compared).toBeGreaterThan(100);
    expect(await newest()).toMatchObject({ state: "succeeded", rows: compared, progress: null, details: body });
  });

  test("a demo's online store is slowed down, which those who read it wait for", async () => {
    const ask = async (): Promise<number> => {
      const began = performance.now();
      expect(await asked("/v1/features/fraud_features", { entities: [{ customer: "ann" }] })).toMatchObject({
        status: 200,
      });
      return performance.now() - began;
    };
    expect((await asked("/v1/demo")).body).toEqual({ on: true, onlineLatency: 0 });
    expect((await asked("/v1/demo", { onlineLatency: 120 })).body).toEqual({ onlineLatency: 120 });
    try {
      expect((await asked("/v1/demo")).body).toEqual({ on: true, onlineLatency: 120 });
      expect(await ask()).toBeGreaterThanOrEqual(119);
      // What is taken in is folded all the same.
      await store.ingest("payments", [payment("slow-1")]);
      await store.settled();
    } finally {
      await asked("/v1/demo", { onlineLatency: 0 });
    }
    expect((await asked("/v1/demo")).body).toEqual({ on: true, onlineLatency: 0 });
  });

  test("what a server was not started for is refused, and says what it takes", async () => {
    const plain = await serve(store, { port: 0, logger: false });
    const ask = (path: string, body: object) =>
      fetch(`${plain.url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }).then(async (answer) => [answer.status, await answer.json()]);
    const refused = (offeredBy: string) => [409, { error: { code: "ASOF_NOT_OFFERED", details: { offeredBy } } }];
    expect(await ask("/v1/verify", {})).toMatchObject(refused("asof serve"));
    expect(await ask("/v1/demo", { onlineLatency: 1 })).toMatchObject(refused("asof serve --demo"));
    expect(await (await fetch(`${plain.url}/v1/demo`)).json()).toEqual({ on: false, onlineLatency: 0 });
    await plain.close();
  });

  test.each([
    ["/v1/compute", { views: "daily" }, "ASOF_REQUEST"],
    ["/v1/compute", { views: ["nothing"] }, "ASOF_UNKNOWN_VIEW"],
    ["/v1/compute", { view: [] }, "ASOF_REQUEST"],
    ["/v1/compute", [], "ASOF_REQUEST"],
    ["/v1/train/nothing", {}, "ASOF_UNKNOWN_MODEL"],
    ["/v1/train/fraud", { promote: 1 }, "ASOF_REQUEST"],
    ["/v1/verify", { minutes: 61 }, "ASOF_REQUEST"],
    ["/v1/demo", { onlineLatency: -1 }, "ASOF_REQUEST"],
    ["/v1/demo", {}, "ASOF_REQUEST"],
  ])("POST %s %j is refused", async (path, body, code) => {
    expect(await asked(path, body)).toMatchObject({ body: { error: { code } } });
  });
});

describe("Server-Timing", () => {
  const timed = async (path: string): Promise<string | null> => {
    const answer = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ entities: [{ customer: "ann" }] }),
    });
    expect([path, answer.status]).toEqual([path, path.endsWith("=maybe") ? 400 : 200]);
    await answer.text();
    return answer.headers.get("server-timing");
  };

  test.each([
    ["/v1/features/fraud_features", ["store", "decode", "compute", "total"]],
    ["/v1/predict/fraud", ["store", "decode", "compute", "model", "total"]],
  ])("%s tells what its parts took, where it is asked to", async (path, names) => {
    const header = (await timed(`${path}?timing=true`))!;
    const told = header.split(", ").map((part) => /^(\w+);dur=([\d.]+)$/.exec(part)!);
    expect(told.map(([, name]) => name)).toEqual(names);
    const took = told.map(([, , milliseconds]) => Number(milliseconds));
    const total = took.pop()!;
    expect(Math.min(...took)).toBeGreaterThan(0);
    expect(took.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(total + 0.001);
    expect(await timed(path)).toBe(null);
    expect(await timed(`${path}?timing=maybe`)).toBe(null);
  });
});

describe("what is set going", () => {
  test("promote, materialize, and the audit of what waits", async () => {
    expect(await asked("/v1/promote/fraud", { version: 1 })).toMatchObject({
      body: { model: "fraud", version: 1, role: "current", share: null },
    });
    expect(await asked("/v1/materialize", { views: ["spending"] })).toMatchObject({
      body: { views: [{ view: "spending", how: "unchanged" }] },
    });
    expect(await asked("/v1/materialize", {})).toMatchObject({ body: { views: [{ view: "spending" }] } });
    expect(await asked("/v1/audit", undefined, "POST")).toMatchObject({ body: { running: true, waiting: 0 } });
  });

  test.each([
    ["/v1/promote/fraud", { version: 7 }, "ASOF_UNKNOWN_MODEL_VERSION"],
    ["/v1/promote/nothing", { version: 1 }, "ASOF_UNKNOWN_MODEL"],
    ["/v1/promote/fraud", { version: "1" }, "ASOF_REQUEST"],
    ["/v1/promote/fraud", { version: 1, force: true }, "ASOF_REQUEST"],
    ["/v1/promote/fraud", [1], "ASOF_REQUEST"],
    ["/v1/promote/fraud", { version: 1, as: "best" }, "ASOF_REQUEST"],
    ["/v1/promote/fraud", { version: 1, as: "canary" }, "ASOF_REQUEST"],
    ["/v1/promote/fraud", { version: 1, as: "canary", share: 1.5 }, "ASOF_REQUEST"],
    ["/v1/promote/fraud", { version: 1, as: "shadow", share: 0.5 }, "ASOF_REQUEST"],
    ["/v1/promote/fraud", { version: 1, as: "shadow" }, "ASOF_MODEL_ROLE"],
    ["/v1/demote/fraud", { role: "current" }, "ASOF_REQUEST"],
    ["/v1/demote/nothing", { role: "canary" }, "ASOF_UNKNOWN_MODEL"],
    ["/v1/materialize", { views: ["nothing"] }, "ASOF_UNKNOWN_VIEW"],
    ["/v1/materialize", { views: "spending" }, "ASOF_REQUEST"],
    ["/v1/materialize", { view: ["spending"] }, "ASOF_REQUEST"],
  ])("%s with %j is refused", async (path, sent, code) => {
    expect(await asked(path, sent)).toMatchObject({ body: { error: { code } } });
  });
});

describe("the console's files", () => {
  test.each(consolePages)("%s is the one document, under a strict policy", async (page) => {
    const response = await fetch(server.url + page);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(await response.text()).toContain('<div id="root">');
  });

  test.each(["/assets/..%2findex.html", "/assets/../../package.json", "/index.html", "/features/more"])(
    "%s is none of them",
    async (path) => {
      expect((await fetch(server.url + path)).status).toBe(404);
    },
  );

  test("definitions tell of each feature what it is", async () => {
    const { body } = await asked("/v1/catalog");
    const { definitions } = body as { definitions: { name: string; features?: object[] }[] };
    const features = (name: string) => definitions.find((one) => one.name === name)?.features;
    expect(features("spending")).toContainEqual({
      name: "amount_1d",
      type: { kind: "float64", nullable: true },
      words: "sum of amount, over 1d, by hops of 1h",
    });
    expect(features("basket")).toContainEqual({
      name: "big",
      type: { kind: "boolean", nullable: false },
      words: null,
    });
    expect(features("payments")).toBeUndefined();
  });
});
