import type { FastifyInstance, InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AsofError, errorTable } from "../../src/core/errors.ts";
import { formatTimestamp } from "../../src/core/time/timestamp.ts";
import type { Store } from "../../src/store.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import { now, openTestStore } from "./open-test-store.ts";
import { schemaValidator } from "./schema-validator.ts";
import { withMethods } from "./with-methods.ts";

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers are what is tested

let store: Store;
let app: FastifyInstance;
const MINUTE = 60_000_000;
const start = now - 60 * MINUTE;

beforeAll(async () => {
  store = await openTestStore();
  app = buildServer(store, { bodyLimit: 100_000, maxRows: 5, version: "1.2.3" });
});

afterAll(async () => {
  await app.close();
  await store.close();
});

async function send(
  request: InjectOptions,
  to = app,
): Promise<{ status: number; body: Json; text: string; headers: Record<string, unknown> }> {
  const { statusCode, body, headers } = await to.inject(request);
  return { status: statusCode, body: body === "" ? {} : (JSON.parse(body) as Json), text: body, headers };
}

function post(url: string, payload: unknown, type = "application/json", to = app): ReturnType<typeof send> {
  const text = typeof payload === "string" || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  return send({ method: "POST", url, payload: text, headers: { "content-type": type } }, to);
}

const payment = (customer: string, over: object = {}): object => ({
  at: start,
  customer,
  amount: 1,
  cents: 100,
  refund: false,
  ...over,
});

