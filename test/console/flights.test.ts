// Every page of the console in a real browser, on a store of all three million flights.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open, type Store } from "../../src/index.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { definitions } from "../flow/some-flights.ts";
import { browserMissing, openBrowser, type Visit, visit } from "./browser.ts";
import { post } from "./post.ts";
import { violations } from "./violations.ts";

const all = fileURLToPath(new URL("../../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "asof-console-flights-"));
const row = { origin: "ORD", destination: "SFO", scheduled: "2001-06-24T10:00:00Z", distance: 1846 };
const asked = encodeURIComponent(JSON.stringify({ ...row, distance: "1846" }));

describe.skipIf(browserMissing !== null)("the console of the flights", () => {
  let browser: Browser;
  let store: Store;
  let server: RunningServer;
  let loaded: number;
  let tab: Visit;

  beforeAll(async () => {
    const addedLatency = { milliseconds: 0 };
    [browser, store] = await Promise.all([
      openBrowser(),
      open({ definitions, home: path.join(folder, "home"), clock: { simulated: "2001-06-24" } }, { addedLatency }),
    ]);
    await store.apply();
    loaded = (await store.load("flights", [all], { until: "2001-06-24" })).rows;
    await store.compute();
    await store.train("late_flight_model");
    await store.materialize();
    server = await serve(store, { port: 0, logger: false, demo: addedLatency });
    await post(`${server.url}/v1/events/flights?wait=applied`, {
      ...row,
      scheduled: "2001-06-23T18:00:00Z",
      delay: 20,
    });
    await post(`${server.url}/v1/predict/late_flight_model`, { entities: [row] });
    tab = await visit(browser, server.url);
  });

  afterAll(async () => {
    await tab?.close();
    await browser?.close();
    await server?.close();
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["/?stage=raw", "Sources"],
    [`/compare?service=late_flight&row=${asked}`, "Features in both stores"],
    ["/features", null],
    ["/features?view=departures&feature=late_1h", "In training and in serving"],
    ["/models", "Versions"],
    ["/playground", null],
    ["/runs", "Runs"],
    ["/learn", "The two stores"],
    ["/learn?way=slow", "What waits for the online store"],
    ["/sign-in", null],
  ] as const)("shows %s without a fault, accessible in light and dark, wide and narrow", async (address, region) => {
    const { page, faults } = tab;
    const width = (): Promise<number> => page.evaluate<number>("document.documentElement.scrollWidth");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.goto(`${server.url}${address}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    if (region !== null) await page.getByRole("region", { name: region, exact: true }).first().waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await width()).toBe(1440);
    // What differs in the dark is the colours.
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    expect(await violations(page, { type: "rule", values: ["color-contrast"] })).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("button", { name: "Menu" }).waitFor();
    expect(await width()).toBe(390);
    expect(faults).toEqual([]);
  });

  test("tells how many flights there are, and that both stores agree on one", async () => {
    const { page, faults } = tab;
    await page.goto(server.url);
    const figure = page.getByRole("button", { name: /^Raw data/ }).locator(".stage-figure");
    // And the one that came by itself.
    await expect.poll(() => figure.textContent()).toContain(new Intl.NumberFormat("en-US").format(loaded + 1));
    expect(loaded).toBeGreaterThan(2_800_000);
    await page.goto(`${server.url}/compare?service=late_flight&row=${asked}`);
    await page.getByText(/^All 35 values are the same in both stores, bit for bit/).waitFor();
    expect(faults).toEqual([]);
  });
});
