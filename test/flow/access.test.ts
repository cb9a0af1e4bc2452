import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FastifyInstance, InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Scope } from "../../src/core/access/grant.ts";
import type { CreateKeyOptions, CreatedKey } from "../../src/core/result/access.ts";
import { eventSource, featureService, gradientBoostedTrees, model, open, t } from "../../src/index.ts";
import type { Store } from "../../src/store.ts";
import { REVOKED_WITHIN } from "../../src/surfaces/http/access/gate.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import { RequestTimes } from "../../src/surfaces/http/live/request-times.ts";
import { OneOfAKind } from "../../src/surfaces/http/one-of-a-kind.ts";
import { RequestCounts } from "../../src/surfaces/http/request-counts.ts";
import type { Route } from "../../src/surfaces/http/route.ts";
import { routesOf } from "../../src/surfaces/http/routes.ts";
import * as shop from "./shop.ts";

// Who may do what: every route, with every kind of credential.

const folder = mkdtempSync(path.join(tmpdir(), "asof-access-"));
const others = {
  visits: eventSource("visits", { fields: { at: t.timestamp(), customer: t.string() }, eventTime: "at" }),
  otherFeatures: featureService("other_features", [shop.spending]),
  otherFraud: model("other_fraud", {
    features: shop.riskFeatures,
    examples: { source: shop.payments, at: "at" },
    label: "refund",
    split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
    trainer: gradientBoostedTrees(),
  }),
};
let store: Store;
let app: FastifyInstance;
const credentials = new Map<string, string | null>();

const LIVE = "/v1/live";

/** What each route takes, and a request of which nothing but the caller may be refused; `about` is what it names. */
interface Guarded {
  readonly scope: Scope | "public" | "any";
  readonly url: string;
  readonly body?: object;
  readonly about?: boolean;
}
const rows = { entities: [{ customer: "ann" }] };
const feast = { entities: { customer: ["ann"] } };
const guarded: Readonly<Record<string, Guarded>> = {
  postEvents: { scope: "ingest", url: "/v1/events/payments", body: {}, about: true },
  postRetractions: { scope: "ingest", url: "/v1/events/payments/retractions", body: {}, about: true },
  postCorrections: { scope: "ingest", url: "/v1/events/payments/corrections", body: {}, about: true },
  getFeatures: { scope: "read", url: "/v1/features/fraud_features", body: rows, about: true },
  predict: { scope: "predict", url: "/v1/predict/fraud", body: rows, about: true },
  explain: { scope: "read", url: "/v1/explain?feature=spending.payments_1d&keys=%7B%22customer%22%3A%22ann%22%7D" },
  explainByBody: { scope: "read", url: "/v1/explain", body: { feature: "spending.payments_1d", keys: {} } },
  getCatalog: { scope: "read", url: "/v1/catalog" },
  getStatus: { scope: "read", url: "/v1/status" },
  getRuns: { scope: "read", url: "/v1/runs" },
  getModels: { scope: "read", url: "/v1/models?model=fraud", about: true },
  getAudit: { scope: "read", url: "/v1/audit" },
  getDrift: { scope: "read", url: "/v1/drift" },
  getMetrics: { scope: "read", url: "/metrics" },
  auditNow: { scope: "admin", url: "/v1/audit", body: {} },
  getSamples: { scope: "read", url: "/v1/samples/payments?rows=1", about: true },
  streamLive: { scope: "read", url: LIVE },
  getSchedule: { scope: "read", url: "/v1/schedule" },
  compareModel: { scope: "read", url: "/v1/models/fraud/comparison", about: true },
  getEvaluation: { scope: "read", url: "/v1/models/fraud/evaluation", about: true },
  getDistribution: { scope: "read", url: "/v1/distribution/fraud?feature=spending__payments_1d", about: true },
  getServiceTypes: { scope: "read", url: "/v1/features/fraud_features", about: true },
  getModelTypes: { scope: "read", url: "/v1/predict/fraud", about: true },
  promote: { scope: "admin", url: "/v1/promote/fraud", body: { version: 1 } },
  demote: { scope: "admin", url: "/v1/demote/fraud", body: { role: "shadow" } },
  computeViews: { scope: "admin", url: "/v1/compute", body: { views: [] } },
  train: { scope: "admin", url: "/v1/train/fraud", body: { promote: "no" } },
  verify: { scope: "admin", url: "/v1/verify", body: {} },
  getDemo: { scope: "read", url: "/v1/demo" },
  slowDown: { scope: "admin", url: "/v1/demo", body: { onlineLatency: 1 } },
  materializeViews: { scope: "admin", url: "/v1/materialize", body: { views: [] } },
  forget: { scope: "admin", url: "/v1/forget/customer?dryRun=true", body: { customer: "nobody" } },
  getAuditLog: { scope: "admin", url: "/v1/audit-log" },
  getAccess: { scope: "any", url: "/v1/access" },
  getHealth: { scope: "public", url: "/health" },
  getReady: { scope: "public", url: "/ready" },
  getOpenApi: { scope: "read", url: "/openapi.json" },
  feastGetOnlineFeatures: {
    scope: "read",
    url: "/get-online-features",
    body: { ...feast, feature_service: "fraud_features" },
    about: true,
  },
  feastPush: { scope: "ingest", url: "/push", body: { push_source_name: "payments", df: {} }, about: true },
  feastWriteToOnlineStore: {
    scope: "ingest",
    url: "/write-to-online-store",
    body: { feature_view_name: "spending", df: {} },
  },
  feastMaterialize: { scope: "admin", url: "/materialize", body: {} },
  feastMaterializeIncremental: { scope: "admin", url: "/materialize-incremental", body: {} },
};
const feastIds = Object.keys(guarded).filter((id) => id.startsWith("feast"));

