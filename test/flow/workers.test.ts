import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open, openKeys } from "../../src/open.ts";
import { REVOKED_WITHIN } from "../../src/surfaces/http/access/gate.ts";
import * as definitions from "./clicks.ts";
import { type Started, startWorkers } from "./start-workers.ts";

// Several processes over one store: one writes, two answer.

const folder = mkdtempSync(path.join(tmpdir(), "asof-workers-"));
const home = path.join(folder, "home");
const configuration = path.join(folder, "asof.config.ts");
const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
const stop = new AbortController();
const notes: string[] = [];
let started: Started;

beforeAll(async () => {
  writeFileSync(
    configuration,
    `import { configure } from ${here("../../src/index.ts")};
     import * as definitions from ${here("./clicks.ts")};
     export default configure({ definitions, home: "home", audit: { sample: 1, every: "1s" } });`,
  );
  const store = await open({ home, definitions });
  await store.apply();
  await store.compute();
  await store.materialize();
  await store.close();
  started = await startWorkers({ configuration, home, signal: stop.signal, note: (text) => notes.push(text) });
});

afterAll(async () => {
  stop.abort();
  await started.running;
  rmSync(folder, { recursive: true, force: true });
});

/** One request over a connection of the agent's; a connection of its own without one. */
function ask(route: string, body: unknown, agent?: Agent, key?: string): Promise<{ status: number; body: never }> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    };
    const sent = request(`${started.url}${route}`, { method: "POST", headers, agent: agent ?? false }, (answer) => {
      let told = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (told += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode!, body: JSON.parse(told) as never }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(text);
  });
}

const sent = new Map<string, number>();
let next = 0;

async function click(agent?: Agent): Promise<void> {
  const one = definitions.clickOf(next++, Date.now() * 1000);
  const at = new Date(one.at / 1000).toISOString();
  const { status } = await ask("/v1/events/clicks", { ...one, at }, agent);
  expect(status).toBe(200);
  sent.set(one.user, (sent.get(one.user) ?? 0) + 1);
}

/** Waits until what was sent is counted, and no more than that. */
async function expectCounts(): Promise<void> {
  const entities = [...sent.keys()].map((user) => ({ user }));
  for (const until = Date.now() + 20_000; ;) {
    const { body } = await ask("/v1/features/profile", { entities });
    const found = (body as { results: { values: Record<string, number> }[] }).results.map(
      ({ values }) => values["activity__clicks_lifetime"],
    );
    if (JSON.stringify(found) === JSON.stringify([...sent.values()])) return;
    if (Date.now() > until) expect(found).toEqual([...sent.values()]);
    await wait(100);
  }
}

test("what one process accepts, all answer", async () => {
  for (let i = 0; i < 20; i++) await click();
  await wait(2100);
  await expectCounts();
  expect(new Set([started.writer, ...started.workers]).size).toBe(3);
});

test("a request to any of them is counted and audited once", async () => {
  for (const until = Date.now() + 20_000; ;) {
    const metrics = await (await fetch(`${started.url}/metrics`)).text();
    const counted =
      /asof_http_requests_total\{method="POST",route="\/v1\/events\/\{source\}",status="200"\} (\d+)/.exec(
        metrics,
      )?.[1];
    const answers = /asof_served_answers_total\{service="profile"\} (\d+)/.exec(metrics)?.[1];
    const audited = /asof_audit_answers_total\{kind="features",name="profile"\} (\d+)/.exec(metrics)?.[1];
    // Each request is told of by the process that it came to, and by the writer where it went on to that.
    if (Number(counted) >= next && Number(answers) >= sent.size && Number(audited) >= sent.size) break;
    if (Date.now() > until) expect({ counted, answers, audited }).toBeNull();
    await wait(200);
  }
  expect(await (await fetch(`${started.url}/metrics`)).text()).not.toMatch(/asof_audit_differences_total\{.*\} [1-9]/);
});

test("one verification is under way at a time, whichever process is asked", async () => {
  const asked = await Promise.all(Array.from({ length: 6 }, () => ask("/v1/verify", { minutes: 0.03 })));
  const busy = asked.filter(({ status }) => status === 503);
  expect([asked.filter(({ status }) => status === 200).length, busy.length]).toEqual([1, 5]);
  for (const { body } of busy)
    expect(body).toMatchObject({ error: { code: "ASOF_BUSY", details: { work: "verify" } } });
  expect(await ask("/v1/verify", { minutes: 0.01 })).toMatchObject({ status: 200 });
});

test("other definitions are taken up without a failed request", async () => {
  const loaded = new AbortController();
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const load = Array.from({ length: 4 }, async (_, i) => {
    for (let asked = 0; !loaded.signal.aborted && !stop.signal.aborted; asked++) {
      if (i === 0 && asked % 5 === 0) await click(agent);
      const { status } = await ask("/v1/features/profile", { entities: [{ user: "ann" }] }, agent);
      expect(status).toBe(200);
      await wait(2);
    }
  });
  await wait(300);
  process.kill(process.pid, "SIGHUP");
  for (const until = Date.now() + 100_000; !notes.includes("reloaded") && Date.now() < until;) await wait(50);
  expect(notes).toEqual(["reloaded"]);
  await wait(300);
  loaded.abort();
  await Promise.all(load);
  agent.destroy();
  await wait(2100);
  await expectCounts();
  // What was measured in any process, now and then, is told by all.
  for (const until = Date.now() + 30_000; ;) {
    for (let i = 0; i < 100; i++) await ask("/v1/features/profile", { entities: [{ user: "ann" }] });
    const metrics = await (await fetch(`${started.url}/metrics`)).text();
    if (/^asof_view_compute_duration_seconds_count\{view="activity"\} [1-9]/m.test(metrics)) break;
    expect(Date.now()).toBeLessThan(until);
  }
}, 150_000);

