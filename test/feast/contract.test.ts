import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ErrorCode, errorTable } from "../../src/core/errors.ts";
import type { Store } from "../../src/store.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import type { Schema } from "../../src/surfaces/http/schema.ts";
import { AsofError } from "../../src/core/errors.ts";
import { schemaValidator } from "../flow/schema-validator.ts";
import { takeFaults } from "../described/watch-servers.ts";
import { withMethods } from "../flow/with-methods.ts";
import { openDrivers } from "./open-drivers.ts";
import { exact, type Answer, type Exchange, expectSame } from "./same.ts";

const { exchanges } = JSON.parse(readFileSync(new URL("./exchanges.json", import.meta.url), "utf8")) as {
  exchanges: readonly Exchange[];
};

let store: Store;
let app: FastifyInstance;
let description: { paths: Record<string, Record<string, { responses: Record<string, Described> }>> };
type Described = { content: Record<string, { schema: Schema }> };

beforeAll(async () => {
  store = await openDrivers();
  app = buildServer(store, { maxRows: 4 });
  description = JSON.parse((await app.inject("/openapi.json")).body) as typeof description;
});

afterAll(async () => {
  await app.close();
  await store.close();
});

/** Sends a request, and expects its answer to be one that the description knows. */
async function send(
  path: string,
  payload: unknown,
  to = app,
): Promise<{ readonly status: number; readonly text: string }> {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const { statusCode, body } = await to.inject({
    method: "POST",
    url: path,
    payload: text,
    headers: { "content-type": "application/json" },
  });
  const described = description.paths[path.split("?")[0]]["post"].responses[String(statusCode)];
  const validate = await schemaValidator(described.content["application/json"].schema);
  expect(validate(JSON.parse(body)), `${statusCode} ${body}`).toBeNull();
  return { status: statusCode, text: body };
}

/** What a refusal says: JSON within a JSON string. */
async function refusal(path: string, payload: unknown, to = app): Promise<Record<string, string>> {
  const { status, text } = await send(path, payload, to);
  const detail: unknown = JSON.parse(text);
  expect(typeof detail).toBe("string");
  return { status: String(status), ...(JSON.parse(detail as string) as Record<string, string>) };
}

const features = async (
  payload: object,
): Promise<{ text: string; columns: Record<string, Answer["results"][number]> }> => {
  const { status, text } = await send("/get-online-features", payload);
  expect(status, text).toBe(200);
  const { metadata, results } = exact(text) as Answer;
  return { text, columns: Object.fromEntries(metadata.feature_names.map((name, i) => [name, results[i]])) };
};

describe("what Feast's SDK sends", () => {
  test("is answered as Feast's feature server answers it", async () => {
    expect(exchanges.length).toBeGreaterThan(15);
    for (const { method, path, request, status, answer } of exchanges) {
      if (method === "GET" || request === null) {
        expect((await app.inject(path)).statusCode).toBe(status);
        continue;
      }
      const own = await send(path, request);
      expect(own.status, `${path} ${request}: ${own.text}`).toBe(status);
      if (status !== 200) {
        const [{ module, class: name }, theirs] = [own.text, answer].map(
          (text) => JSON.parse(JSON.parse(text) as string) as Record<string, string>,
        );
        expect([module, name]).toEqual([theirs["module"], theirs["class"]]);
      } else if (path === "/get-online-features") expectSame(own.text, answer);
      else expect(own.text).toBe("null");
    }
  });
});

