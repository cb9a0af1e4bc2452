// What a request is refused with over HTTP, each as the server's own description says; none leaves anything.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Store } from "../../src/index.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { now, openTestStore } from "./open-test-store.ts";
import { stateOf } from "./state-of.ts";

let store: Store;
let server: RunningServer;
const state = async (): Promise<object> => stateOf(store, (await store.status()).home);

beforeAll(async () => {
  store = await openTestStore();
  server = await serve(store, { port: 0, bodyLimit: 20_000 });
});
afterAll(async () => {
  await server.close();
  await store.close();
});

const good = { at: now - 1, customer: "zoe", amount: 1, cents: 1, points: 1, ratio: 1, refund: false };
const ndjson = (...records: readonly object[]): string => records.map((one) => `${JSON.stringify(one)}\n`).join("");

type Where = Readonly<Record<string, unknown>>;

const json = "application/json";
const requests: [string, string, string, string, number, ErrorCode, Where][] = [
  [
    "an unknown field",
    "/v1/events/payments",
    JSON.stringify([good, { ...good, x: 1 }]),
    json,
    400,
    "ASOF_UNKNOWN_FIELD",
    { record: 1, field: "x" },
  ],
  [
    "a wrong type",
    "/v1/events/payments",
    ndjson(good, { ...good, amount: "1" }),
    "application/x-ndjson",
    400,
    "ASOF_TYPE",
    { line: 2, field: "amount" },
  ],
  [
    "a missing key",
    "/v1/features/fraud_features",
    '{"entities":[{"customer":"a"},{}]}',
    json,
    400,
    "ASOF_MISSING_KEY",
    { row: 1, field: "customer" },
  ],
  [
    "a missing key to predict",
    "/v1/predict/fraud",
    '{"entities":[{}]}',
    json,
    400,
    "ASOF_MISSING_KEY",
    { field: "customer" },
  ],
  [
    "a bad timestamp",
    "/v1/events/payments",
    JSON.stringify({ ...good, at: "2026-02-30" }),
    json,
    400,
    "ASOF_TIMESTAMP",
    { field: "at" },
  ],
  [
    "a bad moment",
    "/v1/features/fraud_features",
    '{"entities":[{"customer":"a"}],"at":"noon"}',
    json,
    400,
    "ASOF_TIMESTAMP",
    {},
  ],
  [
    "NaN",
    "/v1/events/payments",
    JSON.stringify({ ...good, amount: "NaN" }),
    json,
    400,
    "ASOF_NOT_FINITE",
    { field: "amount" },
  ],
  ["NaN that is no JSON", "/v1/events/payments", '{"amount":NaN}', json, 400, "ASOF_JSON", { line: 1, column: 11 }],
  ["wrong JSON", "/v1/events/payments", '{"at":1,\n "customer"}', json, 400, "ASOF_JSON", { line: 2 }],
  ["wrong NDJSON", "/v1/events/payments", `${ndjson(good)}{`, "application/x-ndjson", 400, "ASOF_JSON", { line: 2 }],
  ["an empty body", "/v1/events/payments", "", json, 400, "ASOF_JSON", {}],
  ["no records", "/v1/events/payments", "[]", json, 400, "ASOF_EMPTY", {}],
  [
    "an oversized body",
    "/v1/events/payments",
    JSON.stringify(Array.from({ length: 400 }, () => good)),
    json,
    413,
    "ASOF_TOO_LARGE",
    { limit: 20_000 },
  ],
  [
    "an unknown source",
    "/v1/events/nothing",
    JSON.stringify(good),
    json,
    404,
    "ASOF_UNKNOWN_SOURCE",
    { name: "nothing" },
  ],
  [
    "an unknown service",
    "/v1/features/nothing",
    '{"entities":[{"customer":"a"}]}',
    json,
    404,
    "ASOF_UNKNOWN_SERVICE",
    { name: "nothing" },
  ],
  [
    "an unknown model",
    "/v1/predict/nothing",
    '{"entities":[{"customer":"a"}]}',
    json,
    404,
    "ASOF_UNKNOWN_MODEL",
    { name: "nothing" },
  ],
  [
    "another media type",
    "/v1/events/payments",
    "at=1",
    "application/x-www-form-urlencoded",
    415,
    "ASOF_MEDIA_TYPE",
    {},
  ],
];
let paths: Readonly<Record<string, { post: { responses: Record<string, { description: string }> } }>>;
beforeAll(async () => {
  ({ paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: typeof paths });
});
/** What the description of the server says of an answer of this status. */
const described = (url: string, status: number): string => {
  const path = Object.keys(paths).find((one) => one.startsWith(url.replace(/[^/]*$/, "{")))!;
  return (paths[url] ?? paths[path]).post.responses[status].description;
};

test.each(requests)("%s is refused", async (_, url, body, type, status, code, details) => {
  const before = await state();
  const response = await fetch(server.url + url, { method: "POST", headers: { "content-type": type }, body });
  expect(response.status).toBe(status);
  expect(described(url, status)).toContain(code);
  expect(await response.json()).toMatchObject({ error: { code, message: expect.any(String) as string, details } });
  expect(await state()).toEqual(before);
});
