import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ReadOptions } from "../../src/core/result/store.ts";
import type { Store } from "../../src/store.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import type { ServeOptions } from "../../src/surfaces/http/server-options.ts";
import { openTestStore } from "./open-test-store.ts";
import { withMethods } from "./with-methods.ts";

let store: Store;
const running: RunningServer[] = [];

beforeAll(async () => {
  store = await openTestStore();
  return () => store.close();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(
  planted: Readonly<Record<string, unknown>> = {},
  options: ServeOptions = {},
): Promise<RunningServer> {
  const server = await serve(withMethods(store, planted), { port: 0, ...options });
  running.push(server);
  return server;
}

/** Sends bytes as they are and resolves with everything that comes back until the server hangs up. */
async function raw({ url }: RunningServer, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.write(bytes);
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString()));
  socket.on("error", () => undefined);
  // `once` would take a reset behind the answer for a failure.
  await new Promise((resolve) => socket.once("close", resolve));
  return received;
}

const errorIn = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)).error.code;

const ask = ({ url }: RunningServer, body: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/v1/features/fraud_features`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    ...init,
  });

/** A method that waits to be let go. */
function held<T>(value: T): { method: () => Promise<T>; entered: Promise<void>; release: () => void } {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const method = async (): Promise<T> => {
    entered.resolve();
    await gate.promise;
    return value;
  };
  return { method, entered: entered.promise, release: gate.resolve };
}

/** Asks, and goes away once something has begun. */
async function askAndGo(server: RunningServer, body: string, begun: Promise<void>): Promise<void> {
  const client = new AbortController();
  const asked = ask(server, body, { signal: client.signal }).catch(() => undefined);
  await begun;
  client.abort();
  await asked;
  await sleep(50);
}

const code = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { error: { code: unknown } }).error.code;

describe("serve", () => {
  test.each(["127.0.0.1", "::1", "[::1]", "localhost"])("listens on %s at the url it names", async (host) => {
    const server = await start({}, { host });
    expect(server.url).toMatch(/^http:\/\/(127\.0\.0\.1|\[::1\]|localhost):\d+$/);
    const response = await fetch(`${server.url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: "up" }]);
  });

  test.each(["0.0.0.0", "::", "example.com", "192.168.0.1"])("refuses %s, which others could reach", async (host) => {
    await expect(serve(store, { host, port: 0 })).rejects.toMatchObject({
      code: "ASOF_NOT_LOOPBACK",
      details: { host },
    });
  });

  test("refuses a port that is taken, and frees its own when closed", async () => {
    const first = await start();
    const port = Number(new URL(first.url).port);
    await expect(serve(store, { port })).rejects.toMatchObject({
      code: "ASOF_LISTEN",
      details: { port, reason: "EADDRINUSE" },
    });
    await first.close();
    await start({}, { port });
  });

  test("answers what is not HTTP", async () => {
    const answer = await raw(await start(), "NONSENSE\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(errorIn(answer)).toBe("ASOF_HTTP");
  });

  test("answers headers that are too large", async () => {
    const answer = await raw(
      await start({}, { headersLimit: 2000 }),
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(3000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(errorIn(answer)).toBe("ASOF_HEADERS");
  });

  test("answers a request that does not arrive", async () => {
    const answer = await raw(
      await start({}, { requestTimeout: 300 }),
      "POST /v1/events/payments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(errorIn(answer)).toBe("ASOF_TIMEOUT");
  });

  test("answers in time where the work takes too long, and interrupts what reads history", async () => {
    const ended = Promise.withResolvers<unknown>();
    const features = async (service: string, rows: [], options: ReadOptions = {}): Promise<unknown> => {
      // As history that takes long to read.
      await new Promise((resolve) => options.signal!.addEventListener("abort", resolve));
      return store.features(service, rows, options).catch((error: unknown) => {
        ended.resolve(error);
        throw error;
      });
    };
    const server = await start({ features }, { answerTimeout: 50 });
    const late = await ask(server, '{"entities":[{"customer":"hasty-1"}],"at":"2026-02-01"}');
    expect(late.status).toBe(504);
    expect(await code(late)).toBe("ASOF_DEADLINE");
    expect(await ended.promise).toMatchObject({ code: "ASOF_INTERRUPTED" });
    expect((await ask(await start(), '{"entities":[{"customer":"hasty-1"}],"at":"2026-02-01"}')).status).toBe(200);
  });

  test("has no limit for work that is waited for, and one for another process and for Feast's clients", async () => {
    const [materialize, featuresOf] = [held([]), held([])];
    const planted = { materialize: materialize.method, featuresOf: featuresOf.method };
    const server = await start(planted, { answerTimeout: 50 });
    const post = (to: RunningServer, route: string, body: string): Promise<Response> =>
      fetch(`${to.url}${route}`, { method: "POST", headers: { "content-type": "application/json" }, body });
    const work = post(server, "/v1/materialize", "{}");
    await materialize.entered;
    const feast = await post(
      server,
      "/get-online-features",
      '{"features":["spending:payments_1d"],"entities":{"customer":["a"]}}',
    );
    expect(feast.status).toBe(504);
    expect(await feast.json()).toContain("answer within 50ms");
    const behind = await start({}, { answerTimeout: 50, forward: () => new Promise(() => {}) });
    expect(await code(await post(behind, "/v1/events/payments", "{}"))).toBe("ASOF_DEADLINE");
    materialize.release();
    expect([(await work).status, await (await work).json()]).toEqual([200, { views: [] }]);
  });

  test("refuses a body that grows too large without saying so", async () => {
    const server = await start({}, { bodyLimit: 1000 });
    const { hostname, port } = new URL(server.url);
    const request = http.request({
      hostname,
      port,
      method: "POST",
      path: "/v1/events/payments",
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => undefined);
    request.write(" ".repeat(600));
    request.write(" ".repeat(600));
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  test("takes nothing of a body that breaks off", async () => {
    let calls = 0;
    const server = await start({ ingest: async () => void (calls += 1) });
    const { hostname, port } = new URL(server.url);
    for (const head of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
      const socket = net.connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.write(
        `POST /v1/events/payments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n${head}\r\n\r\n`,
      );
      socket.write(head.startsWith("T") ? "2\r\n{}\r\n" : "{}\n");
      await sleep(50);
      socket.destroy();
    }
    await sleep(50);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect(calls).toBe(0);
  });

  test("answers that it is busy rather than hold more than it can", async () => {
    const { method, entered, release } = held({ heads: [], tail: { text: "", bytes: 0 } });
    const server = await start({ featuresAs: method }, { bodiesLimit: 100 });
    const body = JSON.stringify({ entities: [{ customer: "x".repeat(50) }] });
    const first = ask(server, body);
    await entered;
    const second = await ask(server, body);
    expect([second.status, second.headers.get("retry-after"), await code(second)]).toEqual([503, "1", "ASOF_BUSY"]);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    release();
    expect((await first).status).toBe(200);
    expect((await ask(server, body)).status).toBe(200);
  });

  test("forgets the body of a client that has gone", async () => {
    const { method, entered, release } = held({ heads: [], tail: { text: "", bytes: 0 } });
    const server = await start({ featuresAs: method }, { bodiesLimit: 100 });
    const body = JSON.stringify({ entities: [{ customer: "x".repeat(50) }] });
    await askAndGo(server, body, entered);
    release();
    expect((await ask(server, body)).status).toBe(200);
  });

  test("forgets the body of a client that has gone before it was let in", async () => {
    const { method, entered, release } = held(0);
    const keys = withMethods(store.keys as never, { version: method });
    const server = await start({ keys }, { bodiesLimit: 100 });
    const body = JSON.stringify({ entities: [{ customer: "x".repeat(50) }] });
    await askAndGo(server, body, entered);
    release();
    await sleep(50);
    expect((await ask(server, body)).status).toBe(200);
  });
});

describe("long answers", () => {
  test("are whole for a client that reads slowly, whatever else is answered meanwhile", async () => {
    const server = await start();
    const { hostname, port } = new URL(server.url);
    const bodies = [250, 300, 200, 280].map((rows, b) =>
      JSON.stringify({ entities: Array.from({ length: rows }, (_, i) => ({ customer: `${b}-${i}` })) }),
    );
    // Of one moment all of them, as nothing arrives and the clock stands still.
    const expected = await Promise.all(bodies.map(async (body) => (await ask(server, body)).text()));
    for (const answer of expected) expect(answer.length).toBeGreaterThan(32_768);
    const socket = net.connect(Number(port), hostname);
    for (const body of bodies)
      socket.write(
        `POST /v1/features/fraud_features HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    const busy = Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        expect(await (await ask(server, bodies[i % 4])).text()).toBe(expected[i % 4]);
      }),
    );
    const bytes = expected.reduce((sum, answer) => sum + Buffer.byteLength(answer), 0);
    const chunks: Buffer[] = [];
    let received = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      received += chunk.length;
      if (received > bytes && chunk.subarray(-2).toString() === "]}") break;
      await sleep(1);
    }
    let at = 0;
    const text = Buffer.concat(chunks).toString();
    for (const answer of expected) {
      at = text.indexOf(answer, at);
      expect(at).toBeGreaterThan(0);
      at += answer.length;
    }
    await busy;
  });
});

describe("close", () => {
  test("waits for what is in flight and takes nothing more", async () => {
    const { method, entered, release } = held({ heads: [], tail: { text: "", bytes: 0 } });
    const server = await start({ featuresAs: method });
    const first = ask(server, '{"entities":[{"customer":"a"}]}');
    await entered;
    let closed = false;
    const closing = server.close().then(() => (closed = true));
    await sleep(100);
    expect(closed).toBe(false);
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
    release();
    const released = performance.now();
    const response = await first;
    expect([response.status, await response.json()]).toEqual([200, { service: "fraud_features", results: [] }]);
    await closing;
    // The answered connection is hung up, not waited for.
    expect(performance.now() - released).toBeLessThan(5000);
  });

  test("refuses what comes after it on a connection that is open", async () => {
    const { method, entered, release } = held({ heads: [], tail: { text: "", bytes: 0 } });
    const server = await start({ featuresAs: method });
    const body = '{"entities":[{"customer":"a"}]}';
    const post = `POST /v1/features/fraud_features HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const { hostname, port } = new URL(server.url);
    const socket = net.connect(Number(port), hostname);
    let received = "";
    socket.on("data", (chunk) => (received += chunk.toString()));
    socket.write(post);
    await entered;
    const closing = server.close();
    await sleep(50);
    socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await sleep(50);
    release();
    await Promise.all([closing, once(socket, "close")]);
    expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(received).not.toContain('"up"');
  });

  test("waits no longer than it may", async () => {
    const { method, entered, release } = held({ heads: [], tail: { text: "", bytes: 0 } });
    const server = await start({ featuresAs: method }, { drainTimeout: 200 });
    const first = ask(server, '{"entities":[{"customer":"a"}]}').catch(() => "broken");
    await entered;
    await server.close();
    expect(await first).toBe("broken");
    release();
  });

  test("may be called again", async () => {
    const server = await start();
    await server.close();
    await server.close();
  });
});
