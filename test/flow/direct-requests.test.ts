import net from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../../src/store.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import { openTestStore } from "./open-test-store.ts";

// What is answered past the framework is answered as the framework would.

let store: Store;
const apps: FastifyInstance[] = [];
/** How many requests the framework has seen of the server that answers past it. */
let seen = 0;

async function listen(app: FastifyInstance): Promise<number> {
  apps.push(app);
  return Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
}

async function servers(options = {}): Promise<{ direct: number; framework: number }> {
  const direct = buildServer(store, options);
  direct.addHook("onRequest", async () => void seen++);
  // Whoever looks at requests by hooks is told of all.
  const framework = buildServer(store, { ...options, attach: () => {} });
  return { direct: await listen(direct), framework: await listen(framework) };
}

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await store.close();
});

interface Asked {
  readonly path?: string;
  readonly body: string | Buffer;
  readonly type?: string;
  readonly headers?: readonly string[];
}

/** The bytes of a request, and what comes back until the server hangs up, without what differs from one time to the next. */
async function answerOf(port: number, { path = "/v1/features/fraud_features", body, type, headers = [] }: Asked) {
  const bytes = Buffer.from(body);
  const given = headers.some((line) => /^(content-length|transfer-encoding):/i.test(line))
    ? headers
    : [...headers, `Content-Length: ${bytes.length}`];
  const host = headers.some((line) => line.startsWith("Host:")) ? [] : [`Host: 127.0.0.1:${port}`];
  const head = [`POST ${path} HTTP/1.1`, ...host, `Content-Type: ${type ?? "application/json"}`, ...given];
  const socket = net.connect(port, "127.0.0.1");
  socket.write(`${head.join("\r\n")}\r\nConnection: close\r\n\r\n`);
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("close", resolve));
  const [top, ...rest] = Buffer.concat(chunks).toString().split("\r\n\r\n");
  const [status, ...lines] = top.split("\r\n");
  const text = rest.join("\r\n\r\n").replace(/"requestId":"[^"]*"/, '"requestId":""');
  return {
    status,
    headers: lines
      .map((line) => line.toLowerCase())
      .filter((line) => !/^(date|content-length):/.test(line))
      .sort(),
    length: lines.some((line) => /^content-length:/i.test(line)),
    text: text
      .replace(/"(t|stamp)":"[^"]*"/g, '"$1":""')
      .replace(/"id":"[^"]*"/, '"id":""')
      .replace(/"position":\d+/, ""),
  };
}

const one = '{"entities":[{"customer":"hasty-1"}]}';
const payment = (cents: number): string =>
  JSON.stringify({
    at: "2026-03-02T11:00:00Z",
    customer: "é€😀",
    amount: 1,
    cents,
    points: 1,
    ratio: 0.5,
    refund: false,
  });

const usual: Record<string, Asked> = {
  "one key": { body: one },
  "a key that is not of ASCII": { body: '{"entities":[{"customer":"é€😀"}]}' },
  "several keys": { body: '{"entities":[{"customer":"calm-1"},{"customer":null},{"customer":"calm-2"}]}' },
  "the past": { body: '{"entities":[{"customer":"calm-1"}],"at":"2026-02-01T00:00:00Z"}' },
  "UTF-8 by name": { body: one, type: "application/json; charset=utf-8" },
  Arrow: { body: one, headers: ["Accept: application/vnd.apache.arrow.stream"] },
  "no JSON": { body: '{"entities":[{"customer":}]}' },
  "no UTF-8": { body: Buffer.from([0x7b, 0xff, 0x7d]) },
  nobody: { body: '{"entities":[]}' },
  "another type": { body: '{"entities":[{"customer":1}]}' },
  "an unknown field": { body: '{"entities":[{"customer":"a"}],"more":1}' },
  "an unknown service": { path: "/v1/features/nothing", body: one },
  "another host": { body: one, headers: ["Host: example.com"] },
  "another origin": { body: one, headers: ["Origin: http://example.com"] },
  "a prediction": { path: "/v1/predict/fraud", body: one },
  "no such model": { path: "/v1/predict/nothing", body: one },
  "a record": { path: "/v1/events/payments", body: payment(1) },
  records: { path: "/v1/events/payments", body: `[${payment(2)},${payment(3)}]` },
  "half a record": { path: "/v1/events/payments", body: '{"customer":"a"}' },
  "two idempotency keys": {
    path: "/v1/events/payments",
    body: payment(4),
    headers: ["Idempotency-Key: a", "Idempotency-Key: b"],
  },
};

const unusual: Record<string, Asked> = {
  "a query": { path: "/v1/features/fraud_features?layout=columns", body: one },
  "an unknown query": { path: "/v1/features/fraud_features?a=/", body: one },
  "an escaped name": { path: "/v1/features/fraud%5Ffeatures", body: one },
  "a name that is too long": { path: `/v1/features/${"a".repeat(101)}`, body: one },
  "no such route": { path: "/v1/features/fraud_features/more", body: one },
  "another charset": { body: one, type: "application/json; charset=latin1" },
  "another type": { body: one, type: "text/plain" },
  NDJSON: { path: "/v1/events/payments", body: `${payment(5)}\n${payment(6)}\n`, type: "application/x-ndjson" },
  compressed: { body: one, headers: ["Content-Encoding: gzip"] },
  "in chunks": { body: `${one.length.toString(16)}\r\n${one}\r\n0\r\n\r\n`, headers: ["Transfer-Encoding: chunked"] },
  nothing: { body: "" },
  "a large body": { body: `{"entities":[{"customer":"hasty-1"}]${" ".repeat(20_000)}}` },
  "a body that is too large": { body: `{"entities":[{"customer":"hasty-1"}]${" ".repeat(200_000)}}` },
};

