import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sequence } from "../conformance/event-log-entries.ts";
import { type Checked, checkStore, type Loaded } from "./check-store.ts";
import { RedisServer } from "../servers/redis-server.ts";
import { configurationOf, VARIANTS } from "./definitions.ts";
import { Backups } from "./backups.ts";
import type { Loading, ServerOptions } from "./server-child.ts";
import { lookAgainAndAgain } from "./look.ts";
import { makeRequest, Numbers, type Sent, write } from "./writers.ts";

/** What a server does beside serving and taking records, in one kind of round. */
const KINDS = {
  write: { tasks: [], weight: 3 },
  load: { tasks: ["load"], weight: 3 },
  compact: { tasks: ["load"], weight: 4 },
  materialize: { tasks: ["compute", "materialize"], weight: 3 },
  apply: { tasks: ["load"], weight: 3 },
  train: { tasks: ["train"], weight: 2 },
  backup: { tasks: ["load", "backup"], weight: 2 },
  everything: { tasks: ["load", "compute", "materialize", "train", "backup"], weight: 2 },
} as const;
export type Kind = keyof typeof KINDS;

export interface TortureOptions {
  readonly rounds: number;
  readonly seed: number;
  /** No round begins after so many seconds. */
  readonly seconds: number;
  /** The kinds of the rounds in turn; drawn from the seed where there are none. */
  readonly kinds?: readonly Kind[];
  /** Whether the online store is in a Redis, which is not killed. */
  readonly redis?: boolean;
  readonly onRound?: (round: number, kind: Kind, checked: Checked) => void;
}

export interface TortureReport extends Omit<Checked, "findings" | "problems"> {
  rounds: number;
  /** Requests and loads: sent, acknowledged, and sent again because an earlier server was killed over them. */
  sent: number;
  acknowledged: number;
  repeated: number;
  /** Backups of a store at work that were restored, and checked as it was. */
  restored: number;
  /** Servers that were killed before they took a request. */
  early: number;
  readonly kinds: Record<string, number>;
  /** What the servers got done before they were killed. */
  readonly done: Record<string, number>;
  readonly problems: string[];
}

/** Kills a server again and again while it works, and holds its store against what it had acknowledged. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const { rounds, seed, seconds, onRound } = options;
  const next = sequence(seed);
  const folder = mkdtempSync(path.join(tmpdir(), "asof-torture-"));
  const home = path.join(folder, "home");
  const report: TortureReport = {
    rounds: 0,
    records: 0,
    sent: 0,
    acknowledged: 0,
    repeated: 0,
    early: 0,
    restored: 0,
    lost: 0,
    doubled: 0,
    torn: 0,
    dropped: 0,
    compared: 0,
    different: 0,
    kinds: {},
    done: {},
    problems: [],
  };
  const numbers = new Numbers();
  const requests: Sent[] = [];
  const loads: Loaded[] = [];
  let variant = 0;
  const server = options.redis === true ? await RedisServer.start() : null;
  const redis = server?.url ?? null;
  const deadline = performance.now() + seconds * 1000;
  try {
    for (let round = 0; round < rounds && performance.now() < deadline; round++) {
      const kind = options.kinds?.[round % options.kinds.length] ?? draw(next);
      if (kind === "apply") variant = (variant + 1 + Math.floor(next() * (VARIANTS - 1))) % VARIANTS;
      const again = requests.filter(
        ({ acknowledged, source, key }) => !acknowledged && (source === "orders" || key !== null),
      );
      const before = new Set(again);
      const backups = new Backups(home, () => [...requests, ...loads]);
      const said = await kill({ home, kind, variant, redis, next, numbers, requests, again, loads, backups });
      await backups.taken();
      const configuration = configurationOf(variant, home, redis);
      const checked = await checkStore(configuration, [...requests, ...loads], kind === "write" && round > 0);
      const restored = await backups.check(variant);
      if (restored !== null) {
        report.restored++;
        for (const name of COUNTED) checked[name] += restored[name];
        checked.problems.push(...[...restored.findings, ...restored.problems].map((what) => `restored: ${what}`));
      }
      report.rounds++;
      report.records = checked.records;
      for (const name of COUNTED) report[name] += checked[name];
      report.dropped = checked.dropped;
      report.repeated += [...before].filter(({ acknowledged }) => acknowledged).length;
      if (!said.has("url")) report.early++;
      report.kinds[kind] = (report.kinds[kind] ?? 0) + 1;
      for (const [what, times] of said) report.done[what] = (report.done[what] ?? 0) + times;
      for (const problem of [...checked.findings, ...checked.problems])
        report.problems.push(`round ${round}, ${kind}: ${problem}`);
      onRound?.(round, kind, checked);
    }
    const all = [...requests, ...loads];
    report.sent = all.length;
    report.acknowledged = all.filter(({ acknowledged }) => acknowledged).length;
    return report;
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const COUNTED = ["lost", "doubled", "torn", "compared", "different"] as const;

export function isClean({ problems, lost, doubled, torn, different }: TortureReport): boolean {
  return problems.length === 0 && lost + doubled + torn + different === 0;
}

function draw(next: () => number): Kind {
  const kinds = Object.entries(KINDS) as [Kind, { readonly weight: number }][];
  let at = next() * kinds.reduce((sum, [, { weight }]) => sum + weight, 0);
  return kinds.find(([, { weight }]) => (at -= weight) < 0)![0];
}

interface Round {
  readonly home: string;
  readonly kind: Kind;
  readonly variant: number;
  readonly redis: string | null;
  readonly next: () => number;
  readonly numbers: Numbers;
  readonly requests: Sent[];
  readonly again: Sent[];
  readonly loads: Loaded[];
  readonly backups: Backups;
}

/** Numbers of one server's bulk loads. */
const LOADED = 20_000;