const all = { source: ["payments"], service: ["fraud_features"], model: ["fraud"] };
const wrong = { source: ["visits"], service: ["other_features"], model: ["other_fraud"] };

async function key(name: string, part: Partial<CreateKeyOptions>): Promise<CreatedKey> {
  const made = await store.keys.create({ name, scopes: ["read"], by: "user:ada", ...part });
  credentials.set(name, made.key);
  return made;
}

beforeAll(async () => {
  store = await open({ definitions: { ...shop, ...others }, home: path.join(folder, "home"), audit: false });
  await store.apply();
  await store.materialize();
  const everything: Scope[] = ["read", "predict", "ingest"];
  for (const scope of ["read", "predict", "ingest", "admin"] as const) await key(scope, { scopes: [scope] });
  await key("narrowed", { scopes: everything, only: all });
  await key("narrowed elsewhere", { scopes: everything, only: wrong });
  const { id } = await key("revoked", { scopes: ["admin"] });
  await store.keys.revoke(id, "user:ada");
  await key("expired", { scopes: ["admin"], expires: (Date.now() + 500) * 1000 });
  const good = credentials.get("admin")!;
  credentials.set("none", null);
  credentials.set("wrong secret", `${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}`);
  credentials.set("unknown", `asof_${"0".repeat(12)}_${"A".repeat(43)}`);
  credentials.set("no key", "Bearer");
  app = buildServer(store, { logger: false });
  await new Promise((resolve) => setTimeout(resolve, 600));
});
afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(
  { url, body }: Guarded,
  credential: string | null,
  method: InjectOptions["method"] = body === undefined ? "GET" : "POST",
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const answer = await app.inject({
    method,
    url,
    ...(body !== undefined && { payload: body }),
    headers: credential === null ? {} : { authorization: `Bearer ${credential}` },
    payloadAsStream: url === LIVE,
  });
  const { statusCode: status, headers } = answer;
  if (url !== LIVE) return { status, body: answer.body, headers };
  // It never ends where it is let in.
  const stream = answer.stream();
  let text = "";
  if (status !== 200) for await (const chunk of stream) text += String(chunk);
  stream.destroy();
  return { status, body: text, headers };
}

