// `asof/client` as a web page has it: bundled by itself, in a real browser, against a real server behind the page's own.
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientError as ErrorClass, createClient as create } from "asof/client";
import { AsofError } from "../../src/core/errors.ts";
import type { Store } from "../../src/store.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { browserMissing, openBrowser, type Visit, visit } from "../console/browser.ts";
import { now, openTestStore } from "../flow/open-test-store.ts";
import type * as shop from "../flow/shop.ts";
import { withMethods } from "../flow/with-methods.ts";

/** What the bundle gives to the page. */
interface Page {
  readonly createClient: typeof create;
  readonly ClientError: typeof ErrorClass;
}

const ENTRY = "\0page";

/** A page's program of which the client is all: one file, for browsers. */
async function bundled(): Promise<Rolldown.OutputChunk> {
  const client = fileURLToPath(new URL("../../src/surfaces/client/index.ts", import.meta.url));
  const made = (await build({
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) =>
          id === ENTRY
            ? `import { createClient, ClientError } from ${JSON.stringify(client)};
               Object.assign(globalThis, { createClient, ClientError });`
            : undefined,
      },
    ],
    build: { write: false, target: "es2023", modulePreload: false, rollupOptions: { input: ENTRY } },
  })) as Rolldown.RolldownOutput;
  expect(made.output).toHaveLength(1);
  return made.output[0];
}