describe("on this machine", () => {
  let ports: Awaited<ReturnType<typeof servers>>;
  beforeAll(async () => {
    ports = await servers({ bodyLimit: 100_000 });
    // Who asks first has it looked up whether there are credentials.
    await Promise.all(Object.values(ports).map((port) => answerOf(port, { body: one })));
  });

  /** Asks both for the same; resolves to whether the framework of the one that answers past it saw the request. */
  const askBoth = async (asked: Asked): Promise<boolean> => {
    // What is known of credentials is looked up now, and holds for a moment.
    for (const port of Object.values(ports)) await answerOf(port, { path: "/v1/features", body: one });
    const before = seen;
    const [direct, framework] = [await answerOf(ports.direct, asked), await answerOf(ports.framework, asked)];
    expect(direct).toEqual(framework);
    expect(direct.length).toBe(true);
    return seen > before;
  };

  test.each(Object.entries(usual))("%s does not come to the framework", async (_, asked) => {
    let attempts = 0;
    while (await askBoth(asked)) expect(++attempts).toBeLessThan(10);
  });

  test.each(Object.entries(unusual))("%s is the framework's", async (name, asked) => {
    const wasSeen = await askBoth(asked);
    // What has no route has no hooks but those that were there before it.
    expect(wasSeen).toBe(name !== "no such route" && name !== "a name that is too long");
  });

  test("it counts like all", async () => {
    const counts = async (port: number): Promise<string[]> =>
      (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())
        .split("\n")
        .filter((line) => /^(asof_http_requests_total|asof_errors_total).*(features|predict|events|ASOF)/.test(line))
        .sort();
    const direct = await counts(ports.direct);
    expect(direct.length).toBeGreaterThan(8);
    const without = (lines: string[]): string[] =>
      lines.filter((line) => !line.includes('route="/v1/features/{service}",status="200"'));
    expect(without(direct)).toEqual(without(await counts(ports.framework)));
  });

  test("a body that comes in pieces, and one that never comes whole", async () => {
    const socket = net.connect(ports.direct, "127.0.0.1");
    const head = `POST /v1/features/fraud_features HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${one.length}\r\n\r\n`;
    let received = "";
    socket.on("data", (chunk) => (received += chunk.toString()));
    for (const piece of [head, one.slice(0, 5), one.slice(5, 20), one.slice(20)]) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await expect.poll(() => received).toContain('"service":"fraud_features"');
    socket.write(head + one.slice(0, 5));
    socket.end();
    await new Promise((resolve) => socket.once("close", resolve));
    const { status } = await answerOf(ports.direct, { body: one });
    expect(status).toBe("HTTP/1.1 200 OK");
  });
});

test("a body that is larger than allowed, however small", async () => {
  const ports = await servers({ bodyLimit: 20 });
  await answerOf(ports.direct, { body: one });
  const [direct, framework] = [
    await answerOf(ports.direct, { body: one }),
    await answerOf(ports.framework, { body: one }),
  ];
  expect(direct).toEqual(framework);
  expect(direct.text).toContain("ASOF_TOO_LARGE");
});

test("who may do what", async () => {
  const by = "user:ada";
  const created = [
    await store.keys.create({ name: "reader", scopes: ["read"], by }),
    await store.keys.create({ name: "writer", scopes: ["ingest"], by }),
    await store.keys.create({ name: "slow", scopes: ["read"], rate: 1, by }),
  ];
  const [reader, writer, slow] = created.map(({ key }) => key);
  const ports = await servers({ requireCredentials: true });
  const asking = (key: string | null, asked: Asked): Asked => ({
    ...asked,
    headers: key === null ? [] : [`Authorization: Bearer ${key}`],
  });
  const before = seen;
  let asks = 0;
  for (const key of [null, "ask_nobody_at_all", reader, writer])
    for (const asked of [{ body: one }, usual["a prediction"], usual["a record"], usual["an unknown service"]]) {
      asks++;
      expect(await answerOf(ports.direct, asking(key, asked))).toEqual(
        await answerOf(ports.framework, asking(key, asked)),
      );
    }
  expect(seen - before).toBeLessThan(asks);
  const statuses = async (port: number): Promise<string[]> => {
    const found: string[] = [];
    for (let i = 0; i < 4; i++) found.push((await answerOf(port, asking(slow, { body: one }))).status);
    return found;
  };
  expect((await statuses(ports.direct)).at(-1)).toBe("HTTP/1.1 429 Too Many Requests");
  expect((await statuses(ports.framework)).at(-1)).toBe("HTTP/1.1 429 Too Many Requests");
});