/** What a credential comes to at a route. */
function expected({ scope, about }: Guarded, credential: string): "let in" | 401 | 403 {
  if (scope === "public") return "let in";
  if (["none", "wrong secret", "unknown", "no key", "expired", "revoked"].includes(credential)) return 401;
  if (scope === "any") return "let in";
  if (credential === "narrowed") return scope !== "admin" && about === true ? "let in" : 403;
  if (credential === "narrowed elsewhere") return 403;
  return credential === "admin" || credential === scope ? "let in" : 403;
}

function theRoutes(): readonly Route[] {
  return routesOf(
    {
      store,
      maxRows: 1,
      requests: new RequestCounts(),
      jobs: () => [],
      times: new RequestTimes(),
      work: new OneOfAKind(),
      verify: null,
      demo: null,
    },
    "0",
  );
}

test("every route declares its scope, and is in the table", () => {
  expect(Object.fromEntries(theRoutes().map(({ id, access }) => [id, access.scope]))).toEqual(
    Object.fromEntries(Object.entries(guarded).map(([id, { scope }]) => [id, scope])),
  );
});

test("docs/security.md has each route in the row of its scope, and in no other", () => {
  const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (?:`(\w+)`|(none|any)[^|]*) \| (.*) \|$/gm)].filter(([line]) =>
    /`(?:GET |POST )?\//.test(line),
  );
  const told = rows.flatMap(([, scope, other, cell]) =>
    [...cell.matchAll(/`(?:(GET|POST) )?(\/[^`]*)`/g)].map(([, method, path]) => ({
      scope: scope ?? { none: "public", any: "any" }[other],
      method,
      path,
    })),
  );
  for (const { method, path, access, id } of theRoutes()) {
    const found = told.filter((one) => one.path === path && (one.method ?? method) === method);
    expect(
      found.map(({ scope }) => scope),
      id,
    ).toEqual([access.scope]);
  }
  expect(new Set(told.map(({ path }) => path))).toEqual(new Set(theRoutes().map(({ path }) => path)));
});

test("whoever may write to one source is not told which views there are", async () => {
  const { key } = await store.keys.create({
    name: "one",
    scopes: ["ingest"],
    only: { source: ["visits"] },
    by: "user:ada",
  });
  await new Promise((resolve) => setTimeout(resolve, 2 * REVOKED_WITHIN));
  const answers = await Promise.all(
    ["spending", "nope"].map((feature_view_name) =>
      app.inject({
        method: "POST",
        url: "/write-to-online-store",
        headers: { authorization: `Bearer ${key}` },
        payload: { feature_view_name, df: {} },
      }),
    ),
  );
  const said = answers.map(({ statusCode, body }) => [statusCode, body.replace(/requestId.*$/, "")]);
  expect(said[0]).toEqual(said[1]);
  expect(said[0]).toEqual([403, expect.stringContaining("ASOF_FORBIDDEN")]);
  await store.keys.revoke("one", "user:ada");
});

test("a route that does not declare one does not start", async () => {
  const server = buildServer(store, { logger: false });
  expect(() => server.get("/open", () => "anything")).toThrow(/does not declare its scope/);
  await server.close();
});

