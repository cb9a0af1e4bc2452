// Works on a store until it is killed, and says on standard output what was acknowledged.
import { writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { open, type Store } from "../../src/index.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import * as clicks from "./clicks.ts";

const [home, task, seed, first, archiveFrom] = process.argv.slice(2);
const next = sequence(Number(seed));
const below = (n: number): number => Math.floor(next() * n);
let number = Number(first);

// A pipe takes a short line whole.
const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

function range(count: number): number[] {
  return Array.from({ length: count }, () => number++);
}

async function ingest(store: Store): Promise<void> {
  const numbers = range(1 + below(task === "archive" ? 600 : 40));
  const now = Date.now() * 1000;
  say({ sent: [numbers[0], numbers.at(-1)] });
  // Some happened a while ago.
  await store.ingest(
    "clicks",
    numbers.map((n) => clicks.clickOf(n, now - below(3) * 40_000_000)),
  );
  say({ acknowledged: [numbers[0], numbers.at(-1)] });
}

async function load(store: Store): Promise<void> {
  const numbers = range(1 + below(200));
  const now = Date.now() * 1000;
  const file = path.join(path.dirname(home), `clicks-${numbers[0]}.ndjson`);
  writeFileSync(
    file,
    numbers.map((n) => `${JSON.stringify(clicks.clickOf(n, now - below(3 * 86_400) * 1_000_000))}\n`).join(""),
  );
  say({ sent: [numbers[0], numbers.at(-1)] });
  await store.load("clicks", [file]);
  say({ acknowledged: [numbers[0], numbers.at(-1)] });
}

async function ask(store: Store): Promise<void> {
  const user = clicks.users[below(clicks.users.length)];
  const answer = await store.features(clicks.profile, { user });
  say({ asked: user, answer });
}

/** Does something again and again until the process is killed or told to stop. */
async function again(run: () => Promise<unknown>, pause: number): Promise<void> {
  while (!told.aborted) {
    await run();
    await sleep(next() * pause);
  }
}

const stopping = new AbortController();
const told = stopping.signal;
process.stdin.resume().once("end", () => stopping.abort());

const store = await open(
  { definitions: clicks, home },
  { whenLocked: "refuse", ...(archiveFrom === undefined ? {} : { archiveFrom: Number(archiveFrom) }) },
);
if (!(await store.plan()).empty) {
  await store.apply();
  await store.materialize();
}
say({ ready: process.pid });
const work = [again(() => ingest(store), 4), again(() => ingest(store), 4), again(() => ask(store), 20)];
if (task === "bulk")
  work.push(
    again(() => load(store), 50),
    again(() => store.compute(), 100),
    again(() => store.materialize(), 50),
  );
await Promise.all(work);
say({ closing: true });
await store.close();
say({ closed: true });
process.exit(0);