describe.skipIf(browserMissing !== null)("in a browser", () => {
  let browser: Browser;
  let store: Store;
  let server: RunningServer;
  let site: http.Server;
  let chunk: Rolldown.OutputChunk;
  let tab: Visit;
  /** How often a method of the store was asked, and what it does before it does its work. */
  let calls: Record<string, number> = {};
  let before: Record<string, (call: number) => unknown> = {};
  /** How many requests are cut off before they are answered. */
  let cuts = 0;

  const watched = (name: "ingest" | "featuresAs" | "runs"): ((...given: readonly never[]) => unknown) => {
    return (...given) => {
      const call = (calls[name] = (calls[name] ?? 0) + 1);
      const first = before[name]?.(call);
      return first ?? (store[name].bind(store) as (...given: readonly never[]) => unknown)(...given);
    };
  };

  beforeAll(async () => {
    [browser, store, chunk] = await Promise.all([openBrowser(), openTestStore(), bundled()]);
    const planted = { ingest: watched("ingest"), featuresAs: watched("featuresAs"), runs: watched("runs") };
    server = await serve(withMethods(store, planted), { port: 0, logger: false });
    const csp = "default-src 'none'; script-src 'self'; connect-src 'self'";
    site = http.createServer((request, response) => {
      if (request.url === "/") {
        response.setHeader("content-security-policy", csp);
        response.setHeader("content-type", "text/html");
        return void response.end('<!doctype html><title>shop</title><script type="module" src="/page.js"></script>');
      }
      if (request.url === "/page.js") {
        response.setHeader("content-type", "text/javascript");
        return void response.end(chunk.code);
      }
      if (request.url?.startsWith("/api/") !== true) return void response.writeHead(404).end();
      if (cuts > 0) {
        cuts--;
        return void request.socket.destroy();
      }
      const { method = "", headers } = request;
      const onward = http.request(`${server.url}${request.url.slice("/api".length)}`, {
        method,
        headers: { ...headers, host: new URL(server.url).host },
      });
      onward.on("response", (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      response.on("close", () => onward.destroy());
      request.pipe(onward);
    });
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    tab = await visit(browser, url);
    await tab.page.goto(url);
    await tab.page.waitForFunction("'createClient' in globalThis");
  });
  afterAll(async () => {
    await browser?.close();
    site?.closeAllConnections();
    site?.close();
    await server?.close();
    await store?.close();
  });

  /** Does something in the page, with a client of what it can reach; what it answers comes out as it is there. */
  async function inPage<Given, Found>(
    work: (given: Given & { readonly url: string }) => Found,
    given: Given,
  ): Promise<Awaited<Found>> {
    calls = {};
    return tab.page.evaluate<Awaited<Found>, never>(work as never, { ...given, url: "/api" } as never);
  }

  test("is one small file that imports nothing", () => {
    expect([chunk.imports, chunk.dynamicImports]).toEqual([[], []]);
    expect(Object.keys(chunk.modules).filter((file) => !/^\0|surfaces\/client\/|\0rolldown/.test(file))).toEqual([]);
    expect(chunk.code).not.toMatch(/\b(?:process|Buffer|require|__dirname)\b|node:/);
    expect(gzipSync(chunk.code).length).toBeLessThan(6_000);
  });

  test("ingests, asks and predicts, with the values of the store", async () => {
    const answers = await inPage(
      async ({ url, at }) => {
        const { createClient } = globalThis as unknown as Page;
        const client = createClient<typeof shop>({ url });
        const payment = {
          at,
          customer: "web",
          amount: 1.5,
          cents: 9_223_372_036_854_775_807n,
          refund: false,
          ratio: Infinity,
        };
        const accepted = await client.ingest("payments", payment, { wait: "applied" });
        const request = { customer: "web", basket: Number.NaN, opened: new Date(at / 1000) };
        const [features] = await client.features("checkout", [request]);
        const { prediction, version } = await client.predict("fraud", { customer: "hasty-0" });
        const past = await client.features("fraud_features", { customer: "web" }, { at, knowledge: "now" });
        return { accepted, features, prediction, version, past, status: (await client.status()).now };
      },
      { at: now - 60_000_000 },
    );
    expect(answers.accepted).toMatchObject({ accepted: 1, duplicates: 0 });
    const [expected] = await store.features("checkout", [
      { customer: "web", basket: Number.NaN, opened: now - 60_000_000 },
    ]);
    expect(answers.features.values).toEqual(expected.values);
    expect(answers.features.values).toMatchObject({
      spending__cents_1d: 9_223_372_036_854_775_807n,
      spending__ratio_1d: Infinity,
      basket__size: Number.NaN,
      spending__latest_1d: now - 60_000_000,
    });
    const [predicted] = await store.predict("fraud", [{ customer: "hasty-0" }]);
    expect([answers.prediction, answers.version]).toEqual([predicted.prediction, predicted.version]);
    expect(answers.past).toMatchObject({ t: now - 60_000_000, knowledge: "now" });
    expect(answers.status).toMatch(/^\d{4}-/);
  });

  test("asks again what may be asked again, and nothing else", async () => {
    before = {
      runs: (call) => (call <= 2 ? Promise.reject(new AsofError("ASOF_BUSY", "planted")) : undefined),
      ingest: (call) => (call <= 1 ? Promise.reject(new AsofError("ASOF_BUSY", "planted")) : undefined),
    };
    cuts = 1;
    const found = await inPage(
      async ({ url, at }) => {
        const { createClient, ClientError } = globalThis as unknown as Page;
        const client = createClient<typeof shop>({ url });
        const payment = { at, customer: "twice", amount: 1, cents: 1, refund: false };
        // Cut off once, refused twice.
        const runs = await client.runs({ kind: "train" });
        const refused = await client.ingest("payments", payment).catch((error: unknown) => error);
        return {
          runs: runs.length,
          refused: refused instanceof ClientError ? [refused.code, refused.status] : String(refused),
        };
      },
      { at: now - 60_000_000 },
    );
    expect(found).toEqual({ runs: 1, refused: ["ASOF_BUSY", 503] });
    expect([calls, cuts]).toEqual([{ runs: 3, ingest: 1 }, 0]);
    // Under a key it is sent again, also where it may have been taken.
    const keyed = await inPage(
      async ({ url, at }) => {
        const client = (globalThis as unknown as Page).createClient<typeof shop>({ url });
        const payment = { at, customer: "once", amount: 1, cents: 1, refund: false };
        const first = await client.ingest("payments", payment, { idempotencyKey: "browser", wait: "applied" });
        const second = await client.ingest("payments", payment, { idempotencyKey: "browser", wait: "applied" });
        const { values } = await client.features("fraud_features", { customer: "once" });
        return [first.accepted, second.duplicates, values.spending__payments_1d];
      },
      { at: now - 60_000_000 },
    );
    expect(keyed).toEqual([1, 1, 1]);
    expect(calls["ingest"]).toBe(3);
    before = {};
  });

  test("has a deadline for a call as a whole, ends by a signal, and says what was wrong", async () => {
    before = { runs: () => new Promise(() => {}) };
    const found = await inPage(async ({ url }) => {
      const { createClient, ClientError } = globalThis as unknown as Page;
      const client = createClient({ url, timeout: 5_000 });
      const told = (error: unknown): unknown =>
        error instanceof ClientError
          ? { code: error.code, status: error.status, remedy: error.remedy, traced: error.requestId !== null }
          : String(error);
      const started = performance.now();
      const late = await client.runs({ timeout: 300 }).catch(told);
      const waited = performance.now() - started;
      const controller = new AbortController();
      const stopped = client.runs({ signal: controller.signal }).catch(told);
      setTimeout(() => controller.abort(new Error("enough")), 20);
      const unknown = await client.features("nothing", {}).catch(told);
      const elsewhere = await createClient({ url: "/nowhere" }).status().catch(told);
      return { late, waited, stopped: await stopped, unknown, elsewhere };
    }, {});
    before = {};
    expect(found).toMatchObject({
      late: { code: "ASOF_DEADLINE", status: null },
      stopped: "Error: enough",
      unknown: { code: "ASOF_UNKNOWN_SERVICE", status: 404, traced: true, remedy: expect.stringMatching(/./) },
      elsewhere: { code: "ASOF_ANSWER", status: 404 },
    });
    expect(found.waited).toBeGreaterThan(250);
    expect(found.waited).toBeLessThan(4_000);
  });

  test("sends its key, which is asked for before each attempt", async () => {
    const { key } = await store.keys.create({ name: "page", scopes: ["read"], by: "user:ada" });
    const found = await inPage(
      async ({ url, key }) => {
        const { createClient, ClientError } = globalThis as unknown as Page;
        let asked = 0;
        const open = createClient<typeof shop>({ url, apiKey: async () => ((asked += 1), key) });
        // A key is known once the server has looked again.
        let strange: unknown = null;
        while (!(strange instanceof ClientError))
          strange = await createClient({ url })
            .status()
            .catch((error: unknown) => error);
        const answer = await open.features("fraud_features", { customer: "web" });
        return [answer.values.spending__payments_1d, strange.code, asked];
      },
      { key },
    );
    expect(found).toEqual([1, "ASOF_UNAUTHENTICATED", 2]);
  });

  test("without a fault in the page", () => {
    // A browser says so of every answer that is an error.
    expect(tab.faults.filter((fault) => !/Failed to load resource/.test(fault))).toEqual([]);
  });
});