describe("features", () => {
  const driver = { driver_id: [1001, 1002, 1003, 9] };

  test("come with the keys first, a view's features together", async () => {
    const { columns } = await features({
      entities: driver,
      features: ["driver_stats:rank", "driver_live:speed", "driver_stats:city"],
    });
    expect(Object.keys(columns)).toEqual(["driver_id", "rank", "city", "speed"]);
    expect(columns["driver_id"].statuses).toEqual(Array(4).fill("PRESENT"));
    expect(columns["rank"].statuses).toEqual(["PRESENT", "PRESENT", "OUTSIDE_MAX_AGE", "NOT_FOUND"]);
    expect(columns["speed"].statuses[3]).toBe("NULL_VALUE");
    expect(columns["rank"].event_timestamps).toEqual([
      "2026-11-02T01:00:00.000001Z",
      "2026-11-02T02:03:04.500001Z",
      "2024-01-01T00:00:00.000001Z",
      "1970-01-01T00:00:00Z",
    ]);
  });

  test("have a point where they are doubles, and all digits where they are integers", async () => {
    const { text } = await features({
      entities: { driver_id: [1002, 1001] },
      features: ["driver_stats:conv_rate", "driver_stats:trips", "driver_stats:seen", "driver_stats:active"],
    });
    expect(text).toContain('"values":[5.0,0.5]');
    expect(text).toContain('"values":[12,9007199254740993]');
    expect(text).toContain('"values":[1767225600,1767323045]');
    expect(text).toContain('"values":[true,false]');
  });

  test("of a service go by its aliases under full names", async () => {
    const entities = { second_driver: [1002], first_driver: [1001] };
    const { columns } = await features({ entities, feature_service: "pairs", full_feature_names: true });
    expect(Object.keys(columns)).toEqual(["second_driver", "first_driver", "mine__conv_rate", "theirs__conv_rate"]);
    expect(await refusal("/get-online-features", { entities, feature_service: "pairs" })).toMatchObject({
      status: "422",
      class: "FeatureNameCollisionError",
    });
  });

  test("come for no rows, for a key that is null, with columns that are unknown, and with the names of views", async () => {
    const asked = { features: ["driver_stats:trips"] };
    expect((await features({ ...asked, entities: { driver_id: [] } })).columns["trips"].values).toEqual([]);
    const { columns } = await features({ ...asked, entities: { driver_id: [null], x: [{}] } });
    expect(columns["trips"].statuses).toEqual(["NOT_FOUND"]);
    expect(columns["driver_id"].values).toEqual([null]);
    const { text } = await features({
      ...asked,
      entities: { driver_id: [1001] },
      include_feature_view_version_metadata: true,
    });
    expect(text).toContain('"feature_view_metadata":[{"name":"driver_stats"}]');
  });

  test("are those that the store's own service has", async () => {
    const { columns } = await features({ feature_service: "activity", entities: { driver_id: [1001, 9] } });
    const own = await store.features("activity", [{ driver_id: 1001n }, { driver_id: 9n }]);
    const of = (name: string): unknown[] => own.map(({ values }) => values[name] ?? null);
    const numbers = (name: string): unknown[] =>
      columns[name].values.map((value) => (value === null ? null : Number((value as { number: string }).number)));
    expect(numbers("conv_rate")).toEqual(of("driver_stats__conv_rate"));
    expect(numbers("speed")).toEqual(of("driver_live__speed_latest"));
  });
});

describe("records", () => {
  const record = { driver_id: [5], speed: [1], event_timestamp: ["2026-11-23T10:00:00+02:00"] };
  const speed = async (id: number): Promise<unknown> => {
    const { columns } = await features({
      entities: { driver_id: [id] },
      features: ["driver_live:speed", "driver_live:since"],
    });
    return [columns["speed"].values[0], columns["speed"].event_timestamps[0]];
  };

  test("that are pushed can be read at once, wherever they are to go", async () => {
    for (const [i, to] of [undefined, "online", "offline", "online_and_offline"].entries()) {
      const df = { ...record, driver_id: [50 + i] };
      expect(await send("/push", { push_source_name: "driver_push", df, to })).toEqual({ status: 200, text: "null" });
      expect(await speed(50 + i)).toEqual([{ number: "1.0" }, "2026-11-23T08:00:00Z"]);
    }
  });

  test("go by the names that columns have in files as well, and times may be seconds", async () => {
    const df = { cust: ["c9"], driver_id: [7], amt: [3.5], placed: [1763856000], created: [null] };
    expect((await send("/push", { push_source_name: "orders", df })).text).toBe("null");
    expect(
      (await send("/materialize-incremental", { end_ts: "2026-11-24", feature_views: ["customer_orders"] })).text,
    ).toBe("null");
    const { columns } = await features({
      entities: { customer_id: ["c9"], driver_id: [7] },
      features: ["customer_orders:amount"],
    });
    expect(columns["amount"].values).toEqual([{ number: "3.5" }]);
    expect(columns["amount"].event_timestamps).toEqual(["2025-11-23T00:00:00.000001Z"]);
  });

  test("without rows are no fault", async () => {
    expect((await send("/push", { push_source_name: "driver_push", df: {} })).text).toBe("null");
    expect((await send("/write-to-online-store", { feature_view_name: "driver_live", df: { speed: [] } })).text).toBe(
      "null",
    );
  });

  test("that a view takes are told by its keys and features", async () => {
    const df = { ...record, driver_id: [60], speed_latest: [8], created: [null] };
    const { speed: _, ...columns } = df;
    expect((await send("/write-to-online-store", { feature_view_name: "driver_live", df: columns })).text).toBe("null");
    expect(await speed(60)).toEqual([{ number: "8.0" }, "2026-11-23T08:00:00Z"]);
  });

  test("are all taken, or none", async () => {
    const df = { ...record, driver_id: [70, 71], speed: [1, "fast"], event_timestamp: ["2026-11-23", "2026-11-23"] };
    expect(await refusal("/push", { push_source_name: "driver_push", df })).toMatchObject({ code: "ASOF_TYPE" });
    expect(await speed(70)).toEqual([null, "1970-01-01T00:00:00Z"]);
  });
});

