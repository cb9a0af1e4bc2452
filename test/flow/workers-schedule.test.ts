import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open } from "../../src/open.ts";
import * as definitions from "./clicks.ts";
import { type Started, startWorkers } from "./start-workers.ts";

// A schedule where several processes serve: a turn is one run, whichever of them is asked.

const folder = mkdtempSync(path.join(tmpdir(), "asof-workers-schedule-"));
const home = path.join(folder, "home");
const configuration = path.join(folder, "asof.config.ts");
const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
const stop = new AbortController();
let started: Started;

beforeAll(async () => {
  writeFileSync(
    configuration,
    `import { configure } from ${here("../../src/index.ts")};
     import * as definitions from ${here("./clicks.ts")};
     export default configure({ definitions, home: "home", audit: false,
       schedule: { totals: { run: "compute", cron: "* * * * * *", views: ["totals"] } } });`,
  );
  const store = await open({ home, definitions });
  await store.apply();
  await store.materialize();
  await store.close();
  started = await startWorkers({ configuration, home, signal: stop.signal });
});
afterAll(async () => {
  stop.abort();
  await started.running;
  rmSync(folder, { recursive: true, force: true });
});

/** Over a connection of its own: they spread over the processes. */
async function get<T>(route: string): Promise<T> {
  const answer = await fetch(`${started.url}${route}`, { headers: { connection: "close" } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

interface Job {
  readonly name: string;
  readonly counts: { readonly succeeded: number; readonly skipped: number; readonly failed: number };
}

test("each turn is one run, one at a time, and every process tells of it", async () => {
  const jobs = async (): Promise<readonly Job[]> => (await get<{ jobs: Job[] }>("/v1/schedule")).jobs;
  const until = Date.now() + 60_000;
  while ((await jobs())[0].counts.succeeded < 4 && Date.now() < until) await wait(100);
  const told = await Promise.all(Array.from({ length: 8 }, jobs));
  for (const [job] of told) {
    expect(job).toMatchObject({ name: "totals", counts: { failed: 0 } });
    expect(job.counts.succeeded).toBeGreaterThanOrEqual(4);
  }
  const { runs } = await get<{ runs: { startedAt: string; endedAt: string | null; state: string }[] }>(
    "/v1/runs?kind=compute&limit=1000",
  );
  const ended = runs.filter(({ endedAt }) => endedAt !== null).toReversed();
  expect(ended.length).toBeGreaterThanOrEqual(4);
  for (let i = 1; i < ended.length; i++) expect(ended[i].startedAt >= ended[i - 1].endedAt!).toBe(true);
  // Had each process a schedule of its own, there would be as many runs a turn as processes.
  const seconds = ended.map(({ startedAt }) => startedAt.slice(0, "2026-01-01T00:00:00".length));
  expect(new Set(seconds).size).toBe(seconds.length);
});
