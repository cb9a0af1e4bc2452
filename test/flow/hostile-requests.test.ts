import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CreatedKey } from "../../src/core/result/access.ts";
import { open } from "../../src/index.ts";
import type { Store } from "../../src/store.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import * as shop from "./shop.ts";

// What strangers send, to a server that others than this machine can reach.

const folder = mkdtempSync(path.join(tmpdir(), "asof-hostile-"));
const home = path.join(folder, "home");
let store: Store;
let server: RunningServer;
let key: CreatedKey;
const logged: string[] = [];

beforeAll(async () => {
  store = await open({ definitions: { ...shop }, home, audit: false });
  await store.apply();
  await store.materialize();
  await expect(serve(store, { host: "0.0.0.0", port: 0 })).rejects.toMatchObject({ code: "ASOF_NOT_LOOPBACK" });
  key = await store.keys.create({ name: "all", scopes: ["admin"], by: "user:ada" });
  server = await serve(store, {
    host: "0.0.0.0",
    port: 0,
    requestTimeout: 400,
    headersLimit: 4096,
    bodyLimit: 100_000,
    logger: "trace",
    logStream: { write: (line) => void logged.push(line) },
  });
});
afterAll(async () => {
  await server.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const port = (): number => Number(new URL(server.url).port);

/** Sends pieces one by one until the server hangs up; resolves to what came back. */
async function raw(pieces: readonly string[], every = 0): Promise<string> {
  const socket = connect(port(), "127.0.0.1");
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString()));
  // What is sent after it hung up is answered by a reset, which is no failure: `once` would take it for one.
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (every > 0) await new Promise((resolve) => setTimeout(resolve, every));
  }
  await closed;
  return received;
}

async function ask(url: string, body?: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const answer = await fetch(`http://127.0.0.1:${port()}${url}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.key}`, ...headers },
    ...(body !== undefined && { body }),
  });
  return [answer.status, await answer.text()];
}