test("a process that is killed is started again", async () => {
  const pid = Number(
    (await import("node:child_process"))
      .execFileSync("pgrep", ["-P", String(process.pid), "-f", "workers/worker"])
      .toString()
      .split("\n")[0],
  );
  process.kill(pid, "SIGKILL");
  for (const until = Date.now() + 30_000; notes.length < 2 && Date.now() < until;) await wait(50);
  expect(notes[1]).toMatch(/ended by itself \(SIGKILL\)/);
  for (let i = 0; i < 5; i++) {
    for (const until = Date.now() + 20_000; ;) {
      const answered = await ask("/v1/features/profile", { entities: [{ user: "ann" }] }).catch(() => null);
      if (answered?.status === 200) break;
      if (Date.now() > until) throw new Error("nobody answers");
      await wait(50);
    }
  }
  await click();
  await wait(2100);
  await expectCounts();
});

test("a key counts in every process at once, and its revocation too", async () => {
  const { keys, close } = await openKeys({ home, definitions });
  const statuses = async (count: number, key?: string): Promise<Set<number>> => {
    // Each over a connection of its own: they spread over the processes.
    const asked = Array.from({ length: count }, () =>
      ask("/v1/features/profile", { entities: [{ user: "ann" }] }, undefined, key),
    );
    return new Set((await Promise.all(asked)).map(({ status }) => status));
  };
  try {
    expect(await statuses(8)).toEqual(new Set([200]));
    const app = await keys.create({ name: "app", scopes: ["read", "ingest"], by: "user:ada" });
    const admin = await keys.create({ name: "admin", scopes: ["admin"], by: "user:ada" });
    await wait(2 * REVOKED_WITHIN);
    expect(await statuses(8)).toEqual(new Set([401]));
    expect(await statuses(8, app.key)).toEqual(new Set([200]));
    const one = definitions.clickOf(next++, Date.now() * 1000);
    const click = { ...one, at: new Date(one.at / 1000).toISOString() };
    expect((await ask("/v1/events/clicks", click, undefined, app.key)).status).toBe(200);
    expect((await ask("/v1/events/clicks", click)).status).toBe(401);
    await keys.revoke("app", "user:ada");
    await wait(2 * REVOKED_WITHIN);
    expect(await statuses(16, app.key)).toEqual(new Set([401]));
    expect((await ask("/v1/events/clicks", click, undefined, app.key)).status).toBe(401);
    // What each process counted is with the one that writes within a second or so.
    for (const until = Date.now() + 20_000; ;) {
      const headers = { authorization: `Bearer ${admin.key}` };
      const answer = await fetch(`${started.url}/v1/audit-log`, { headers });
      const { entries } = (await answer.json()) as { entries: { who: string; action: string; outcome: string }[] };
      const told = new Set(entries.map(({ who, action, outcome }) => `${who} ${action} ${outcome}`));
      const isWhole = told.has(`key:${app.id} postEvents ok`) && told.has("anonymous postEvents ASOF_UNAUTHENTICATED");
      if (isWhole && told.has("user:ada keys revoke ok")) break;
      if (Date.now() > until) expect([...told]).toEqual([]);
      await wait(100);
    }
  } finally {
    await close();
  }
});

test("a key has its rate once over all processes, and whole over one connection; what goes on to the writer counts once", async () => {
  const { keys, close } = await openKeys({ home, definitions });
  try {
    const rate = 20;
    const { key } = await keys.create({ name: "slow", scopes: ["read", "ingest"], rate, by: "user:ada" });
    await wait(2 * REVOKED_WITHIN);
    const click = (): Promise<{ status: number }> => {
      const one = definitions.clickOf(next++, Date.now() * 1000);
      return ask("/v1/events/clicks", { ...one, at: new Date(one.at / 1000).toISOString() }, undefined, key);
    };
    const features = (agent?: Agent): Promise<{ status: number }> =>
      ask("/v1/features/profile", { entities: [{ user: "ann" }] }, agent, key);
    const began = performance.now();
    // Each over a connection of its own: they spread over the processes.
    const asked = await Promise.all(Array.from({ length: 4 * rate }, (_, i) => (i % 2 === 0 ? click() : features())));
    const since = (performance.now() - began) / 1000;
    const through = asked.filter(({ status }) => status === 200).length;
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200, 429]));
    expect(through).toBeGreaterThanOrEqual(rate - 1);
    expect(through).toBeLessThanOrEqual(rate * (1 + since) + 2);
    await wait(1100);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const alone = await Promise.all(Array.from({ length: rate - 1 }, () => features(agent)));
    expect(new Set(alone.map(({ status }) => status))).toEqual(new Set([200]));
    agent.destroy();
  } finally {
    await close();
  }
});
