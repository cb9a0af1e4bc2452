// The TypeScript of the pages, run: definitions are applied to a store, configurations are served, and what takes a
// store for granted has one. The tutorial's is run by tutorial.test.ts.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { aggregateView, entity, eventSource, open, type Store, t } from "asof";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { asof } from "../cli/captured-io.ts";
import { ask, examples } from "./http-session.ts";
import { moduleOf } from "./modules.ts";
import { leftOut } from "./not-run.ts";
import { type Block, blocksOf, pages } from "./pages.ts";
import { Projects } from "./projects.ts";

const blocks = pages
  .filter((page) => page !== "docs/tutorial.md")
  .flatMap(blocksOf)
  .filter((block) => block.language === "ts" && !leftOut(block));

const isConfiguration = ({ text }: Block): boolean => /configure\(|^tracing: /m.test(text);
const takesStore = ({ text }: Block): boolean => /await /.test(text);
const isDefinitions = (block: Block): boolean => !isConfiguration(block) && !takesStore(block);

const projects = new Projects();
let flights: string;
let shop: string;

beforeAll(async () => {
  flights = await projects.flights();
  shop = projects.shop();
});
afterAll(() => projects.remove());

type Module = Readonly<Record<string, unknown>>;
let written = 0;

/** Imports the block as a module of this folder, beside what it imports itself. */
function importedIn(folder: string, text: string): Promise<Module> {
  const file = path.join(folder, `block-${++written}.ts`);
  writeFileSync(file, text);
  return import(pathToFileURL(file).href) as Promise<Module>;
}

const given = globalThis as { store?: Store };
/** In place of the declaration of a store that a page takes for granted. */
const STORE = "const { store } = globalThis;";

async function withStore<T>(folder: string, work: (store: Store) => Promise<T>): Promise<T> {
  const { default: configuration } = (await import(pathToFileURL(path.join(folder, "asof.config.ts")).href)) as {
    default: Parameters<typeof open>[0];
  };
  const store = await open({ ...configuration, home: path.join(folder, ".asof") });
  given.store = store;
  try {
    return await work(store);
  } finally {
    delete given.store;
    await store.close();
  }
}

describe("definitions", () => {
  const all = blocks.filter(isDefinitions);
  test.each(all)("$page:$line are applied to a store", async (block) => {
    const folder = projects.make(`definitions-${block.line}-${path.basename(block.page, ".md")}`);
    writeFileSync(path.join(folder, "shop.ts"), readFileSync(path.join(shop, "shop.ts")));
    const shown = await importedIn(folder, moduleOf(block));
    const shopped = block.page === "docs/models.md" ? ((await import(path.join(folder, "shop.ts"))) as Module) : {};
    const definitions =
      "default" in shown ? pageViews(shown["default"] as { features: never }) : { ...shopped, ...shown };
    const store = await open({ definitions, home: path.join(folder, "home") });
    try {
      expect(Object.keys(definitions).length).toBeGreaterThan(0);
      await store.apply();
      expect(await store.status()).toMatchObject({ revision: 1 });
      await store.materialize();
    } finally {
      await store.close();
    }
  });

  test("are found on the pages", () => {
    expect(all.map(({ page }) => page)).toEqual([
      "README.md",
      "docs/aggregations.md",
      "docs/concepts.md",
      "docs/models.md",
      "docs/retention.md",
    ]);
  });
});

/** A view with the features that a page shows without one. */
function pageViews({ features }: { features: never }): Module {
  const visitor = entity("visitor", { visitor: t.string() });
  const visits = eventSource("visits", {
    fields: {
      at: t.timestamp(),
      visitor: t.string(),
      page: t.string(),
      category: t.string(),
      price: t.float64(),
      signed_in: t.boolean(),
    },
    eventTime: "at",
  });
  return { visitor, visits, shown: aggregateView("shown", { source: visits, entity: visitor, features }) };
}

describe("configurations", () => {
  const all = blocks.filter(isConfiguration);
  test.each(all)("$page:$line is served", async (block) => {
    const file = path.join(flights, `config-${path.basename(block.page, ".md")}-${block.line}.ts`);
    const part = /^\w+: /.test(block.text);
    const text = part
      ? `import { configure } from "asof";\nimport * as definitions from "./definitions.ts";\nexport default configure({ definitions,\n${block.text}});`
      : moduleOf(block);
    writeFileSync(file, text);
    const home = path.join(flights, `home-${path.basename(block.page, ".md")}-${block.line}`);
    const common = ["--config", file, "--home", home];
    expect(await asof(["apply", ...common], { cwd: flights })).toMatchObject({ code: 0 });
    const stop = new AbortController();
    const served = await asof(["serve", "--host", "127.0.0.1", "--port", "0", ...common], {
      cwd: flights,
      signal: stop.signal,
      heard: (line) => line.includes("listening on") && stop.abort(new Error("stop")),
    });
    expect(served).toMatchObject({ code: 0, out: expect.stringContaining("http://127.0.0.1:") as string });
  });

  test("are found on the pages", () => {
    const found = ["docs/cli.md", "docs/monitoring.md", "docs/monitoring.md", "docs/scheduling.md", "docs/security.md"];
    expect(all.map(({ page }) => page)).toEqual(found);
  });
});

describe("what takes a store", () => {
  const [asking, client, failure, serving, promoting, ...more] = blocks.filter(takesStore);

  test("is found on the pages", () => {
    const found = [asking, client, failure, serving, promoting].map(({ page }) => page);
    expect([found, more]).toEqual([
      ["README.md", "docs/client.md", "docs/client.md", "docs/http.md", "docs/models.md"],
      [],
    ]);
  });

  test("README.md asks for features of its own definitions", async () => {
    const definitions = moduleOf(blocks.find(({ page }) => page === "README.md")!);
    const folder = projects.make("readme", {
      "definitions.ts": definitions,
      "asof.config.ts": `import { configure } from "asof";
        import * as definitions from "./definitions.ts";
        export default configure({ definitions, home: ${JSON.stringify(projects.make("readme-home"))} });`,
      "flights.ndjson":
        '{"scheduled":"2001-06-01T08:00:00Z","delay":20,"distance":100,"origin":"ORD","destination":"JFK"}\n',
    });
    for (const line of ["apply", "ingest flights flights.ndjson", "materialize"])
      expect(await asof(line.split(" "), { cwd: folder }), line).toMatchObject({ code: 0 });
    const { answer } = (await importedIn(
      folder,
      `${asking.text}\nexport const answer = { values, t };\nawait store.close();\n`,
    )) as { answer: { values: object; t: number } };
    expect(answer.values).toMatchObject({ origin__flights_1d: 0, origin__late_7d: null });
    expect(answer.t).toBeGreaterThan(Date.UTC(2026) * 1000);
  });

  test("docs/http.md serves it", () =>
    prepared(async () => {
      const at = serving.text.indexOf("// …");
      const asked = 'export const ready = await fetch(server.url + "/ready").then((answer) => answer.json());\n';
      const text = moduleOf({ ...serving, text: serving.text.slice(0, at) + asked + serving.text.slice(at) }, STORE);
      const { ready } = await importedIn(flights, text.replace("port: 2763", "port: 0"));
      expect(ready).toEqual({ status: "ready" });
    }));

  test("docs/client.md asks its server, and is told what is wrong", () =>
    prepared(async (store) => {
      const server: RunningServer = await serve(store, { port: 0 });
      try {
        const here = client.text.replace("http://127.0.0.1:2763", server.url);
        const shown = await importedIn(flights, `${here}\nexport { asof, late, prediction };`);
        expect(shown["late"]).toBeGreaterThanOrEqual(0);
        expect(shown["prediction"]).toBeGreaterThan(0);
        const said: unknown[] = [];
        const wrong = `${here}\nconst rows = [{ origin: 1 }] as never;\nconst console = { error: (...all) => globalThis.said(...all) };\n`;
        Object.assign(globalThis, { said: (...all: unknown[]) => said.push(...all) });
        await importedIn(flights, wrong + failure.text);
        expect(said.slice(0, 1)).toEqual(["ASOF_TYPE"]);
        expect(said).toHaveLength(5);
      } finally {
        await server.close();
      }
    }));

  test("docs/models.md tries versions out", async () => {
    for (const line of [
      "apply",
      "ingest payments payments.ndjson",
      ...Array<string>(4).fill("train fraud --no-promote"),
      "promote fraud 3",
    ])
      expect(await asof(line.split(" "), { cwd: shop }), line).toMatchObject({ code: 0 });
    await withStore(shop, async (store) => {
      await importedIn(shop, moduleOf(promoting, STORE).replace(/^import .*shop.*$/m, ""));
      const [{ promoted, canary, shadow }] = (await store.status()).models;
      expect({ promoted, canary, shadow }).toEqual({ promoted: 4, canary: null, shadow: null });
    });
  });

  describe("docs/http.md is asked", () => {
    const stop = new AbortController();
    let ended: Promise<{ readonly code: number }>;
    let url: string;
    beforeAll(async () => {
      await prepared(async () => {});
      for (const line of [
        "replay flights flights.parquet --from 2001-06-24 --until 2001-07-01",
        "compute",
        "materialize",
        "train late_flight_model --no-promote",
      ])
        expect(await asof(line.split(" "), { cwd: flights }), line).toMatchObject({ code: 0 });
      const simulated = '{ ...scheduled, clock: { simulated: "2001-06-24" } }';
      writeFileSync(
        path.join(flights, "http.config.ts"),
        `import scheduled from "./config-scheduling-5.ts";\nexport default ${simulated};\n`,
      );
      url = await new Promise((resolve, reject) => {
        const heard = (line: string): void => {
          const found = /http:\/\/\S+/.exec(line);
          if (found !== null) resolve(found[0]);
        };
        ended = asof(["serve", "--demo", "--port", "0", "--config", "http.config.ts"], {
          cwd: flights,
          signal: stop.signal,
          heard,
        });
        ended.then(({ code }) => reject(new Error(`serve ended with ${code}`)), reject);
      });
    });
    afterAll(async () => {
      stop.abort(new Error("stop"));
      expect(await ended).toMatchObject({ code: 0 });
    });
    test.each(examples)("$line $method $path", (example) => ask(url, example));
  });

  let ready = false;
  /** With the store of the flights, once it has a model and is online. */
  async function prepared(work: (store: Store) => Promise<void>): Promise<void> {
    if (!ready)
      for (const line of [
        "apply",
        "ingest flights flights.parquet --until 2001-06-24",
        "train late_flight_model",
        "materialize",
      ])
        expect(await asof(line.split(" "), { cwd: flights }), line).toMatchObject({ code: 0 });
    ready = true;
    await withStore(flights, work);
  }
});