/** Starts a server, writes to it, kills it at a random moment; resolves to what it said it had done, and how often. */
async function kill(round: Round): Promise<Map<string, number>> {
  const { home, kind, variant, redis, next, numbers, requests, again, loads, backups } = round;
  const said = new Map<string, number>();
  const script = fileURLToPath(new URL("./server-child.ts", import.meta.url));
  const seed = Math.floor(next() * 2 ** 31);
  const archiveFrom = kind === "compact" || kind === "everything" ? 50 + Math.floor(next() * 300) : 250_000;
  const first = numbers.take(LOADED);
  const tasks = KINDS[kind].tasks;
  const server: ServerOptions = { home, variant, seed, archiveFrom, first, redis, tasks };
  const child = spawn(process.execPath, [script, JSON.stringify(server)], { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  let complaint = "";
  child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
  const listening = Promise.withResolvers<string>();
  createInterface(child.stdout).on("line", (line) => {
    const word = JSON.parse(line) as Record<string, unknown>;
    const [what] = Object.keys(word);
    said.set(what, (said.get(what) ?? 0) + 1);
    if ("url" in word) listening.resolve(word["url"] as string);
    if ("loading" in word || "loaded" in word)
      hear((word["loading"] ?? word["loaded"]) as Loading, "loaded" in word, loads);
  });
  const stop = new AbortController();
  const acknowledged = Promise.withResolvers<void>();
  const killing = killAt(child, kind, next, acknowledged.promise);
  let failure: Error | null = null;
  const url = await Promise.race([listening.promise, closed.then(() => null)]);
  if (url !== null) {
    const make = (): Sent => makeRequest(numbers, next, kind === "compact" ? 200 : 40);
    const writers = Array.from({ length: 3 }, () =>
      write(url, again, make, requests, stop.signal, acknowledged.resolve),
    );
    void Promise.all(writers).catch((error: unknown) => (failure = error as Error));
    const looking = lookAgainAndAgain(home, stop.signal);
    looking.catch(() => {});
    if (kind === "backup") backups.start(Promise.race([acknowledged.promise, closed]));
    await closed;
    stop.abort();
    await Promise.allSettled(writers);
    said.set("looked", await looking);
  }
  await Promise.all([killing, closed]);
  if (child.signalCode !== "SIGKILL")
    throw new Error(`the server ended by itself, in a round of ${kind}: ${complaint}`);
  if (failure !== null) throw failure as Error;
  return said;
}

function hear([source, first, last, at]: Loading, acknowledged: boolean, loads: Loaded[]): void {
  const known = loads.find((one) => one.first === first);
  if (known === undefined) loads.push({ source, at, first, last, acknowledged });
  else known.acknowledged = acknowledged;
}

/** A fifth are killed at any moment of their start, the others a while after their first answer; training takes longest. */
async function killAt(child: ChildProcess, kind: Kind, next: () => number, answered: Promise<unknown>): Promise<void> {
  const [early, share] = [next() < 0.2, next()];
  if (early) await sleep(100 + share * 2000);
  else {
    await Promise.race([answered, once(child, "close")]);
    await sleep(30 + share * (kind === "train" || kind === "everything" ? 4000 : 900));
  }
  child.kill("SIGKILL");
}