test("answers with views that no service names are counted by view", async () => {
  const counts = async (): Promise<number[]> => {
    const { unnamed } = await store.monitoring();
    return ["driver_stats", "driver_live"].map((name) => unnamed.find(({ view }) => view === name)?.answers ?? 0);
  };
  const before = await counts();
  const features = ["driver_stats:trips", "driver_stats:conv_rate", "driver_live:speed"];
  expect((await send("/get-online-features", { entities: { driver_id: [1, 2, 3] }, features })).status).toBe(200);
  expect(await counts()).toEqual(before.map((count) => count + 3));
  const { body } = await app.inject("/metrics");
  expect(body).toContain(`asof_view_answers_total{view="driver_live"} ${before[1] + 3}\n`);
});

describe("refusals", () => {
  const push = (df: object, more: object = {}): [string, object] => [
    "/push",
    { push_source_name: "driver_push", df, ...more },
  ];
  const get = (more: object): [string, object] => ["/get-online-features", { entities: { driver_id: [1] }, ...more }];
  const write = (view: string): [string, object] => [
    "/write-to-online-store",
    { feature_view_name: view, df: { driver_id: [1] } },
  ];
  const time = "2026-11-23T00:00:00";

  const cases: readonly (readonly [string, readonly [string, unknown], string, ErrorCode, string])[] = [
    ["an unknown view", get({ features: ["nope:x"] }), "404", "ASOF_UNKNOWN_VIEW", "FeatureViewNotFoundException"],
    [
      "a version of a view",
      get({ features: ["driver_stats@v2:trips"] }),
      "404",
      "ASOF_UNKNOWN_VIEW",
      "FeatureViewNotFoundException",
    ],
    [
      "an unknown feature",
      get({ features: ["driver_stats:x"] }),
      "404",
      "ASOF_UNKNOWN_FEATURE",
      "FeastObjectNotFoundException",
    ],
    [
      "an unknown service",
      get({ feature_service: "x" }),
      "404",
      "ASOF_UNKNOWN_SERVICE",
      "FeatureServiceNotFoundException",
    ],
    ["no features", get({}), "422", "ASOF_REQUEST", "FeastError"],
    ["a reference that is none", get({ features: ["trips"] }), "422", "ASOF_REQUEST", "FeastError"],
    [
      "a feature that is named twice",
      get({ features: ["driver_stats:trips", "driver_stats:trips"] }),
      "422",
      "ASOF_NAME_COLLISION",
      "FeatureNameCollisionError",
    ],
    [
      "two features of one short name",
      get({ features: ["driver_stats:conv_rate", "driver_live:conv_rate"] }),
      "422",
      "ASOF_NAME_COLLISION",
      "FeatureNameCollisionError",
    ],
    ["a key that is missing", get({ features: ["customer_orders:amount"] }), "422", "ASOF_MISSING_KEY", "FeastError"],
    [
      "a key of another type",
      get({ features: ["driver_stats:trips"], entities: { driver_id: ["x"] } }),
      "422",
      "ASOF_TYPE",
      "FeastError",
    ],
    [
      "a key that is no plain value",
      get({ features: ["driver_stats:trips"], entities: { driver_id: [[1]] } }),
      "422",
      "ASOF_REQUEST",
      "FeastError",
    ],
    [
      "columns of other lengths",
      get({ features: ["driver_stats:trips"], entities: { driver_id: [1], x: [] } }),
      "422",
      "ASOF_REQUEST",
      "FeastError",
    ],
    [
      "entities row by row",
      get({ features: ["driver_stats:trips"], entities: [{ driver_id: 1 }] }),
      "422",
      "ASOF_REQUEST",
      "FeastError",
    ],
    [
      "more rows than are answered at once",
      get({ features: ["driver_stats:trips"], entities: { driver_id: [1, 2, 3, 4, 5] } }),
      "422",
      "ASOF_REQUEST",
      "FeastError",
    ],
    [
      "an unknown push source",
      ["/push", { push_source_name: "x", df: {} }],
      "422",
      "ASOF_UNKNOWN_SOURCE",
      "PushSourceNotFoundException",
    ],
    ["nowhere to push to", push({}, { to: "moon" }), "422", "ASOF_REQUEST", "FeastError"],
    ["a push without a source", ["/push", { df: {} }], "422", "ASOF_REQUEST", "FeastError"],
    [
      "a column that there is not",
      push({ driver_id: [1], x: [1], event_timestamp: [time] }),
      "422",
      "ASOF_UNKNOWN_FIELD",
      "FeastError",
    ],
    ["no time", push({ driver_id: [1] }), "422", "ASOF_MISSING_FIELD", "FeastError"],
    ["a time that is none", push({ driver_id: [1], event_timestamp: ["soon"] }), "422", "ASOF_TIMESTAMP", "FeastError"],
    [
      "parts of seconds as a number",
      push({ driver_id: [1], event_timestamp: [1.5] }),
      "422",
      "ASOF_TIMESTAMP",
      "FeastError",
    ],
    ["the future", push({ driver_id: [1], event_timestamp: ["2027-01-01"] }), "422", "ASOF_FUTURE", "FeastError"],
    ["an unknown view to write", write("nope"), "404", "ASOF_UNKNOWN_VIEW", "FeatureViewNotFoundException"],
    ["a view of SQL to write", write("driver_stats"), "422", "ASOF_VIEW_COMPUTED", "FeastError"],
    [
      "an unknown view to materialize",
      ["/materialize-incremental", { end_ts: time, feature_views: ["x"] }],
      "404",
      "ASOF_UNKNOWN_VIEW",
      "FeatureViewNotFoundException",
    ],
    [
      "a span that ends before it begins",
      ["/materialize", { start_ts: time, end_ts: "2026-11-22" }],
      "422",
      "ASOF_REQUEST",
      "FeastError",
    ],
    ["a span without an end", ["/materialize", { start_ts: time }], "422", "ASOF_REQUEST", "FeastError"],
    ["an end that is no time", ["/materialize-incremental", { end_ts: "now" }], "422", "ASOF_TIMESTAMP", "FeastError"],
    [
      "a version to materialize",
      ["/materialize-incremental", { end_ts: time, version: "v2" }],
      "422",
      "ASOF_REQUEST",
      "FeastError",
    ],
    [
      "work in the background",
      ["/materialize?async=true", { start_ts: time, end_ts: "2026-11-24" }],
      "422",
      "ASOF_REQUEST",
      "FeastError",
    ],
    ["what is no JSON", ["/push", "{"], "422", "ASOF_JSON", "FeastError"],
    ["what is no object", ["/push", "[]"], "422", "ASOF_REQUEST", "FeastError"],
  ];

  test.each(cases)("%s", async (_, [path, payload], status, code, name) => {
    const refused = await refusal(path, payload);
    expect(refused).toMatchObject({ status, code, module: "feast.errors", class: name });
    expect(refused["message"]).toContain(code);
  });

  test("of the server itself come in Feast's form too, as what they are", async () => {
    const get = await app.inject("/push");
    expect([get.statusCode, get.headers["allow"]]).toEqual([405, "POST"]);
    expect(JSON.parse(JSON.parse(get.body) as string)).toMatchObject({ code: "ASOF_METHOD", class: "FeastError" });
    const elsewhere = await app.inject({ method: "POST", url: "/push", headers: { host: "example.com" } });
    expect(elsewhere.statusCode).toBe(403);
    expect(JSON.parse(JSON.parse(elsewhere.body) as string)).toMatchObject({ class: "FeastPermissionError" });
  });

  test("are no answers 5xx, whatever the user did wrong", async () => {
    const body = { entities: { driver_id: [1] }, features: ["driver_stats:trips"] };
    for (const [code, { status }] of Object.entries(errorTable)) {
      const failing = buildServer(
        withMethods(store, { featuresOf: () => Promise.reject(new AsofError(code as ErrorCode, "planted")) }),
        { logger: false },
      );
      const { statusCode } = await failing.inject({ method: "POST", url: "/get-online-features", payload: body });
      if (status >= 500) expect(statusCode, code).toBe(status);
      else expect([401, 403, 404, 405, 408, 413, 415, 422, 429, 431], code).toContain(statusCode);
      await failing.close();
    }
    // No route declares the codes that only others fail with.
    takeFaults();
  });

  test("are told as everywhere on other routes", async () => {
    const { statusCode, body } = await app.inject("/v1/runs?limit=x");
    expect(statusCode).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ error: { code: "ASOF_REQUEST" } });
  });
});
