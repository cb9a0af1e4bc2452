// Pictures of every page of the console, on a copy of the quickstart's store: 1440×900 and 390×844, light and dark.
//   npm run screenshots                     into screenshots/
//   npm run screenshots -- --into FOLDER --only learn
//   npm run screenshots -- --only flow --readme    also those of the README, into docs/images/
import { cp, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { open } from "asof";
import { serve } from "asof/http";
import configuration from "../examples/flights/asof.config.ts";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { into, only, readme } = parseArgs({
  options: {
    into: { type: "string", default: path.join(root, "screenshots") },
    /** What the names of the pictures begin with. */
    only: { type: "string", default: "" },
    readme: { type: "boolean", default: false },
  },
}).values;
const kept = path.join(root, "examples", "flights", ".asof");

const row = { origin: "ORD", destination: "SFO", scheduled: "2001-07-01T10:00:00Z", distance: "1846" };
const asked = `/compare?service=late_flight&row=${encodeURIComponent(JSON.stringify(row))}`;

interface Picture {
  readonly name: string;
  readonly address: string;
  /** What has to be there before the picture is taken. */
  readonly region?: string;
  readonly act?: (page: Page) => Promise<void>;
}

const pictures: readonly Picture[] = [
  // Rates take a while.
  { name: "flow", address: "/", region: "Status tracker", act: (page) => page.waitForTimeout(5000) },
  { name: "flow-stage", address: "/?stage=serving", region: "Status tracker" },
  { name: "compare", address: asked, region: "Features in both stores" },
  {
    name: "compare-explained",
    address: asked,
    region: "Features in both stores",
    act: async (page) => {
      await page.getByRole("button", { name: "Explain origin__late_1h" }).click();
      await page.getByText("30 records counted").waitFor();
    },
  },
  { name: "compare-past", address: `${asked}&at=2001-06-28T12:00:00Z`, region: "Features in both stores" },
  { name: "features", address: "/features" },
  {
    name: "feature",
    address: "/features?view=departures&feature=late_1h",
    region: "In training and in serving",
    act: async (page) => {
      await page.getByLabel("airport").fill("ORD");
      await page.getByRole("button", { name: "Explain", exact: true }).click();
      await page.getByText("records counted").waitFor();
    },
  },
  {
    name: "models",
    address: "/models",
    region: "Drift of features",
    act: (page) => page.getByText("as time goes on").first().waitFor(),
  },
  {
    name: "playground",
    address: "/playground",
    act: async (page) => {
      for (const [name, value] of Object.entries(row)) await page.getByLabel(name, { exact: true }).fill(value);
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("Prediction of version").waitFor();
    },
  },
  {
    name: "runs",
    address: "/runs",
    region: "Runs",
    act: async (page) => {
      await page.waitForTimeout(4000);
      await page.getByRole("row", { name: "train" }).getByRole("button").first().click();
    },
  },
  { name: "learn", address: "/learn", region: "The two stores" },
  { name: "learn-sample", address: "/learn?way=sample", region: "The two stores" },
  { name: "learn-questions", address: "/learn?way=questions", region: "The two stores" },
  { name: "sign-in", address: "/sign-in" },
  // Last: what it computes, and how slow it makes answers, would be in the others.
  {
    name: "learn-slow",
    address: "/learn?way=slow",
    region: "What waits for the online store",
    act: async (page) => {
      await page.waitForTimeout(3000);
      await page.getByLabel("100 ms").check();
      await page.getByRole("button", { name: "Run step 2" }).click();
      await page.waitForTimeout(4000);
    },
  },
];

/** Pictures that the README has, as much of them as is in sight at first. */
const inReadme = ["flow", "compare"];
const wanted = pictures.filter(({ name }) => name.startsWith(only));

if (!(await stat(kept).catch(() => null))) {
  console.error("There is no store of the quickstart yet: npm run quickstart");
  process.exit(1);
}
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
const folder = await mkdtemp(path.join(tmpdir(), "asof-screenshots-"));
const home = path.join(folder, "home");
await cp(kept, home, { recursive: true });
await mkdir(into, { recursive: true });
const addedLatency = { milliseconds: 0 };
const store = await open({ ...configuration, home }, { addedLatency });
// The first prediction loads what the others find.
await store.predict("late_flight_model", [{ ...row, distance: 1846 }]);
const server = await serve(store, { port: 0, demo: addedLatency });
/** Somebody asks for predictions meanwhile, so that there is something to see. */
const asking = setInterval(() => {
  fetch(`${server.url}/v1/predict/late_flight_model`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ entities: [{ ...row, distance: 1846 }] }),
  }).catch(() => {});
}, 60);
try {
  const screens = [];
  for (const colorScheme of ["light", "dark"] as const)
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ]) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
      screens.push({ colorScheme, width, height, page: await context.newPage() });
    }
  // Picture by picture: what one does to the store, all screens show.
  for (const { name, address, region, act } of wanted)
    for (const { colorScheme, width, height, page } of screens) {
      await page.goto(`${server.url}${address}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (region !== undefined) await page.getByRole("region", { name: region, exact: true }).first().waitFor();
      await act?.(page);
      // Whoever pressed a button at the far end of a table has scrolled it.
      await page.evaluate("for (const one of document.querySelectorAll('.scroll-table')) one.scrollLeft = 0");
      await page.waitForTimeout(1500);
      if (readme && width === 1440 && colorScheme === "light" && inReadme.includes(name)) {
        await page.setViewportSize({ width, height: 860 });
        await page.screenshot({ path: path.join(root, "docs", "images", `console-${name}.png`) });
      }
      // As high as the page, so that lists which follow the window are whole and nothing sticks amid it. Rows that come
      // into sight by it may be higher than was thought.
      for (let tall = 0, whole = height; whole > tall;) {
        tall = whole;
        await page.setViewportSize({ width, height: tall });
        await page.waitForTimeout(200);
        whole = await page.evaluate<number>("document.documentElement.scrollHeight");
      }
      await page.screenshot({ path: path.join(into, `${name}-${width}-${colorScheme}.png`) });
      await page.setViewportSize({ width, height });
      await page.goto("about:blank");
    }
} finally {
  clearInterval(asking);
  await browser.close();
  await server.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
}
console.log(`${wanted.length * 4} pictures in ${into}`);
