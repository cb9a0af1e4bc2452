// The real server on the tortured store, with work beside it, until it is killed. Says on standard output what it did.
import { rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { backup, open } from "../../src/index.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import { configurationOf, examples, recordOf, type SourceName } from "./definitions.ts";

export interface ServerOptions {
  readonly home: string;
  readonly variant: number;
  readonly seed: number;
  /** From how many records in the log on they are archived. */
  readonly archiveFrom: number;
  /** The first number of records that this server loads. */
  readonly first: number;
  readonly redis: string | null;
  /** What it does beside serving, over and over. */
  readonly tasks: readonly string[];
}

/** What is said of a load: its source, its first and its last number, and the moment of its records. */
export type Loading = readonly [source: SourceName, first: number, last: number, at: number];

const { home, variant, seed, archiveFrom, first, redis, tasks } = JSON.parse(process.argv[2]) as ServerOptions;
const next = sequence(seed);
const below = (n: number): number => Math.floor(next() * n);
let number = first;

// A pipe takes a short line whole.
const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

const store = await open(
  { ...configurationOf(variant, home, redis), audit: { sample: 0.2, every: "1s" } },
  // Every other one folds and archives in threads.
  { whenLocked: "refuse", archiveFrom, ...(seed % 2 === 0 ? { threadsFrom: 0 } : {}) },
);
say({ opened: true });
if (!(await store.plan()).empty) {
  await store.apply();
  say({ applied: variant });
}
const { url } = await serve(store, { port: 0 });
say({ url });

async function load(): Promise<void> {
  const source = (["clicks", "orders", "visits"] as const)[below(3)];
  const numbers = Array.from({ length: 1 + below(400) }, () => number++);
  const now = Date.now() * 1000;
  const file = path.join(path.dirname(home), `load-${numbers[0]}.ndjson`);
  const rows = numbers.map((n) =>
    recordOf(source, n, source === "visits" ? now : now - 5_000_000 - below(2 * 86_400) * 1_000_000),
  );
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const loading: Loading = [source, numbers[0], numbers.at(-1)!, now];
  say({ loading });
  await store.load(source, [file]);
  say({ loaded: loading });
}

let taught = false;

/** An earlier server may have been killed before its load was in: the request's key tells. */
async function teach(): Promise<void> {
  const file = path.join(path.dirname(home), "outcomes.ndjson");
  const rows = examples().map((row) => `${JSON.stringify(row)}\n`);
  writeFileSync(file, rows.join(""));
  await store.load("outcomes", [file], { idempotencyKey: "outcomes" });
  taught = true;
}

async function train(): Promise<void> {
  if (!taught) await teach();
  if ((await store.models("returns")).length > 0 && below(3) === 0) {
    const versions = await store.models("returns");
    await store.promote("returns", versions[below(versions.length)].version);
    say({ promoted: true });
    await sleep(20);
    return;
  }
  const { version } = await store.train("returns", { promote: below(2) === 0 });
  say({ trained: version });
}

/** A backup that is killed with the server, unless it is done before. */
async function backUp(): Promise<void> {
  const to = path.join(path.dirname(home), `of-server-${number}`);
  await backup(home, to);
  rmSync(to, { recursive: true });
  say({ saved: true });
}

const work: Readonly<Record<string, { readonly run: () => Promise<unknown>; readonly pause: number }>> = {
  load: { run: load, pause: 60 },
  compute: { run: () => store.compute(), pause: 100 },
  materialize: { run: () => store.materialize(), pause: 60 },
  train: { run: train, pause: 50 },
  backup: { run: backUp, pause: 50 },
};

await store.materialize();
say({ ready: true });
await Promise.all(
  tasks.map(async (task) => {
    const { run, pause } = work[task];
    for (;;) {
      await run();
      await sleep(next() * pause);
    }
  }),
);
// Without work beside it the server goes on until it is killed.
await new Promise(() => setInterval(() => {}, 1 << 30));
