import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogOf } from "../../src/core/definition/catalog.ts";
import { SERVED, servedStream, shadowId } from "../../src/core/definition/stream.ts";
import { keyPlaces } from "../../src/core/plan/key-share.ts";
import { planService } from "../../src/core/plan/service-plan.ts";
import type { ModelComparison } from "../../src/core/result/comparison.ts";
import { MINUTE, SECOND } from "../../src/core/time/timestamp.ts";
import { open, type PredictionAnswer, type Store } from "../../src/index.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import * as golden from "../golden/home-definitions-v1.ts";
import { asof } from "../cli/captured-io.ts";
import * as forestShop from "./forest-shop.ts";
import { offlineRecords } from "./offline-records.ts";
import { history, now } from "./open-test-store.ts";
import { schemaValidator } from "./schema-validator.ts";
import * as shop from "./shop.ts";

// Two versions of a model over one store: the current one of gradient boosted trees, the other a random forest, which is
// tried out beside it. The tests are one session, in their order.

const folder = mkdtempSync(path.join(tmpdir(), "asof-trials-"));
const home = path.join(folder, "home");
const definitions = { ...forestShop };
const { fraud: forest } = forestShop;
const catalog = catalogOf(Object.values(definitions));
const place = keyPlaces(planService(catalog, shop.riskFeatures.definition), "fraud");
const SHARE = 0.4;

const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));

let store: Store;
/** Moments follow one another, as the clock of a store that is simulated stands still. */
let at = now;

const customers = Array.from({ length: 60 }, (_, i) => (i % 5 === 0 ? `hasty-${i % 2}-${i}` : `calm-${i}`));

/** The shop's history, with amounts and refunds that are less easy to tell, so that no two versions see them alike. */
function noisyHistory(): string {
  const rows = history().trim().split("\n");
  return rows
    .map((row, i) => {
      const payment = JSON.parse(row) as { refund: boolean };
      const noise = (i * 7919) % 10 < 3;
      return `${JSON.stringify({ ...payment, amount: 8 + ((i * 13) % 40), refund: payment.refund !== noise })}\n`;
    })
    .join("");
}

async function openAt(t: number): Promise<void> {
  at = t;
  store = await open({ definitions, home, clock: { simulated: t }, audit: { sample: 1, every: "1h" } });
}

async function reopen(t: number): Promise<void> {
  await store.close();
  await openAt(t);
}

const predict = (asked: readonly string[]): Promise<PredictionAnswer[]> =>
  store.predict(
    "fraud",
    asked.map((customer) => ({ customer })),
  );

/** What the customers paid, so many seconds from now, and whether they had it back. */
async function pay(asked: readonly string[], refund: (customer: string, i: number) => boolean, after = 0) {
  const payment = { amount: 20, cents: 7, points: null, ratio: null, at: at + after * SECOND };
  await store.ingest(
    "payments",
    asked.map((customer, i) => ({ ...payment, customer, refund: refund(customer, i) })),
  );
}