describe.each(Object.entries(guarded))("%s", (id, route) => {
  test("lets in whom it should, and nobody else", async () => {
    const found = new Map<string, string | number>();
    for (const [name, credential] of credentials) {
      const { status, body, headers } = await ask(route, credential);
      found.set(name, status === 401 || status === 403 ? status : "let in");
      expect(status, `${name}: ${body}`).toBeLessThan(500);
      if (status !== 401 && status !== 403) continue;
      expect(body).toContain(status === 401 ? "ASOF_UNAUTHENTICATED" : "ASOF_FORBIDDEN");
      if (status === 401) expect(headers["www-authenticate"]).toBe("Bearer");
      const told: unknown = JSON.parse(body);
      if (feastIds.includes(id)) expect(JSON.parse(told as string)).toMatchObject({ class: "FeastPermissionError" });
      else expect(told).toHaveProperty("error.remedy");
    }
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries([...credentials.keys()].map((name) => [name, expected(route, name)])),
    );
    if (route.body === undefined && route.scope !== "public") expect((await ask(route, null, "HEAD")).status).toBe(401);
  });
});

test("a narrowed key reaches nothing by asking for it without its name", async () => {
  const narrowed = credentials.get("narrowed")!;
  for (const url of ["/v1/models", "/v1/models?model=other_fraud"])
    expect((await ask({ scope: "read", url }, narrowed)).status).toBe(403);
  const body = { ...feast, features: ["spending:payments_1d"] };
  expect((await ask({ scope: "read", url: "/get-online-features", body }, narrowed)).status).toBe(403);
  const url = "/v1/features/other_features";
  expect((await ask({ scope: "read", url, body: rows }, narrowed)).status).toBe(403);
});

test("a refusal says what was wrong with the credentials, and never repeats them", async () => {
  const reasons = {
    none: "missing",
    "wrong secret": "unknown",
    unknown: "unknown",
    expired: "expired",
    revoked: "revoked",
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const { body } = await ask(guarded["getStatus"], credentials.get(name)!);
    expect(JSON.parse(body)).toMatchObject({ error: { details: { reason } } });
    if (credentials.get(name) !== null) expect(body).not.toContain(credentials.get(name)!.slice(18));
  }
  const basic = await app.inject({ url: "/v1/status", headers: { authorization: "Basic YTpi" } });
  expect(basic.json()).toMatchObject({ error: { details: { reason: "malformed" } } });
});

test("a key says when it was used, and its hash is nowhere to be seen", async () => {
  const { usedAt, ...listed } = (await store.keys.list()).find(({ name }) => name === "narrowed elsewhere")!;
  expect(listed).toMatchObject({ scopes: ["read", "predict", "ingest"], only: wrong, state: "live" });
  expect(listed).not.toHaveProperty("hash");
  const server = buildServer(store, { logger: false });
  await server.inject({ url: "/v1/catalog", headers: { authorization: `Bearer ${credentials.get("read")}` } });
  await server.close();
  const used = (await store.keys.list()).find(({ name }) => name === "read")!;
  expect(used.usedAt).toBeGreaterThan(used.createdAt);
  expect(usedAt === null || usedAt >= listed.createdAt).toBe(true);
});

test("tells who asks what his credentials are for", async () => {
  const told = async (name: string): Promise<unknown> =>
    JSON.parse((await ask(guarded["getAccess"], credentials.get(name)!)).body);
  const scopes = ["read", "predict", "ingest", "admin"];
  expect(await told("admin")).toMatchObject({ name: "admin", credentials: true, grants: [{ scopes, only: null }] });
  expect(await told("predict")).toMatchObject({ grants: [{ scopes: ["predict"], only: null }] });
  expect(await told("narrowed")).toMatchObject({ grants: [{ scopes: scopes.slice(0, 3), only: all }] });
});

test("a stream of events ends once the key of its reader is revoked or has expired", async () => {
  const revoked = await key("soon revoked", {});
  const expiring = await key("soon expired", { expires: (Date.now() + 3000) * 1000 });
  const ended: string[] = [];
  const follow = async ({ name, key }: CreatedKey): Promise<void> => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await app.inject({ url: LIVE, headers, payloadAsStream: true });
    expect(answer.statusCode).toBe(200);
    for await (const chunk of answer.stream()) expect(String(chunk)).not.toBe("");
    ended.push(name);
  };
  // A key is known once the server has looked again.
  for (const made of [revoked, expiring])
    await expect.poll(async () => (await ask(guarded["getAccess"], made.key)).status).toBe(200);
  const all = Promise.all([follow(revoked), follow(expiring)]);
  all.catch(() => {});
  await expect.poll(() => ended, { timeout: 15_000 }).toEqual(["soon expired"]);
  await store.keys.revoke(revoked.id, "user:ada");
  await all;
});