const lines = (...records: readonly object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

async function countOf(customer: string): Promise<number> {
  await store.settled();
  const { body } = await post("/v1/features/fraud_features", { entities: [{ customer }] });
  return body["results"][0].values.spending__payments_1d;
}

describe("events", () => {
  test("come as an object, an array or lines, and are readable when applied", async () => {
    const one = await post("/v1/events/payments?wait=applied", payment("ann"));
    expect(one.status).toBe(200);
    expect(one.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(one.body).toEqual({
      source: "payments",
      accepted: 1,
      duplicates: 0,
      position: expect.any(Number),
      stamp: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await countOf("ann")).toBe(1);
    await post("/v1/events/payments?wait=applied", [payment("ann"), payment("ann")]);
    expect(await countOf("ann")).toBe(3);
    const streamed = await post(
      "/v1/events/payments?wait=applied",
      lines(payment("ann"), payment("ann")),
      "application/x-ndjson; charset=utf-8",
    );
    expect(streamed.body["accepted"]).toBe(2);
    expect(streamed.body["position"]).toBeGreaterThan(one.body["position"]);
    expect(await countOf("ann")).toBe(5);
  });

  test("are taken all or not at all, and the bad one is named", async () => {
    const good = payment("bob");
    const array = await post("/v1/events/payments", [good, good, payment("bob", { amount: "much" }), good]);
    expect(array.status).toBe(400);
    expect(array.body["error"]).toMatchObject({ code: "ASOF_TYPE", details: { record: 2, field: "amount" } });
    const streamed = await post(
      "/v1/events/payments",
      lines(good, payment("bob", { amount: "much" }), good),
      "application/x-ndjson",
    );
    expect(streamed.body["error"]).toMatchObject({ code: "ASOF_TYPE", details: { line: 2, field: "amount" } });
    expect(streamed.body["error"].message).toMatch(/^line 2: /);
    const alone = await post("/v1/events/payments", lines(payment("bob", { at: "yesterday" })), "application/x-ndjson");
    expect(alone.body["error"]).toMatchObject({ code: "ASOF_TIMESTAMP", details: { line: 1, field: "at" } });
    const broken = await post("/v1/events/payments", `${lines(good)}{"at":`, "application/x-ndjson");
    expect(broken.body["error"]).toMatchObject({ code: "ASOF_JSON", details: { line: 2, column: 7 } });
    expect(await countOf("bob")).toBe(0);
  });

  test.each([
    ["a field that is missing", { amount: undefined }, "ASOF_MISSING_FIELD"],
    ["a field that is unknown", { amnt: 1 }, "ASOF_UNKNOWN_FIELD"],
    ["a field named like a method", { constructor: "x" }, "ASOF_UNKNOWN_FIELD"],
    ["NaN where it is not allowed", { amount: "NaN" }, "ASOF_NOT_FINITE"],
    ["an integer out of range", { points: 2 ** 31 }, "ASOF_OVERFLOW"],
    ["a fraction for an integer", { points: 1.5 }, "ASOF_TYPE"],
    ["a lone surrogate", { customer: "\ud800" }, "ASOF_STRING"],
    ["a time far ahead", { at: "2099-01-01" }, "ASOF_FUTURE"],
    ["a moment that is no timestamp", { at: 1.5 }, "ASOF_TIMESTAMP"],
  ])("with %s are refused", async (_, over, code) => {
    const { status, body } = await post("/v1/events/payments", payment("cat", over));
    expect([status, body["error"].code]).toEqual([400, code]);
    expect(await countOf("cat")).toBe(0);
  });

  test("keep int64 exact, and numbers that JSON lacks", async () => {
    const cents = "9223372036854775807";
    const record = JSON.stringify(payment("dan", { ratio: "Infinity" })).replace('"cents":100', `"cents":${cents}`);
    expect((await post("/v1/events/payments?wait=applied", record)).status).toBe(200);
    const { text, body } = await post("/v1/features/fraud_features", { entities: [{ customer: "dan" }] });
    expect(text).toContain(`"spending__cents_1d":${cents}`);
    expect(body["results"][0].values.spending__ratio_1d).toBe("Infinity");
    const tooLong = record.replace(cents, "9223372036854775808");
    expect((await post("/v1/events/payments", tooLong)).body["error"].code).toBe("ASOF_OVERFLOW");
  });

  test("of a float may be written as long integers", async () => {
    const record = JSON.stringify(payment("eve")).replace('"amount":1', '"amount":9007199254740993');
    expect((await post("/v1/events/payments?wait=applied", record)).status).toBe(200);
    const { body } = await post("/v1/features/fraud_features", { entities: [{ customer: "eve" }] });
    expect(body["results"][0].values.spending__amount_1d).toBe(9007199254740992);
  });
});

describe("features", () => {
  beforeAll(async () => {
    await post("/v1/events/payments?wait=applied", [
      payment("fay", { at: start + 1, amount: 0.1, cents: 5 }),
      payment("fay", { at: formatTimestamp(start + 2), amount: 0.2, cents: 9 }),
    ]);
  });

  test("answer row by row, each with its moment", async () => {
    const { status, body } = await post("/v1/features/checkout", {
      entities: [{ customer: "fay" }, { customer: "nobody" }],
      request: [
        { basket: 120.5, opened: "2026-01-01T00:00:00Z" },
        { basket: "-Infinity", opened: 7 },
      ],
    });
    expect(status).toBe(200);
    expect(body["service"]).toBe("checkout");
    const [fay, nobody] = body["results"];
    expect(fay).toEqual({
      values: {
        spending__payments_1d: 2,
        spending__amount_1d: 0.1 + 0.2,
        spending__cents_1d: 9,
        spending__latest_1d: formatTimestamp(start + 2),
        spending__ratio_1d: null,
        basket__size: 120.5,
        basket__opened: "2026-01-01T00:00:00Z",
        basket__big: true,
      },
      statuses: { spending: "PRESENT", basket: "PRESENT" },
      eventTimes: expect.objectContaining({ spending: formatTimestamp(start + 2) }),
      t: expect.stringMatching(/Z$/),
      knowledge: "served",
      loads: expect.any(Object),
    });
    expect(nobody.values).toMatchObject({
      spending__payments_1d: 0,
      spending__amount_1d: null,
      spending__latest_1d: null,
      basket__size: "-Infinity",
      basket__opened: "1970-01-01T00:00:00.000007Z",
      basket__big: false,
    });
    expect(nobody.eventTimes.spending).toBeNull();
    expect(nobody.t).toBe(fay.t);
  });

  test("answer as of a past moment, given either way", async () => {
    for (const at of [start + 2, formatTimestamp(start + 2)]) {
      const { body } = await post("/v1/features/fraud_features", { entities: [{ customer: "fay" }], at });
      expect(body["results"][0].t).toBe(formatTimestamp(start + 2));
    }
  });

  test("are explained: int64 exactly, moments as ISO 8601, a request-time function by its code", async () => {
    const cents = "9223372036854775806";
    const record = JSON.stringify(payment("gus")).replace('"cents":100', `"cents":${cents}`);
    await post("/v1/events/payments?wait=applied", record);
    const exact = await post("/v1/explain", { feature: "spending.cents_1d", keys: { customer: "gus" } });
    expect(exact.text).toContain(`"value":${cents},`);
    expect(exact.text).toContain(`"argument":${cents},`);
    expect(exact.body).toMatchObject({ check: { equal: true }, online: { state: "equal" } });
    const keys = { basket: "-Infinity", opened: "2026-01-01T00:00:00.000001Z" };
    const { body } = await post("/v1/explain", { feature: "basket.opened", keys });
    expect(body).toMatchObject({
      kind: "onDemandView",
      keys,
      value: keys.opened,
      check: { equal: true },
      online: { state: "equal" },
      code: expect.stringContaining("basket > 100"),
    });
    const missing = await post("/v1/explain", { feature: "basket.opened", keys: { basket: 1 } });
    expect(missing.body["error"]).toMatchObject({ code: "ASOF_MISSING_KEY", details: { field: "opened" } });
  });

  test("answer in hindsight, and say so", async () => {
    const entities = [{ customer: "fay" }];
    const at = start + 3;
    const { body } = await post("/v1/features/fraud_features", { entities, at, knowledge: "now" });
    const [answer] = body["results"];
    expect(answer).toMatchObject({ t: formatTimestamp(at), knowledge: "now" });
    expect(Date.parse(answer.knownAt)).toBeGreaterThan(Date.parse(answer.t));
    // Both records came a moment after they had happened.
    expect(answer.values.spending__payments_1d).toBe(2);
    const served = await post("/v1/features/fraud_features", { entities, at });
    expect(served.body["results"][0]).toMatchObject({ knowledge: "served", values: { spending__payments_1d: 0 } });
    const wrong = await post("/v1/features/fraud_features", { entities, knowledge: "later" });
    expect(wrong.body["error"]).toMatchObject({ code: "ASOF_REQUEST", details: { field: "knowledge" } });
  });

  test.each([
    ["an unknown service", "nothing", { entities: [{ customer: "fay" }] }, 404, "ASOF_UNKNOWN_SERVICE"],
    ["a service named like a method", "toString", { entities: [{ customer: "fay" }] }, 404, "ASOF_UNKNOWN_SERVICE"],
    ["a service named __proto__", "__proto__", { entities: [{ customer: "fay" }] }, 404, "ASOF_UNKNOWN_SERVICE"],
    ["a model for a service", "fraud", { entities: [{ customer: "fay" }] }, 404, "ASOF_UNKNOWN_SERVICE"],
    [
      "too many rows",
      "fraud_features",
      { entities: Array.from({ length: 6 }, () => ({ customer: "fay" })) },
      400,
      "ASOF_REQUEST",
    ],
    ["rows that do not match", "checkout", { entities: [{ customer: "fay" }], request: [] }, 400, "ASOF_REQUEST"],
    ["a wrong type", "fraud_features", { entities: [{ customer: 7 }] }, 400, "ASOF_TYPE"],
    ["an unknown input", "fraud_features", { entities: [{ customer: "fay", x: 1 }] }, 400, "ASOF_UNKNOWN_FIELD"],
    ["a moment that is none", "fraud_features", { entities: [{ customer: "fay" }], at: "noon" }, 400, "ASOF_TIMESTAMP"],
    [
      "a moment ahead",
      "fraud_features",
      { entities: [{ customer: "fay" }], at: "2099-01-01" },
      400,
      "ASOF_FUTURE_READ",
    ],
  ])("refuse %s", async (_, service, request, status, code) => {
    const answer = await post(`/v1/features/${service}`, request);
    expect([answer.status, answer.body["error"].code]).toEqual([status, code]);
  });

  test("refuse a missing key", async () => {
    const { status, body } = await post("/v1/features/fraud_features", { entities: [{}] });
    expect(status).toBe(400);
    expect(["ASOF_MISSING_KEY", "ASOF_MISSING_FIELD"]).toContain(body["error"].code);
  });
});

describe("predictions", () => {
  test("come with the version and the features used", async () => {
    const { status, body } = await post("/v1/predict/fraud", {
      entities: [{ customer: "nobody" }, { customer: "no one" }],
    });
    expect(status).toBe(200);
    expect(body["model"]).toBe("fraud");
    expect(body["results"]).toHaveLength(2);
    expect(body["results"][0]).toEqual({
      id: expect.any(String),
      version: 1,
      prediction: expect.any(Number),
      features: expect.objectContaining({
        values: expect.objectContaining({ spending__payments_1d: 0 }),
        statuses: { spending: "PRESENT" },
      }),
    });
  });

  test("are of now, of models", async () => {
    const past = await post("/v1/predict/fraud", { entities: [{ customer: "a" }], at: start });
    expect(past.body["error"]).toMatchObject({ code: "ASOF_REQUEST", details: { field: "at" } });
    const unknown = await post("/v1/predict/checkout", { entities: [{ customer: "a" }] });
    expect([unknown.status, unknown.body["error"].code]).toEqual([404, "ASOF_UNKNOWN_MODEL"]);
  });
});

describe("what the server says of itself", () => {
  const looks = ["/v1/catalog", "/v1/status", "/v1/runs", "/v1/models", "/health", "/ready"];

  test.each(looks)("%s is as /openapi.json says", async (url) => {
    const { status, body } = await send({ url });
    expect(status).toBe(200);
    const { body: description } = await send({ url: "/openapi.json" });
    const validate = await schemaValidator(
      description["paths"][url].get.responses["200"].content["application/json"].schema,
    );
    expect(validate(body)).toBeNull();
    expect(validate({ ...body, more: 1 })).not.toBeNull();
  });

  test("so are answers with features and predictions, for all services and for each", async () => {
    const { body: description } = await send({ url: "/openapi.json" });
    const asked = {
      "/v1/features/checkout": { entities: [{ customer: "fay", basket: "NaN", opened: 0 }] },
      "/v1/features/fraud_features": { entities: [{ customer: "dan" }] },
      "/v1/predict/fraud": { entities: [{ customer: "fay" }] },
      "/v1/events/payments": [payment("gil"), payment("gil", { points: null })],
    };
    for (const [url, request] of Object.entries(asked)) {
      const { body } = await post(url, request);
      for (const path of [
        url,
        Object.keys(description["paths"]).find((path) => path.startsWith(url.replace(/\w+$/, "{")))!,
      ]) {
        const { requestBody, responses } = description["paths"][path].post;
        expect((await schemaValidator(requestBody.content["application/json"].schema))(request)).toBeNull();
        const validate = await schemaValidator(responses["200"].content["application/json"].schema);
        expect(validate(body)).toBeNull();
        expect(validate({ ...body, more: 1 })).not.toBeNull();
      }
    }
  });

  test("and requests are as it says: what is missing or no value of a field is none", async () => {
    const { paths } = (await send({ url: "/openapi.json" })).body;
    const required = (path: string): string[] =>
      (paths[path].get.parameters as Json[]).filter((one) => one["required"] === true).map(({ name }) => String(name));
    expect(required("/v1/distribution/{model}")).toEqual(["model", "feature"]);
    expect(required("/v1/explain")).toEqual(["feature"]);
    expect(required("/v1/runs")).toEqual([]);
    for (const [route, { post: operation }] of Object.entries(paths as Json))
      if (operation !== undefined) {
        const codes = JSON.stringify(operation.responses);
        // Whoever sends a body to what reads none is told so, and a name may be longer than any that there is.
        expect(codes, route).toContain("ASOF_MEDIA_TYPE");
        if (route.includes("{")) expect(codes, route).toContain("ASOF_NOT_FOUND");
      }
    const schemaOf = (path: string): Json => paths[path].post.requestBody.content["application/json"].schema as Json;
    const paid = await schemaValidator(schemaOf("/v1/events/payments"));
    const promoted = await schemaValidator(schemaOf("/v1/promote/fraud"));
    expect([payment("a"), payment("a", { ratio: "Infinity", at: "2026-03-02" })].map((one) => paid(one))).toEqual([
      null,
      null,
    ]);
    for (const wrong of [{ amount: "Infinity" }, { at: "" }, { at: "2026-13-02" }, { at: 2 ** 53 }, { cents: "1e3" }]) {
      expect(paid(payment("a", wrong)), JSON.stringify(wrong)).not.toBeNull();
      expect((await post("/v1/events/payments", payment("a", wrong))).status, JSON.stringify(wrong)).toBe(400);
    }
    const asked = await schemaValidator(schemaOf("/v1/features/checkout"));
    const row = { customer: null, basket: 1, opened: 0 };
    expect(asked({ entities: [row] })).toBeNull();
    expect((await post("/v1/features/checkout", { entities: [row] })).status).toBe(200);
    expect(asked({ entities: [{ ...row, basket: null }] })).not.toBeNull();
    expect((await post("/v1/features/checkout", { entities: [{ ...row, basket: null }] })).status).toBe(400);
    expect([{ version: 1 }, { version: 1, as: "canary", share: 0.5 }].map((one) => promoted(one))).toEqual([
      null,
      null,
    ]);
    for (const wrong of [
      { version: 1, as: "shadow", share: 0.5 },
      { version: 1, as: "canary" },
      { version: 2 ** 53 },
    ]) {
      expect(promoted(wrong), JSON.stringify(wrong)).not.toBeNull();
      expect((await post("/v1/promote/fraud", wrong)).status, JSON.stringify(wrong)).toBe(400);
    }
  });

  test("/openapi.json names every error that it refers to", async () => {
    const { body, text } = await send({ url: "/openapi.json" });
    expect(body["openapi"]).toBe("3.1.0");
    expect(body["info"].version).toBe("1.2.3");
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      expect(body["components"].schemas).toHaveProperty(name);
    const { body: failure } = await send({ url: "/nowhere" });
    expect((await schemaValidator(body["components"].schemas.Error))(failure)).toBeNull();
    const ids = Object.values(body["paths"] as Json).flatMap((path) =>
      Object.values(path as Json).map(({ operationId }) => operationId as string),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("runs are filtered, and a limit is a number", async () => {
    const { body } = await send({ url: "/v1/runs?kind=nothing" });
    expect(body["runs"]).toEqual([]);
    expect((await send({ url: "/v1/runs?limit=1" })).body["runs"].length).toBeLessThanOrEqual(1);
    for (const url of [
      "/v1/runs?limit=0",
      "/v1/runs?limit=1e3",
      "/v1/runs?limit=1001",
      "/v1/runs?limit=1&limit=2",
      "/v1/runs?lmit=1",
      "/v1/runs?__proto__=1",
    ])
      expect((await send({ url })).body["error"]?.code, url).toBe("ASOF_REQUEST");
    expect((await post("/v1/events/payments?wait=now", payment("x"))).body["error"].code).toBe("ASOF_REQUEST");
  });

  test("a length of time that is none, or too long, is refused as the request's fault", async () => {
    for (const within of ["1x", "", "38815185w"]) {
      const { status, body } = await send({ url: `/v1/models/fraud/comparison?within=${within}` });
      expect([status, body["error"].code], within).toEqual([400, "ASOF_REQUEST"]);
    }
  });

  test("models of an unknown model are none", async () => {
    expect((await send({ url: "/v1/models?model=nothing" })).body["error"].code).toBe("ASOF_UNKNOWN_MODEL");
  });

  test("it is ready only while the store answers and its definitions are applied", async () => {
    const behind = buildServer(
      withMethods(store, {
        catalog: async () => (await store.catalog()).map((entry, index) => ({ ...entry, applied: index > 0 })),
      }),
    );
    const [first] = await store.catalog();
    const answer = await send({ url: "/ready" }, behind);
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect(answer.body["error"]).toMatchObject({
      code: "ASOF_NOT_READY",
      details: { notApplied: [`${first.kind} ${first.name}`] },
    });
    expect((await send({ url: "/health" }, behind)).status).toBe(200);
    const written: string[] = [];
    const gone = buildServer(
      withMethods(store, { catalog: () => Promise.reject(new AsofError("ASOF_CORRUPT", "secret")) }),
      { logStream: { write: (line) => void written.push(line) } },
    );
    expect(await send({ url: "/ready" }, gone)).toMatchObject({
      status: 503,
      text: expect.not.stringContaining("secret"),
    });
    expect(written.join("")).toContain("secret");
  });

  test("HEAD answers like GET, without a body", async () => {
    const { statusCode, body } = await app.inject({ method: "HEAD", url: "/v1/status" });
    expect([statusCode, body]).toEqual([200, ""]);
  });
});

describe("a request that is not one", () => {
  test.each([
    ["an unknown route", { url: "/v1/nothing" }, "ASOF_NOT_FOUND"],
    [
      "an unknown route with a body of any type",
      { method: "POST", url: "/v2", payload: "x", headers: { "content-type": "text/plain" } },
      "ASOF_NOT_FOUND",
    ],
    [
      "a name that is too long",
      { method: "POST", url: `/v1/features/${"x".repeat(500)}`, payload: "{}" },
      "ASOF_NOT_FOUND",
    ],
    ["a broken escape", { url: "/v1/%E0%A4%A" }, "ASOF_HTTP"],
    ["a wrong method", { method: "DELETE", url: "/v1/status" }, "ASOF_METHOD"],
    ["a method that is new", { method: "QUERY", url: "/v1/status" }, "ASOF_METHOD"],
    [
      "a wrong method with a body",
      { method: "PUT", url: "/v1/features/checkout", payload: "{", headers: { "content-type": "application/json" } },
      "ASOF_METHOD",
    ],
    [
      "a wrong type",
      {
        method: "POST",
        url: "/v1/features/checkout",
        payload: "a=1",
        headers: { "content-type": "application/x-www-form-urlencoded" },
      },
      "ASOF_MEDIA_TYPE",
    ],
    ["no body", { method: "POST", url: "/v1/features/checkout" }, "ASOF_MEDIA_TYPE"],
    [
      "an empty body",
      { method: "POST", url: "/v1/features/checkout", payload: "", headers: { "content-type": "application/json" } },
      "ASOF_JSON",
    ],
    [
      "an oversized body",
      {
        method: "POST",
        url: "/v1/events/payments",
        payload: " ".repeat(100_001),
        headers: { "content-type": "application/json" },
      },
      "ASOF_TOO_LARGE",
    ],
    ["another host", { url: "/v1/status", headers: { host: "example.com" } }, "ASOF_HOST"],
    // A page of another site may post this without asking: it takes no body.
    ["another site", { method: "POST", url: "/v1/audit", headers: { origin: "https://example.com" } }, "ASOF_HOST"],
    [
      "deep nesting",
      {
        method: "POST",
        url: "/v1/features/checkout",
        payload: "[".repeat(50_000),
        headers: { "content-type": "application/json" },
      },
      "ASOF_JSON",
    ],
  ] as [string, InjectOptions, keyof typeof errorTable][])("is refused: %s", async (_, request, code) => {
    const { status, body, headers } = await send(request);
    expect(body).toEqual({
      error: {
        code,
        message: expect.any(String),
        remedy: errorTable[code].remedy,
        details: expect.any(Object),
        requestId: expect.stringMatching(/\S/),
      },
    });
    expect(status).toBe(errorTable[code].status);
    expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  test("names the methods that are allowed", async () => {
    expect((await send({ method: "DELETE", url: "/v1/status" })).headers["allow"]).toBe("GET, HEAD");
    expect((await send({ url: "/v1/events/payments" })).headers["allow"]).toBe("POST");
  });

  test("tells what it found", async () => {
    const large = await post("/v1/events/payments", " ".repeat(100_001));
    expect(large.body["error"].details).toEqual({ limit: 100_000 });
    const form = await post("/v1/events/payments", "a=1", "text/plain");
    expect(form.body["error"].details).toEqual({ contentType: "text/plain" });
    expect((await send({ url: "/v1/%E0%A4%A" })).body["error"].details).toEqual({ path: "/v1/%E0%A4%A" });
    expect((await send({ url: "/v1/nothing?x=1" })).body["error"].details).toEqual({ path: "/v1/nothing" });
  });

  test("pollutes nothing", async () => {
    await post(
      "/v1/features/checkout",
      '{"__proto__":{"polluted":1},"entities":[{"constructor":{"prototype":{"polluted":1}}}]}',
    );
    expect(({} as Json)["polluted"]).toBeUndefined();
  });
});

describe("a fault", () => {
  const secret = "4111111111111111";

  function logged(
    planted: Record<string, unknown>,
    level: "error" | "trace" = "error",
  ): { server: FastifyInstance; log: () => string } {
    const written: string[] = [];
    const server = buildServer(withMethods(store, planted), {
      logger: level,
      logStream: { write: (line) => void written.push(line) },
    });
    return { server, log: () => written.join("") };
  }

  test("tells nothing of itself, and is in the log under the request's id", async () => {
    for (const failing of [
      () => Promise.reject(new TypeError(`no ${secret}`)),
      () => Promise.reject(new AsofError("ASOF_CORRUPT", `damaged ${secret}`, { file: secret }, new Error("disk"))),
      () => {
        throw new RangeError(`no ${secret}`);
      },
    ]) {
      const { server, log } = logged({ featuresAs: failing });
      const answer = await post(
        "/v1/features/checkout",
        { entities: [{ customer: "fay" }] },
        "application/json",
        server,
      );
      expect(answer.status).toBe(500);
      expect(answer.text).not.toContain(secret);
      expect(log()).toContain(secret);
      expect(log()).toContain(answer.body["error"].requestId);
    }
  });

  test("of the moment may be tried again", async () => {
    const { server } = logged({ ingest: () => Promise.reject(new AsofError("ASOF_BUSY", "the queue is full")) });
    const answer = await post("/v1/events/payments", payment("hal"), "application/json", server);
    expect(answer).toMatchObject({
      status: 503,
      headers: { "retry-after": "1" },
      body: { error: { code: "ASOF_BUSY" } },
    });
  });

  test("no log holds what was asked or answered, at any level", async () => {
    const { server, log } = logged({}, "trace");
    const bodies: [string, unknown, number][] = [
      ["/v1/events/payments", payment(secret), 200],
      ["/v1/events/payments", payment(secret, { amount: secret }), 400],
      ["/v1/events/payments", `{"customer":"${secret}"`, 400],
      ["/v1/features/fraud_features", { entities: [{ customer: secret }] }, 200],
      ["/v1/features/fraud_features", { entities: [{ [secret]: secret }] }, 400],
      ["/v1/predict/fraud", { entities: [{ customer: secret }] }, 200],
    ];
    for (const [url, body, status] of bodies)
      expect((await post(url, body, "application/json", server)).status).toBe(status);
    const explained = `/v1/explain?feature=spending.payments_1d&keys={"customer":"${secret}"}`;
    expect((await send({ url: explained }, server)).status).toBe(200);
    expect(log()).toContain("/v1/predict/fraud");
    expect(log()).toContain("/v1/explain");
    expect(log()).not.toContain(secret);
    await server.close();
  });

  test("a log has one line a request, as JSON, and bodies only where they were asked for", async () => {
    const written: string[] = [];
    const server = buildServer(store, {
      logger: "info",
      logBodies: true,
      logStream: { write: (line) => void written.push(line) },
    });
    await post("/v1/features/fraud_features", { entities: [{ customer: secret }] }, "application/json", server);
    const lines = written.map((line) => JSON.parse(line) as Json);
    expect(lines).toEqual([
      expect.objectContaining({
        level: "info",
        msg: "bodies",
        asked: expect.stringContaining(secret),
        answered: expect.stringContaining("spending__payments_1d"),
      }),
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        pid: process.pid,
        requestId: lines[0]["requestId"],
        method: "POST",
        path: "/v1/features/fraud_features",
        status: 200,
        ms: expect.any(Number),
        msg: "answered",
      },
    ]);
    await server.close();
  });
});
