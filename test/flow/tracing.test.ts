import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Store } from "../../src/store.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import { openTracing, type Tracing } from "../../src/surfaces/tracing/open-tracing.ts";
import { openTestStore } from "./open-test-store.ts";

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number };
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SentSpan["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

const spans: SentSpan[] = [];
const services = new Set<unknown>();
let everything = "";
let collector: http.Server;
let store: Store;
let tracing: Tracing;

beforeAll(async () => {
  collector = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      everything += text;
      for (const { resource, scopeSpans } of (JSON.parse(text) as Sent).resourceSpans) {
        services.add(attribute(resource, "service.name"));
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
  tracing = await openTracing({ endpoint, service: "features", delay: 50 }, "1.2.3");
  store = await openTestStore();
});
afterAll(async () => {
  await tracing.close();
  await store.close();
  collector.closeAllConnections();
  collector.close();
});

function attribute({ attributes }: Pick<SentSpan, "attributes">, key: string): unknown {
  const value = attributes.find((one) => one.key === key)?.value;
  return value === undefined ? undefined : Object.values(value)[0];
}

test("a request is a span in its caller's trace, with the store's work in it, and no values", async () => {
  const server = await serve(tracing.traced(store), { port: 0, logger: false, attach: tracing.attach });
  const [traceId, parent] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  const headers = { "content-type": "application/json", traceparent: `00-${traceId}-${parent}-01` };
  const ask = (entities: unknown): Promise<Response> =>
    fetch(`${server.url}/v1/features/fraud_features`, { method: "POST", headers, body: JSON.stringify({ entities }) });
  expect((await ask([{ customer: "4111111111111111" }])).status).toBe(200);
  expect((await ask([{ customer: 4111111111111111 }])).status).toBe(400);
  await server.close();
  while (spans.length < 4) await sleep(10);
  const requests = spans.filter(({ name }) => name === "POST /v1/features/{service}");
  const work = spans.filter(({ name }) => name.startsWith("asof.features"));
  expect([requests.length, work.length]).toEqual([2, 2]);
  for (const [i, request] of requests.entries()) {
    expect(request).toMatchObject({ traceId, parentSpanId: parent });
    expect(work.find(({ parentSpanId }) => parentSpanId === request.spanId)?.traceId).toBe(traceId);
    expect(Number(attribute(request, "http.response.status_code"))).toBe([200, 400][i]);
    expect(attribute(request, "asof.definition")).toBe("fraud_features");
  }
  expect(attribute(requests[1], "error.type")).toBe("ASOF_TYPE");
  expect(new Set(work.map((span) => span.status.code ?? 0))).toEqual(new Set([0, 2]));
  expect([...services]).toEqual(["features"]);
  expect(everything).not.toContain("4111111111111111");
});
