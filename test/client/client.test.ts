import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createClient, type Client, ClientError, type ClientOptions } from "asof/client";
import { AsofError } from "../../src/core/errors.ts";
import type { Store } from "../../src/store.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { now, openTestStore } from "../flow/open-test-store.ts";
import type * as shop from "../flow/shop.ts";
import { withMethods } from "../flow/with-methods.ts";

type Shop = typeof shop;

let store: Store;
let server: RunningServer;
let client: Client<Shop>;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  store = await openTestStore();
  server = await serve(store, { port: 0, logger: false });
  client = createClient<Shop>({ url: `${server.url}/` });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(async () => {
  await server.close();
  await store.close();
});

/** A client of the store with some methods planted. */
async function clientOf(planted: object, options: Partial<ClientOptions> = {}): Promise<Client<Shop>> {
  const other = await serve(withMethods(store, { ...planted }), { port: 0, logger: false });
  closing.push(() => other.close());
  return createClient<Shop>({ url: other.url, ...options });
}

/** A client of a server that is not asof's. */
async function clientOfStranger(
  answer: http.RequestListener,
  options: Partial<ClientOptions> = {},
): Promise<Client<Shop>> {
  const stranger = http.createServer(answer);
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
  });
  return createClient<Shop>({ url: `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`, ...options });
}

async function failure(call: Promise<unknown>): Promise<ClientError> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}

/** A method that fails so many times with a code before it does its work. */
function failing(
  method: "runs" | "ingest",
  times: number,
  code: "ASOF_BUSY" | "ASOF_QUEUE_FULL",
): { calls: number } & object {
  const planted = { calls: 0 };
  return Object.assign(planted, {
    [method]: (...given: readonly never[]) => {
      planted.calls += 1;
      if (planted.calls <= times) return Promise.reject(new AsofError(code, "planted"));
      return (store[method].bind(store) as (...given: readonly never[]) => unknown)(...given);
    },
  });
}

const payment = {
  at: now - 60_000_000,
  customer: "ann",
  amount: 1.5,
  cents: 9_223_372_036_854_775_807n,
  refund: false,
  ratio: Infinity,
};

test("features are those of the store: int64, infinities and moments as they are there", async () => {
  expect(await client.ingest("payments", payment, { wait: "applied" })).toMatchObject({ accepted: 1, duplicates: 0 });
  const requests = [
    { customer: "ann", basket: Number.NaN, opened: now + 7 },
    { customer: 'nobody "12345678901234567890"', basket: 1e300, opened: new Date(now / 1000) },
  ];
  const [ann, nobody] = await client.features("checkout", requests);
  expect(ann).toEqual({
    ...(await store.features("checkout", [requests[0]]))[0],
    t: expect.any(Number),
    loads: expect.any(Object),
  });
  expect(ann.values).toMatchObject({
    spending__cents_1d: payment.cents,
    spending__ratio_1d: Infinity,
    spending__latest_1d: payment.at,
    basket__size: Number.NaN,
    basket__opened: now + 7,
  });
  expect(nobody.values).toMatchObject({ spending__cents_1d: null, basket__opened: now, spending__payments_1d: 0 });
  const one = await client.features("fraud_features", { customer: "ann" }, { at: now - 60_000_000, knowledge: "now" });
  expect(one).toMatchObject({ t: now - 60_000_000, knowledge: "now", knownAt: expect.any(Number) });
});

test("predictions come with what the model was told", async () => {
  const { prediction, version, model, features } = await client.predict("fraud", { customer: "hasty-0" });
  const [expected] = await store.predict("fraud", [{ customer: "hasty-0" }]);
  expect({ prediction, version, model }).toEqual({
    prediction: expected.prediction,
    version: expected.version,
    model: "fraud",
  });
  expect(features.values).toEqual(expected.features.values);
});

test("what is asked with an idempotency key is taken once", async () => {
  const first = await client.ingest("payments", [{ ...payment, customer: "bob" }], { idempotencyKey: "k1" });
  const second = await client.ingest("payments", [{ ...payment, customer: "bob" }], { idempotencyKey: "k1" });
  expect([first.accepted, second.accepted, second.duplicates]).toEqual([1, 0, 1]);
});