beforeAll(async () => {
  const file = path.join(folder, "payments.ndjson");
  writeFileSync(file, noisyHistory());
  const first = await open({ definitions: { ...shop }, home, clock: { simulated: now } });
  await first.apply();
  await first.load("payments", [file]);
  await first.train("fraud");
  await first.close();
  await openAt(now + MINUTE);
  await store.apply();
  expect(await store.train("fraud", { promote: false })).toMatchObject({ version: 2, promoted: false });
  await store.materialize();
  // Of some customers much is known, so that what the versions say depends on more than the number of their payments.
  await store.ingest(
    "payments",
    customers.flatMap((customer, i) =>
      Array.from({ length: 1 + (i % 5) }, (_, k) => {
        const paid = { customer, amount: 8 + ((i * 13 + k) % 40), cents: (i * 97) % 600, points: null, ratio: null };
        return { ...paid, at: at - (60 + i + 1000 * k) * SECOND, refund: false };
      }),
    ),
  );
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("what cannot serve is refused, and nothing changes", async () => {
  const refused = async (version: number, options: Parameters<Store["promote"]>[2], code: string) =>
    expect(store.promote("fraud", version, options), code).rejects.toMatchObject({ code });
  await refused(3, { as: "shadow" }, "ASOF_UNKNOWN_MODEL_VERSION");
  await refused(1, { as: "shadow" }, "ASOF_MODEL_ROLE");
  await refused(1, { as: "canary", share: 0.5 }, "ASOF_MODEL_ROLE");
  for (const share of [0, -0.1, 1.01, Number.NaN]) await refused(2, { as: "canary", share }, "ASOF_REQUEST");
  // The service of before, which had a feature more: a version of it asks for what is not there now.
  const lessened = { ...definitions, fraud: { ...forest, definition: { ...forest.definition, service: "lessened" } } };
  const service = { ...shop.riskFeatures.definition, name: "lessened" };
  const uses = service.uses.map((use) => ({ ...use, features: use.features!.slice(1) }));
  const other = await open({
    definitions: { ...lessened, lessened: { definition: { ...service, uses } } },
    home,
    clock: { simulated: now },
  });
  await expect(other.promote("fraud", 2, { as: "shadow" })).rejects.toMatchObject({ code: "ASOF_MODEL_FIT" });
  await other.close();
  expect((await store.models()).map(({ role }) => role)).toEqual(["current", null]);
});

/** All that was served so far, by what each row says of itself. */
async function log() {
  await store.close();
  const records = await offlineRecords(home, servedStream(catalog, forest.definition));
  await openAt(at);
  return records.map((row) => ({
    id: row[SERVED.id] as string,
    customer: row["customer"] as string,
    version: row[SERVED.version] as number,
    role: row[SERVED.role] as string,
    prediction: row[SERVED.prediction] as number,
  }));
}

/** The share of pairs of a positive and a negative that are in the right order, counted one by one. */
function areaOf(scored: readonly { readonly prediction: number; readonly label: boolean }[]): number {
  const [positive, negative] = [true, false].map((label) => scored.filter((one) => one.label === label));
  let right = 0;
  for (const p of positive)
    for (const n of negative) right += p.prediction > n.prediction ? 1 : p.prediction === n.prediction ? 0.5 : 0;
  return right / (positive.length * negative.length);
}

/** Refunds as the model expects them, mostly. */
const refunded = (customer: string, i: number): boolean => (i % 4 === 1 ? i % 8 === 1 : customer.startsWith("hasty"));
let answers: PredictionAnswer[] = [];

test("a shadow predicts for every request, is logged, and answers none", async () => {
  await store.promote("fraud", 2, { as: "shadow" });
  expect((await store.models()).map(({ role }) => role)).toEqual(["current", "shadow"]);
  answers = await predict(customers);
  expect(answers.every(({ version }) => version === 1)).toBe(true);
  const compared = await store.compareModel("fraud");
  expect(compared).toMatchObject({ predictions: 120, withOutcome: 0, by: ["customer"], source: "payments" });
  expect(compared.versions).toMatchObject([
    { version: 1, role: "current", predictions: 60, metrics: null },
    { version: 2, role: "shadow", predictions: 60, metrics: null },
  ]);
  const { shadows, drift } = await store.monitoring();
  expect(shadows).toEqual([{ model: "fraud", version: 2, predictions: 60, errors: 0, dropped: 0, error: null }]);
  // A request counts once, however many versions predict for it.
  expect(drift).toMatchObject([{ version: 1, predictions: 60 }]);
  // What the shadow says is logged with the features it was told, and is what history gives for these.
  expect(await store.audit("fraud")).toMatchObject({ predictions: 120, different: 0 });

  // What is asked for last is logged too, though the store closes at once.
  const [last] = await predict(["last"]);
  const records = await log();
  const byId = new Map(records.map((record) => [record.id, record]));
  expect(byId.size).toBe(122);
  expect(byId.get(shadowId(last.id))).toMatchObject({ customer: "last", version: 2 });
  let apart = 0;
  for (const [i, { id, prediction }] of answers.entries()) {
    expect(byId.get(id)).toMatchObject({ customer: customers[i], version: 1, role: "current", prediction });
    const shadow = byId.get(shadowId(id))!;
    expect(shadow).toMatchObject({ customer: customers[i], version: 2, role: "shadow" });
    apart += Math.abs(shadow.prediction - prediction) / customers.length;
  }
  expect(apart).toBeGreaterThan(0);
  expect(compared.trials[0].apart).toBeCloseTo(apart, 12);
});

test("once outcomes are there, both are measured on the same requests", async () => {
  await pay(customers.slice(0, 50), refunded, 1);
  // They are not known yet: the store's present has not reached them.
  expect(await store.compareModel("fraud")).toMatchObject({ withOutcome: 0 });
  await reopen(at + 2 * MINUTE);
  // Other payments come later, and are further away.
  await pay(customers, () => true);
  await reopen(at + MINUTE);
  const compared = await store.compareModel("fraud", { within: "90s" });
  // Of those without, 20 have a payment that is further away, and the last customer has none.
  expect(compared).toMatchObject({ predictions: 122, withOutcome: 100, far: 20, waiting: 2 });
  const scored = (await log()).flatMap((record) => {
    const i = customers.indexOf(record.customer);
    return i >= 0 && i < 50 ? [{ ...record, label: refunded(record.customer, i) }] : [];
  });
  const [current, shadow] = ["current", "shadow"].map((role) => areaOf(scored.filter((one) => one.role === role)));
  expect(compared.versions.map(({ withOutcome }) => withOutcome)).toEqual([50, 50]);
  const [trial] = compared.trials;
  expect(trial).toMatchObject({
    version: 2,
    role: "shadow",
    against: { version: 1, role: "current" },
    paired: true,
    predictions: [61, 61],
    withOutcome: [50, 50],
  });
  const areas = trial.metrics.map((metrics) => metrics?.task === "classification" && metrics.auc);
  expect(areas).toEqual([shadow, current]);
  expect(compared.versions.map(({ course }) => course)).toMatchObject([
    [{ withOutcome: 50, value: current }],
    [{ withOutcome: 50, value: shadow }],
  ]);
  expect(trial.differences.auc?.difference).toBeCloseTo(shadow - current, 12);
  for (const { difference, standardError, low, high } of Object.values(trial.differences)) {
    expect(standardError).toBeGreaterThan(0);
    expect(low).toBeLessThan(difference);
    expect(high).toBeGreaterThan(difference);
  }
  // Of those that did not pay at once, the payment of three minutes later counts where that is near enough.
  expect(await store.compareModel("fraud", { within: "10m" })).toMatchObject({ withOutcome: 120 });
  expect(await store.compareModel("fraud", { until: at - 60 * MINUTE })).toMatchObject({
    predictions: 0,
    versions: [],
  });
  await expect(store.compareModel("fraud", { by: ["merchant"] })).rejects.toMatchObject({ code: "ASOF_UNKNOWN_FIELD" });
});

test("the command tells it all", async () => {
  writeFileSync(
    path.join(folder, "asof.config.ts"),
    `import { configure } from ${here("../../src/index.ts")};
     import * as definitions from ${here("./forest-shop.ts")};
     export default configure({ definitions, home: "home", clock: { simulated: ${at} } });`,
  );
  const run = async (...args: string[]) => {
    const { code, out, err } = await asof(args, { cwd: folder });
    return code === 0 ? out : err;
  };
  expect(await run("models")).toMatch(/^fraud +2 +shadow +2026/m);
  expect(await run("promote", "fraud", "2", "--canary", "12.5%")).toBe(
    "fraud version 2 answers for 12.5% of the keys from now on.\n",
  );
  expect(await run("status")).toMatch(/^fraud +2 +version 1 +version 2 as canary, 12\.5% +122$/m);
  expect(await run("promote", "fraud", "2", "--shadow")).toBe("fraud version 2 predicts in the shadow from now on.\n");
  expect((await store.models()).map(({ role }) => role)).toEqual(["current", "shadow"]);
  expect(await run("promote", "fraud", "--off", "shadow")).toBe("fraud has no shadow from now on.\n");
  expect((await store.models()).map(({ role }) => role)).toEqual(["current", null]);

  const text = await run("models", "compare", "fraud", "--within", "90s");
  expect(text).toMatch(/^predictions +122, 100 with an outcome$/m);
  expect(text).toMatch(/^ +2 +shadow +61 +50 +0\.\d{4} ± 0\.\d{4} /m);
  expect(text).toMatch(/^61 requests that both predicted, 50 with an outcome; /m);
  expect(text).toMatch(/^AUC +0\.\d{4} +0\.\d{4} +[+−]0\.\d{4} +[+−]0\.\d{4} to [+−]0\.\d{4}$/m);
  expect(JSON.parse(await run("models", "compare", "fraud", "--until", "2026-01-01", "--json"))).toMatchObject({
    until: "2026-01-01T00:00:00Z",
    predictions: 0,
    trials: [],
  });
  expect(await run("models", "compare", "fraud", "--until", "2026-01-01")).toContain("Nothing was predicted yet.");
  expect(await run("models", "compare", "fraud", "--within", "soon")).toContain("ASOF_WINDOW");
  expect(await run("models", "compare", "--help")).toContain("Usage: asof models compare [options] <model>");
  expect(await run("models", "compare")).toContain("asof models compare --help");
});

test("a canary answers for its share of the keys, over HTTP and in one batch; a greater share keeps these", async () => {
  const server = await serve(store, { port: 0 });
  try {
    const ask = async (): Promise<{ version: number }[]> => {
      const answer = await fetch(`${server.url}/v1/predict/fraud`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ entities: customers.map((customer) => ({ customer })) }),
      });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { results: { version: number }[] }).results;
    };
    const begun = at;
    // Another process of the same home: what it promotes, this one takes up.
    const other = await open({ definitions, home, clock: { simulated: at } });
    await other.promote("fraud", 2, { as: "canary", share: SHARE });
    expect((await other.models()).map(({ role, share }) => [role, share])).toEqual([
      ["current", null],
      ["canary", SHARE],
    ]);
    await other.close();
    const expected = customers.map((customer) => (place({ customer }) < SHARE ? 2 : 1));
    expect(new Set(expected).size).toBe(2);
    let found: number[] = [];
    for (const end = Date.now() + 20_000; Date.now() < end && found.join() !== expected.join(); await wait(50))
      found = (await ask()).map(({ version }) => version);
    expect(found).toEqual(expected);
    expect(await server_("/v1/models?model=fraud")).toMatchObject({ models: [{}, { role: "canary", share: SHARE }] });

    await pay(customers, refunded, 1);
    await store.promote("fraud", 2, { as: "canary", share: 0.7 });
    const more = (await ask()).map(({ version }) => version);
    for (const [i, version] of expected.entries()) if (version === 2) expect(more[i]).toBe(2);
    expect(more.filter((version) => version === 2).length).toBeGreaterThan(expected.filter((v) => v === 2).length);

    const since = new Date(begun / 1000).toISOString();
    const compared = (await server_(`/v1/models/fraud/comparison?since=${since}`)) as ModelComparison;
    const description = (await server_("/openapi.json")) as Record<string, Record<string, never>>;
    const { schema } = description["paths"]["/v1/models/{model}/comparison"]["get"]["responses"]["200"]["content"][
      "application/json"
    ] as { schema: never };
    expect((await schemaValidator(schema))(compared)).toBeNull();
    expect(compared.versions.filter(({ role }) => role !== "shadow")).toMatchObject([
      { version: 1, role: "current" },
      { version: 2, role: "canary" },
    ]);
    expect((await fetch(`${server.url}/v1/models/fraud/comparison?within=soon`)).status).toBe(400);
    expect((await fetch(`${server.url}/v1/models/none/comparison`)).status).toBe(404);
    expect((await fetch(`${server.url}/v1/status`)).status).toBe(200);
  } finally {
    await server.close();
  }

  async function server_(route: string): Promise<unknown> {
    const answer = await fetch(`${server.url}${route}`);
    expect(answer.status).toBe(200);
    return answer.json();
  }
});

