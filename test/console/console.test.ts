// The console in a real browser, on a real server over a real store.
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aggregateView, count, entity, eventSource, featureService, open, type Store, t } from "../../src/index.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { verifyStore } from "../../src/surfaces/verify/verify-store.ts";
import { now, openTestStore } from "../flow/open-test-store.ts";
import * as shop from "../flow/shop.ts";
import { browserMissing, openBrowser, visit } from "./browser.ts";
import { testComparing } from "./comparing.ts";
import { testKeys } from "./keys.ts";
import { testLearning } from "./learn.ts";
import { testModels } from "./models.ts";
import { post } from "./post.ts";
import { violations } from "./violations.ts";

let browser: Browser;
let store: Store;
let server: RunningServer;

const addedLatency = { milliseconds: 0 };

const payment = (customer: string, more: object = {}): object => ({
  at: new Date(now / 1000).toISOString(),
  customer,
  amount: 12.5,
  cents: "9007199254740993",
  refund: false,
  ...more,
});

describe.skipIf(browserMissing !== null)("the console", () => {
  beforeAll(async () => {
    [browser, store] = await Promise.all([openBrowser(), openTestStore({ addedLatency })]);
    await store.train("fraud", { promote: false });
    const configuration = { definitions: { ...shop }, home: (await store.status()).home, clock: { simulated: now } };
    server = await serve(store, {
      port: 0,
      logger: false,
      demo: addedLatency,
      // As it is but for the time it takes.
      verify: () => verifyStore({ store, configuration, minutes: 0.01, signal: new AbortController().signal }),
    });
    await post(`${server.url}/v1/events/payments?wait=applied`, [
      payment("calm-1"),
      payment("calm-1", { amount: 0.1 }),
    ]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await store?.close();
  });

  test("is small, cached, and lets in nothing from elsewhere", async () => {
    const { page, close } = await visit(browser, server.url);
    try {
      const scripts = new Map<string, number>();
      page.on("response", async (response) => {
        if (response.request().resourceType() === "script") scripts.set(response.url(), 0);
      });
      const began = performance.now();
      const first = await page.goto(server.url);
      await page.getByRole("region", { name: "Process", exact: true }).waitFor();
      const took = performance.now() - began;
      const headers = first!.headers();
      expect(headers["content-security-policy"]).toContain("script-src 'self';");
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      expect(await first!.text()).not.toMatch(/<script(?![^>]* src=)|<style| on\w+=/);
      let bytes = 0;
      for (const url of scripts.keys()) {
        const response = await fetch(url, { headers: { "accept-encoding": "identity" } });
        expect(response.headers.get("cache-control")).toContain("immutable");
        const zipped = await zippedAt(url);
        expect(gunzipSync(zipped).equals(Buffer.from(await response.arrayBuffer()))).toBe(true);
        bytes += zipped.length;
      }
      expect(bytes).toBeGreaterThan(50_000);
      expect(bytes).toBeLessThan(250_000);
      process.stdout.write(`first page: ${bytes} bytes of scripts, gzipped; there after ${took.toFixed(0)} ms\n`);
      const again = await fetch(server.url, { headers: { "if-none-match": headers["etag"] } });
      expect(again.status).toBe(304);
      expect((await fetch(`${server.url}/assets/nothing.js`)).status).toBe(404);
      expect((await fetch(`${server.url}/nowhere`)).status).toBe(404);
    } finally {
      await close();
    }
  });

  test("tells live what comes in and what is served", async () => {
    const { page, faults, close } = await visit(browser, server.url);
    try {
      await page.goto(server.url);
      const figure = (name: string) =>
        page.getByRole("button", { name: new RegExp(`^${name}`) }).locator(".stage-figure");
      const events = figure("Events");
      await events.waitFor();
      const before = await events.textContent();
      const predictions = await figure("Predictions").textContent();
      await post(`${server.url}/v1/events/payments?wait=applied`, payment("calm-2"));
      await post(`${server.url}/v1/predict/fraud`, { entities: [{ customer: "calm-2" }] });
      await expect.poll(() => events.textContent(), { timeout: 15_000 }).not.toBe(before);
      await expect.poll(() => figure("Predictions").textContent(), { timeout: 15_000 }).not.toBe(predictions);
      await expect
        .poll(() => figure("Serving").locator("..").textContent(), { timeout: 15_000 })
        .toMatch(/p99 [\d.]+\sm?s/);
      // The slider looks back: at the start there was nothing.
      await page.getByLabel("Moment", { exact: true }).fill("0");
      await page.getByText("The start: nothing has run").waitFor();
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  test("moves nothing for those who want less motion", async () => {
    const moving = "document.getAnimations().filter(({ playState }) => playState === 'running').length";
    for (const [reducedMotion, moves] of [
      ["reduce", false],
      ["no-preference", true],
    ] as const) {
      const { page, close } = await visit(browser, server.url, { reducedMotion });
      try {
        await page.goto(server.url);
        await page.getByText("Live", { exact: true }).waitFor();
        // While it flows, the lines between the stages do.
        const busy = async (): Promise<number> => {
          await post(`${server.url}/v1/predict/fraud`, { entities: [{ customer: "calm-2" }] });
          return page.locator(".line-busy").count();
        };
        await expect.poll(busy, { timeout: 15_000, interval: 200 }).toBeGreaterThan(0);
        expect((await page.evaluate<number>(moving)) > 0).toBe(moves);
      } finally {
        await close();
      }
    }
  });

  // Each in a tab of its own, none of them in the way of another; none waits for live figures, which come later where
  // the machine is busy.
  describe.concurrent("side by side", () => {
    test("shows moments in UTC, or in the time of where the person is, and remembers that", async ({ expect }) => {
      const { page, close } = await visit(browser, server.url, { timezoneId: "Asia/Kolkata" });
      try {
        await page.goto(`${server.url}/runs`);
        const first = page.getByRole("region", { name: "Runs", exact: true }).locator("time").first();
        const at = new Date((await first.getAttribute("datetime"))!).getTime();
        const shown = (time: number): string => new Date(time).toISOString().slice(0, 19).replace("T", " ");
        const [there, here] = [`${shown(at)}\u00a0UTC`, `${shown(at + 5.5 * 3_600_000)}\u00a0GMT+5:30`];
        expect(await first.textContent()).toBe(there);
        expect(await first.getAttribute("title")).toContain(shown(at + 5.5 * 3_600_000));
        await page.getByRole("combobox", { name: "Times" }).selectOption("local");
        expect(await first.textContent()).toBe(here);
        expect(await page.getByText(/GMT\+5:30$/).count()).toBeGreaterThan(1);
        await page.reload();
        expect(await first.textContent()).toBe(here);
        await page.getByRole("combobox", { name: "Times" }).selectOption("UTC");
        expect(await first.textContent()).toBe(there);
      } finally {
        await close();
      }
    });

    test("has its pages in a menu where there is little room", async ({ expect }) => {
      const { page, close } = await visit(browser, server.url, { viewport: { width: 390, height: 844 } });
      try {
        await page.goto(`${server.url}/learn`);
        await page.getByRole("button", { name: "Menu" }).click();
        await page.getByRole("link", { name: "Compare", exact: true }).click();
        await page.getByRole("heading", { name: "Compare", level: 1 }).waitFor();
        expect(await page.getByRole("link", { name: "Learn", exact: true }).isVisible()).toBe(false);
      } finally {
        await close();
      }
    });

    test("asks for a prediction and shows the request; what is refused says why", async ({ expect }) => {
      const { page, close } = await visit(browser, server.url);
      try {
        await page.goto(`${server.url}/playground`);
        await page.getByLabel("customer").fill("hasty-1");
        await page.getByRole("button", { name: "Send" }).click();
        await page.getByText("Prediction of version 1").waitFor();
        expect(await page.locator("pre code").textContent()).toContain(`curl ${server.url}/v1/predict/fraud`);
        const parts = await page.getByLabel("The server’s work").locator("dt").allTextContents();
        for (const part of ["Online store", "Decoding", "Computing", "Model", "Request and answer"])
          expect(parts.join()).toContain(part);
        await page.getByRole("button", { name: "TypeScript" }).click();
        const program = await page.locator("pre code").textContent();
        const run = ["--input-type=module-typescript", "-e", `${program}\nconsole.log(answer.version, answer.model);`];
        expect((await promisify(execFile)(process.execPath, run)).stdout).toBe("1 fraud\n");
        await page.getByRole("button", { name: "Python" }).click();
        expect(await page.locator("pre code").textContent()).toContain("urllib.request");
        await page.getByLabel("Ask for").selectOption("features of checkout");
        await page.getByLabel("customer").fill("calm-1");
        await page.getByLabel("basket").fill("much");
        await page.getByLabel("opened").fill("2026-03-02T12:00:00Z");
        await page.getByRole("button", { name: "Send" }).click();
        await page.getByRole("alert").getByText("basket").waitFor();
        expect(await page.getByRole("alert").textContent()).toContain("ASOF_TYPE");
      } finally {
        await close();
      }
    });

    test("says when the server goes away, and goes on when it is back", async ({ expect }) => {
      const mine = await serve(store, { port: 0, logger: false });
      const { page, close } = await visit(browser, mine.url);
      try {
        await page.goto(mine.url);
        await page.getByText("Live", { exact: true }).waitFor();
        await mine.close();
        await page.getByText("The server does not answer.").waitFor();
        const back = await serve(store, { port: Number(new URL(mine.url).port), logger: false });
        await page.getByText("Live", { exact: true }).waitFor();
        await expect.poll(() => page.getByRole("alert").allTextContents(), { timeout: 15_000 }).toEqual([]);
        await back.close();
      } finally {
        await close();
        await mine.close();
      }
    });

    test("says what to do with an empty store, and shows 2,000 features as they come into sight", async ({
      expect,
    }) => {
      const folder = mkdtempSync(path.join(tmpdir(), "asof-console-"));
      const user = entity("user", { user: t.string() });
      const clicks = eventSource("clicks", { fields: { at: t.timestamp(), user: t.string() }, eventTime: "at" });
      const views = Array.from({ length: 200 }, (_, i) =>
        aggregateView(`clicked_${i}`, {
          source: clicks,
          entity: user.from({ user: "user" }),
          tags: i === 7 ? ["rare"] : [],
          features: Object.fromEntries(Array.from({ length: 10 }, (_, j) => [`n${j}`, count().over(`${j + 1}h`)])),
        }),
      );
      const definitions = [{ user, clicks, all: featureService("all", views) }, Object.fromEntries(views.entries())];
      const many = await open({ definitions, home: path.join(folder, "home") });
      const there = await serve(many, { port: 0, logger: false });
      const { page, faults, close } = await visit(browser, there.url);
      try {
        await page.goto(there.url);
        await page.getByText("This store is empty").waitFor();
        expect(await page.getByText("asof apply").count()).toBe(1);
        await page.getByRole("link", { name: "Features", exact: true }).click();
        await page.getByText("2,000 of 2,000 features").waitFor();
        expect(await page.locator(".feature-row").count()).toBeLessThan(60);
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
        await page.getByRole("link", { name: /^clicked_99\.n9/ }).waitFor();
        await page.getByRole("combobox", { name: /^Tag/ }).selectOption("rare");
        await page.getByText("10 of 2,000 features").waitFor();
        await page.getByLabel("Search").fill("nothing like it");
        await page.getByText("No feature is like that.").waitFor();
        expect(faults).toEqual([]);
      } finally {
        await close();
        await there.close();
        await many.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });

    testComparing(() => ({ browser, url: server.url }));

    describe("learning", () => testLearning(() => ({ browser, url: server.url, store }), addedLatency));
  });

  test("starts a verification and a materialization, and tells what each came to", async () => {
    const { page, faults, close } = await visit(browser, server.url);
    try {
      await page.goto(`${server.url}/runs`);
      const table = page.getByRole("region", { name: "Runs", exact: true });
      await page.getByRole("button", { name: "Verify for half a minute" }).click();
      await page.getByText(/^[\d,]+ values compared with the records: none differs\.$/).waitFor();
      await page.getByRole("button", { name: "Materialize" }).click();
      await page.getByText("All views are in the online store.").waitFor();
      const [materialized] = await store.runs({ kind: "materialize", limit: 1 });
      await table
        .getByRole("row", { name: new RegExp(`^${materialized.id} materialize spending succeeded`) })
        .waitFor();
      const [verified] = await store.runs({ kind: "verify", limit: 1 });
      await page.getByRole("button", { name: `Details of run ${verified.id}` }).click();
      await table.getByRole("list", { name: "Log" }).getByText("verify").waitFor();
      expect(await violations(page)).toEqual([]);
      expect(faults).toEqual([]);
      // What failed says why.
      await expect(store.load("payments", ["/nowhere/nothing.ndjson"])).rejects.toThrow();
      const [failed] = await store.runs({ kind: "load", limit: 1 });
      await page.getByRole("button", { name: `Details of run ${failed.id}` }).click();
      await table.getByText(String(failed.details["message"])).waitFor();
    } finally {
      await close();
    }
  });

  describe("models", () => testModels(() => ({ browser, url: server.url, store })));

  describe("of a store that asks for keys", () => testKeys(() => ({ browser, store })));
});

/** A file as it is sent to whoever takes it compressed. */
function zippedAt(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { "accept-encoding": "gzip" } }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(Buffer.concat(parts)));
    })
      .on("error", reject)
      .end();
  });
}