test("keys that make no sense are not made", async () => {
  const make = (part: Partial<CreateKeyOptions>): Promise<unknown> =>
    store.keys.create({ name: "x", scopes: ["read"], by: "user:ada", ...part });
  const senseless: Partial<CreateKeyOptions>[] = [
    { name: " " },
    { scopes: [] },
    { scopes: ["write" as Scope] },
    { scopes: ["admin"], only: { source: ["payments"] } },
    { scopes: ["read"], only: { source: ["payments"] } },
    { scopes: ["read", "ingest"], only: { service: ["checkout"] } },
    { expires: "2020-01-01" },
    { rate: 0 },
  ];
  for (const part of senseless)
    await expect(make(part), JSON.stringify(part)).rejects.toMatchObject({ code: "ASOF_KEY" });
  await expect(make({ scopes: ["ingest"], only: { source: ["paymnets"] } })).rejects.toMatchObject({
    code: "ASOF_UNKNOWN_SOURCE",
  });
  await expect(store.keys.revoke("nobody", "user:ada")).rejects.toMatchObject({ code: "ASOF_UNKNOWN_KEY" });
});

test("the trail tells of writes by the second, of actions one by one, of refusals, and of keys", async () => {
  await app.close();
  app = buildServer(store, { logger: false });
  const admin = credentials.get("admin")!;
  const payment = { at: "2026-03-01T00:00:00Z", customer: "ann", amount: 1, cents: 1, refund: false };
  const before = Date.now() * 1000;
  for (let i = 0; i < 20; i++) await ask({ ...guarded["postEvents"], body: payment }, credentials.get("ingest")!);
  await ask({ ...guarded["postEvents"], body: { customer: 1 } }, credentials.get("narrowed")!);
  await ask(guarded["postEvents"], null);
  await ask(guarded["forget"], admin);
  await ask(guarded["forget"], credentials.get("read")!);
  await app.close();
  app = buildServer(store, { logger: false });
  const entries = await store.trail.read({ since: before });
  const told = entries.map(({ who, name, action, target, outcome }) =>
    [who.split(":")[0], name, action, target, outcome].join(" "),
  );
  const written = entries.filter(({ action, outcome }) => action === "postEvents" && outcome === "ok");
  expect(written.reduce((sum, { requests }) => sum + requests, 0)).toBe(20);
  expect(new Set(told)).toEqual(
    new Set([
      "key ingest postEvents payments ok",
      "key narrowed postEvents payments ASOF_MISSING_FIELD",
      "anonymous  postEvents  ASOF_UNAUTHENTICATED",
      "key admin forget customer ok",
      "key read forget  ASOF_FORBIDDEN",
    ]),
  );
  const one = entries.find(({ action, outcome }) => action === "forget" && outcome === "ok")!;
  expect(one.requestId).not.toBe(null);
  const { body } = await ask({ scope: "admin", url: `/v1/audit-log?who=${one.who}&limit=1000` }, admin);
  const mine = (JSON.parse(body) as { entries: { who: string; action: string }[] }).entries;
  expect(new Set(mine.map(({ who }) => who))).toEqual(new Set([one.who]));
  expect(mine.map(({ action }) => action)).toContain("feastMaterialize");
  const keyed = await store.trail.read({ who: "user:ada", limit: 1000 });
  expect(new Set(keyed.map(({ action }) => action))).toEqual(new Set(["keys create", "keys revoke"]));
});