test("a canary is compared with what the current version answered meanwhile", async () => {
  await reopen(at + 5 * MINUTE);
  const { trials, versions } = await store.compareModel("fraud", { within: "2m" });
  const [canary] = trials.filter(({ role }) => role === "canary");
  expect(canary).toMatchObject({ version: 2, against: { version: 1, role: "current" }, paired: false, apart: null });
  expect(canary.withOutcome).toEqual(canary.predictions);
  expect(canary.differences.logLoss?.standardError).toBeGreaterThan(0);
  expect(versions.find(({ role }) => role === "canary")).toMatchObject({ predictions: canary.predictions[0] });
  const served = await log();
  for (const { role, customer } of served) if (role === "canary") expect(place({ customer })).toBeLessThan(0.7);
});

test("promoted, a version is on trial no more", async () => {
  await store.promote("fraud", 2);
  expect((await store.models()).map(({ role }) => role)).toEqual([null, "current"]);
  expect((await predict(customers)).every(({ version }) => version === 2)).toBe(true);
  await store.promote("fraud", 1, { as: "canary", share: 1 });
  expect((await predict(customers)).every(({ version }) => version === 1)).toBe(true);
  await store.demote("fraud", "canary");
  expect((await predict(customers)).every(({ version }) => version === 2)).toBe(true);
  expect((await store.status()).models).toMatchObject([{ promoted: 2, canary: null, shadow: null }]);
});