describe("a connection", () => {
  test("that gives its headers byte by byte is cut off in time, and holds up nobody", async () => {
    const slow = Array.from({ length: 5 }, () =>
      raw(["GET /health HTTP/1.1\r\nHost: x\r\n", ...Array.from({ length: 200 }, (_, i) => `X-${i}: 1\r\n`)], 25),
    );
    expect((await ask("/health"))[0]).toBe(200);
    for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^HTTP\/1\.1 408 .*ASOF_TIMEOUT/s);
  });

  test("that gives its body byte by byte is cut off in time", async () => {
    const head = `POST /v1/events/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
    expect(await raw([head, ...Array.from({ length: 200 }, () => " ")], 25)).toMatch(/^HTTP\/1\.1 408 .*ASOF_TIMEOUT/s);
  });

  test("with too large headers, or too many, is answered and cut off", async () => {
    const many = Array.from({ length: 2500 }, (_, i) => `X${i}: 1`).join("\r\n");
    const large = `GET /${"a".repeat(8000)} HTTP/1.1\r\nHost: x\r\n\r\n`;
    for (const request of [`GET /health HTTP/1.1\r\nHost: x\r\n${many}\r\n\r\n`, large])
      expect(await raw([request])).toMatch(/^HTTP\/1\.1 431 .*ASOF_HEADERS/s);
  });

  test("that smuggles a second request is refused", async () => {
    const both =
      "POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/status HTTP/1.1\r\n\r\n";
    const twice = "POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd";
    for (const request of [both, twice]) expect(await raw([request])).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("of a stranger is answered before its body has come", async () => {
    const head =
      "POST /v1/events/payments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n";
    expect(await raw([head, "{"])).toMatch(/^HTTP\/1\.1 401 .*ASOF_UNAUTHENTICATED/s);
  });
});

/** Names that mean something to a shell, a path, SQL, HTTP, a terminal or a log. */
const hostile = [
  "../../../../etc/passwd",
  "..%2f..%2fregistry.sqlite",
  "payments/../../x",
  "/etc/passwd",
  "payments\0.parquet",
  "'; DROP TABLE payments; --",
  "\" UNION SELECT * FROM read_text('/etc/passwd') --",
  "$(touch owned)",
  "read_csv('/etc/passwd')",
  "\u001b[2J\r\nSet-Cookie: a=b",
  "__proto__",
  "constructor",
  "x".repeat(3000),
  "🏴‍☠️\u202e",
];

test("hostile names are names that nobody has, wherever they stand", async () => {
  const before = readdirSync(folder, { recursive: true }).length;
  for (const name of hostile) {
    const inPath = encodeURIComponent(name);
    const asked: [string, string?][] = [
      [`/v1/events/${inPath}`, "{}"],
      [`/v1/events/${inPath}/retractions`, "{}"],
      [`/v1/features/${inPath}`, '{"entities":[{}]}'],
      [`/v1/predict/${inPath}`, '{"entities":[{}]}'],
      [`/v1/forget/${inPath}`, "{}"],
      [`/v1/models?model=${inPath}`],
      [`/v1/explain?feature=${inPath}.x&keys=%7B%7D`],
      ["/v1/explain", JSON.stringify({ feature: `spending.${name}`, keys: { customer: "a" } })],
      ["/push", JSON.stringify({ push_source_name: name, df: {} })],
      ["/write-to-online-store", JSON.stringify({ feature_view_name: name, df: {} })],
      ["/get-online-features", JSON.stringify({ feature_service: name, entities: {} })],
      ["/get-online-features", JSON.stringify({ features: [`${name}:x`], entities: {} })],
      ["/materialize", JSON.stringify({ feature_views: [name], disable_event_timestamp: true })],
      ["/v1/features/fraud_features", JSON.stringify({ entities: [{ customer: "a", [name]: 1 }] })],
      ["/v1/features/fraud_features", JSON.stringify({ entities: [{ customer: "a" }], at: name })],
    ];
    for (const [url, body] of asked) {
      const [status, answer] = await ask(url, body);
      expect([400, 404, 422, 431], `${url} ${body}: ${answer}`).toContain(status);
      expect(answer).not.toContain("root:");
    }
    // As a value it is as good as any other.
    for (const [url, body] of [
      ["/v1/features/fraud_features", JSON.stringify({ entities: [{ customer: name }] })],
      ["/v1/features/fraud_features", JSON.stringify({ entities: [{ customer: name }], at: "2020-01-01" })],
      ["/v1/audit-log?who=" + inPath],
      ["/v1/forget/customer?dryRun=true", JSON.stringify({ customer: name })],
    ] as const) {
      const [status, answer] = await ask(url, body);
      expect([200, ...(name.length > 1000 ? [431] : [])], `${url} ${body}: ${answer}`).toContain(status);
    }
  }
  const after = readdirSync(folder, { recursive: true }).map(String);
  expect(after.filter((file) => /owned|passwd|payments\.parquet/.test(file))).toEqual([]);
  expect(after.length - before).toBeLessThan(20);
});

test("what is too deep, too long or too much is refused, whoever asks", async () => {
  const rows = JSON.stringify({ entities: Array.from({ length: 1001 }, () => ({ customer: "a" })) });
  const limits: [string, string, number][] = [
    ["/v1/features/fraud_features", "[".repeat(40_000), 400],
    ["/v1/events/payments", `${'{"a":'.repeat(10_000)}1`, 400],
    ["/v1/features/fraud_features", rows, 400],
    ["/v1/events/payments", " ".repeat(100_001), 413],
  ];
  for (const [url, body, status] of limits) expect((await ask(url, body))[0], body.slice(0, 40)).toBe(status);
  const long = "k".repeat(90_000);
  const payment = { at: "2026-03-01T00:00:00Z", customer: long, amount: 1, cents: 1, refund: false };
  for (const [url, body] of [
    ["/v1/events/payments?wait=applied", payment],
    ["/v1/features/fraud_features", { entities: [{ customer: long }] }],
  ] as const) {
    const [status, answer] = await ask(url, JSON.stringify(body));
    expect([status, answer.includes("ASOF_OVERFLOW"), answer.length < 1000]).toEqual([400, true, true]);
  }
});

test("no secret is in a log, an error, the catalog, a plan, the trail or a file of the store", async () => {
  const secret = key.key.slice(18);
  const wrong = `asof_${key.id}_${"Z".repeat(43)}`;
  await ask("/v1/status", undefined, { authorization: `Bearer ${wrong}` });
  await ask("/v1/status", undefined, { authorization: `Basic ${secret}` });
  await ask("/v1/status", undefined, { cookie: `session=${secret}`, "x-api-key": secret });
  await ask("/v1/events/payments", JSON.stringify({ customer: 5 }));
  const told = [
    ...(
      await Promise.all(
        ["/v1/catalog", "/v1/status", "/v1/runs", "/v1/audit-log?limit=1000", "/openapi.json", "/metrics"].map((url) =>
          ask(url),
        ),
      )
    ).map(([, answer]) => answer),
    JSON.stringify(await store.plan(), (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    JSON.stringify(await store.keys.list()),
    logged.join(""),
  ];
  for (const text of told) for (const planted of [secret, "Z".repeat(43)]) expect(text).not.toContain(planted);
  expect(logged.length).toBeGreaterThan(10);
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect(readFileSync(path.join(file.parentPath, file.name)).includes(secret)).toBe(false);
});
