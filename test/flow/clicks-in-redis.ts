// Stores of clicks whose online part is in Redis, and what is done to them in tests: everything that they serve is
// compared with history.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { RedisSettings } from "../../src/adapters/redis/redis-settings.ts";
import { AsofError, open, type Store } from "../../src/index.ts";
import * as clicks from "./clicks.ts";

export const requests = clicks.users.map((user) => ({ user }));
export const folder = mkdtempSync(path.join(tmpdir(), "asof-redis-flow-"));

let homes = 0;
export const newHome = (): string => path.join(folder, `home-${homes++}`);
export const opened: Store[] = [];

/** To be called after each test: closes what it has opened. */
export async function closeStores(): Promise<void> {
  for (const store of opened.splice(0)) await store.close().catch(() => {});
}

/** To be called after all tests. */
export const removeHomes = (): void => rmSync(folder, { recursive: true, force: true });

/** Everything that is served is compared with history. */
export async function start(home: string, redis: RedisSettings, archiveFrom = 900): Promise<Store> {
  const store = await open(
    { definitions: clicks, home, online: { redis }, audit: { sample: 1, every: "20ms" } },
    { archiveFrom },
  );
  opened.push(store);
  return store;
}

/** A store with records, whose views are online. */
export async function prepared(redis: RedisSettings): Promise<{ home: string; store: Store }> {
  const home = newHome();
  const store = await start(home, redis);
  await store.apply();
  await loadLate(store, 0);
  await store.compute();
  await store.materialize();
  await ingest(store, 5_000, 40);
  return { home, store };
}

/** A load of clicks from before, that became known only now. */
export async function loadLate(store: Store, n: number): Promise<void> {
  const file = path.join(folder, `late-${n}.ndjson`);
  const at = (Date.now() - 1_800_000) * 1000;
  const rows = Array.from({ length: 40 }, (_, i) => clicks.clickOf(n + i, at + i * 777_777));
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await store.load("clicks", [file]);
}

export async function ingest(store: Store, first: number, count: number): Promise<void> {
  const now = Date.now() * 1000;
  // Late ones, present ones, and some that are not yet due.
  const at = (i: number): number => now - [0, 15e6, 60e6, 3e9, -2e6][i % 5] - i;
  await store.ingest(
    "clicks",
    Array.from({ length: count }, (_, i) => clicks.clickOf(first + i, at(i))),
  );
}

/** Compares what is served now with what history gives for its moment: by the audit, which takes every answer. */
export async function expectEqualToHistory(store: Store): Promise<void> {
  await settled(store);
  await store.features(clicks.profile, requests);
  const report = await store.auditServed();
  expect(report.targets.flatMap(({ examples }) => examples)).toEqual([]);
  expect(report).toMatchObject({ different: 0, failures: 0, failure: null });
  expect(report.compared).toBeGreaterThan(0);
}

const codeOf = (error: unknown): string => (error instanceof AsofError ? error.code : String(error));

/** Asks again and again: what was answered, which errors came, and how long each took. `answered` waits for so many. */
export function asking(store: Store): { answered: (times: number) => Promise<void>; stop: () => Promise<Asked> } {
  const stopped = new AbortController();
  const asked: Asked = { answers: 0, errors: new Map(), longest: 0, lastError: 0 };
  const done = (async () => {
    while (!stopped.signal.aborted) {
      const began = performance.now();
      try {
        const answers = await store.features(clicks.profile, requests);
        expect(answers.every(({ values }) => typeof values.activity__clicks_lifetime === "number")).toBe(true);
        asked.answers++;
      } catch (error) {
        asked.errors.set(codeOf(error), (asked.errors.get(codeOf(error)) ?? 0) + 1);
        asked.lastError = performance.now();
      }
      asked.longest = Math.max(asked.longest, performance.now() - began);
      await sleep(3);
    }
  })();
  return {
    answered: async (times) => {
      while (asked.answers < times) await sleep(3);
    },
    stop: async () => {
      stopped.abort();
      await done;
      return asked;
    },
  };
}

interface Asked {
  answers: number;
  readonly errors: Map<string, number>;
  longest: number;
  lastError: number;
}

export function ingesting(store: Store, first: number): { stop: () => Promise<number> } {
  const stopped = new AbortController();
  let n = first;
  const done = (async () => {
    while (!stopped.signal.aborted) {
      await ingest(store, n, 20);
      n += 20;
      await sleep(2);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await done;
      return n;
    },
  };
}

/** Waits until a read succeeds; how long that took, in milliseconds. */
export async function recovery(store: Store, patience = 10_000): Promise<number> {
  const began = performance.now();
  for (;;) {
    try {
      await store.features(clicks.profile, requests);
      return performance.now() - began;
    } catch (error) {
      if (performance.now() - began > patience) throw error;
      await sleep(10);
    }
  }
}

/** Settles, whatever the online store was away for meanwhile. */
export async function settled(store: Store): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      return await store.settled();
    } catch (error) {
      if (codeOf(error) !== "ASOF_ONLINE_UNAVAILABLE" || i > 100) throw error;
      await sleep(50);
    }
  }
}

/** Reads until an error of a code comes: until then others that may be tried again, and no answer. */
export async function refusal(store: Store, code: string): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    const found = await store.features(clicks.profile, requests).then(() => "an answer", codeOf);
    if (found === code) return;
    expect(found).toBe("ASOF_ONLINE_UNAVAILABLE");
    await sleep(10);
  }
  expect.unreachable(`${code} did not come`);
}