test("a shadow that fails makes nothing fail, and is told", async () => {
  await store.promote("fraud", 1, { as: "shadow" });
  const { sha256 } = (await store.models("fraud"))[0];
  await store.close();
  expect(readdirSync(path.join(home, "models"))).toContain(sha256);
  writeFileSync(path.join(home, "models", sha256), "no model");
  await openAt(at);
  expect((await predict(customers.slice(0, 7))).every(({ version }) => version === 2)).toBe(true);
  const told = { model: "fraud", version: 1, predictions: 0, errors: 7, dropped: 0, error: { code: "ASOF_CORRUPT" } };
  for (const end = Date.now() + 20_000; Date.now() < end && (await store.monitoring()).shadows[0].errors === 0;)
    await wait(20);
  expect((await store.monitoring()).shadows).toMatchObject([told]);
  // It is kept, and told by the next process.
  await reopen(at);
  expect((await store.status()).shadows).toMatchObject([told]);
  await expect(store.promote("fraud", 1, { as: "shadow" })).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
});

test("what was served before versions had roles goes on under its name, as that of current ones", async () => {
  const old = path.join(folder, "old");
  cpSync(fileURLToPath(new URL("../golden/home/v1/home", import.meta.url)), old, { recursive: true });
  const configuration = { definitions: { ...golden }, home: old, clock: { simulated: "2026-03-07" } };
  for (const predicted of [8, 9]) {
    // What is in the log is archived at once, and merged with files of before.
    const again = await open(configuration, { archiveFrom: 1, compactFrom: 2 });
    await again.settled();
    await again.predict("fraud", [{ customer: "customer-1", basket: 7 }]);
    expect(await again.compareModel("fraud")).toMatchObject({
      predictions: predicted,
      versions: [{ version: 1, role: "current", predictions: predicted }],
    });
    expect(await again.audit("fraud")).toMatchObject({ predictions: predicted, different: 0 });
    await again.close();
  }
});