test("reports are as their JSON has them", async () => {
  expect((await client.catalog()).map(({ name }) => name)).toContain("fraud_features");
  expect((await client.status()).now).toMatch(/^\d{4}-.*Z$/);
  expect(await client.runs({ kind: "train", limit: 1 })).toMatchObject([{ kind: "train", state: "succeeded" }]);
  expect(await client.models("fraud")).toMatchObject([{ model: "fraud", version: 1, promoted: true }]);
  expect((await client.audit()).sample).toBe(0.01);
  expect(await client.drift()).toEqual([expect.objectContaining({ model: "fraud" })]);
  expect(await client.explain("spending.payments_1d", { customer: "ann" })).toMatchObject({ check: { equal: true } });
  expect(await client.call({ method: "GET", path: "/health" })).toEqual({ status: "up" });
  expect(await client.call({ method: "GET", path: "/metrics" })).toContain("asof_log_end_position");
});

test("errors carry the server's code, remedy and details", async () => {
  const error = await failure(client.ingest("payments", [payment, { ...payment, amount: "much" as never }]));
  expect(error).toMatchObject({
    name: "ClientError",
    code: "ASOF_TYPE",
    status: 400,
    remedy: "Send a value of the declared type.",
    details: { record: 1, field: "amount" },
    requestId: expect.any(String),
  });
  expect(await failure(client.features("nothing" as never, {} as never))).toMatchObject({
    code: "ASOF_UNKNOWN_SERVICE",
    status: 404,
  });
});

test("a read is asked again until it is answered", async () => {
  const busy = failing("runs", 2, "ASOF_BUSY");
  const patient = await clientOf(busy);
  const started = performance.now();
  await patient.runs();
  expect(busy.calls).toBe(3);
  // Both refusals said Retry-After: 1.
  expect(performance.now() - started).toBeGreaterThan(1900);
});

test("a write is sent again under an idempotency key, or where nothing of it was taken", async () => {
  const busy = failing("ingest", 1, "ASOF_BUSY");
  const careful = await clientOf(busy);
  expect((await failure(careful.ingest("payments", payment))).code).toBe("ASOF_BUSY");
  expect(busy.calls).toBe(1);
  const keyed = failing("ingest", 1, "ASOF_BUSY");
  await (await clientOf(keyed)).ingest("payments", payment, { idempotencyKey: "k2" });
  expect(keyed.calls).toBe(2);
  const full = failing("ingest", 1, "ASOF_QUEUE_FULL");
  await (await clientOf(full)).ingest("payments", payment);
  expect(full.calls).toBe(2);
});

test("what would come after the deadline is not waited for", async () => {
  const busy = failing("runs", 9, "ASOF_BUSY");
  const hasty = await clientOf(busy, { timeout: 900 });
  expect((await failure(hasty.runs())).code).toBe("ASOF_BUSY");
  expect(busy.calls).toBe(1);
  const never = await clientOf({ runs: () => new Promise(() => {}) }, { timeout: 300 });
  const late = failure(never.runs());
  expect(await late).toMatchObject({ code: "ASOF_DEADLINE", details: { timeout: 300, attempts: 1 }, status: null });
});

test("a signal ends a call with its reason", async () => {
  const slow = await clientOf({ runs: () => new Promise(() => {}) });
  const controller = new AbortController();
  const call = slow.runs({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
});

test("a server that is not there, and one that is another", async () => {
  const nowhere = createClient({ url: "http://127.0.0.1:9", retries: 1 });
  expect(await failure(nowhere.status())).toMatchObject({ code: "ASOF_UNREACHABLE", status: null });
  let asked = 0;
  const gateway = await clientOfStranger(
    (_request, response) => {
      asked += 1;
      response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>");
    },
    { retries: 2 },
  );
  expect(await failure(gateway.status())).toMatchObject({ code: "ASOF_ANSWER", status: 502 });
  expect(asked).toBe(3);
  const page = await clientOfStranger((_request, response) => void response.end("<h1>Hello</h1>"));
  expect(await failure(page.status())).toMatchObject({ code: "ASOF_ANSWER" });
});

test("a key goes with each request, and is asked for before it", async () => {
  const seen: unknown[] = [];
  let key = 0;
  const keyed = await clientOfStranger(
    ({ headers }, response) => {
      seen.push([headers.authorization, headers["x-tenant"]]);
      response.end('{"runs":[]}');
    },
    { apiKey: async () => `key-${(key += 1)}`, headers: { "x-tenant": "a" } },
  );
  await keyed.runs();
  await keyed.runs();
  expect(seen).toEqual([
    ["Bearer key-1", "a"],
    ["Bearer key-2", "a"],
  ]);
});
