import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** One measured execution: how long the work itself took, and what it returned. */
export interface Run<T> {
  readonly milliseconds: number;
  readonly result: T;
  /** Largest resident set of the process, bytes; only of a fresh process. */
  readonly peakMemory?: number;
}

/** One of several ways to do the same work. */
export interface Contender<T> {
  readonly name: string;
  measure(): Promise<Run<T>>;
}

export interface Measurement<T> {
  readonly name: string;
  /** The median of the rounds. */
  readonly milliseconds: number;
  readonly samples: readonly number[];
  /** Of the last round. */
  readonly result: T;
  /** The median of the rounds, bytes; only of fresh processes. */
  readonly peakMemory?: number;
}

export interface BenchCase {
  readonly case: string;
  /** Medians, in `unit`. */
  readonly ours: number;
  readonly reference: number;
  /** How many times better ours is: above 1 it wins, whether `unit` is a time or a rate. */
  readonly ratio: number;
  readonly unit: string;
  /** Whether both gave the same result, checked before any time is believed. */
  readonly equal: boolean;
}

export interface BenchOptions {
  /** What followed the bench's name on the command line, `--json` aside. */
  readonly args: readonly string[];
  /** Progress, to stderr. */
  readonly log: (message: string) => void;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs `work` in this process; `prepare` runs before it in every round, outside of the time. */
export function contender<T>(name: string, work: () => T | Promise<T>, prepare?: () => unknown): Contender<T> {
  return {
    name,
    async measure() {
      await prepare?.();
      const started = performance.now();
      const result = await work();
      return { milliseconds: performance.now() - started, result };
    },
  };
}

/**
 * Runs `exported(input)` of a module in a fresh process each round. The time is that of the call alone, without the
 * start of the process and the loading of the module. Input and result are structured clones.
 */
export function freshContender<T>(name: string, module: URL, exported: string, input?: unknown): Contender<T> {
  return { name, measure: () => inFreshProcess<T>(module, exported, input) };
}

/**
 * Measures contenders alternately, the order reversed each round, so that a slow minute of the machine or a warm cache
 * favours none of them. The first `warmups` rounds do not count.
 */
export async function alternate<T>(
  contenders: readonly Contender<T>[],
  options: { readonly rounds: number; readonly warmups?: number },
): Promise<Measurement<T>[]> {
  const { rounds, warmups = 0 } = options;
  if (!(rounds >= 1)) throw new RangeError("alternate needs at least one round");
  const runs = contenders.map((): Run<T>[] => []);
  for (let round = 0; round < warmups + rounds; round++) {
    const order = [...contenders.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const run = await contenders[index].measure();
      if (round >= warmups) runs[index].push(run);
    }
  }
  return contenders.map(({ name }, index) => {
    const samples = runs[index].map((run) => run.milliseconds);
    const memory = runs[index].flatMap((run) => run.peakMemory ?? []);
    return {
      name,
      milliseconds: median(samples),
      samples,
      result: runs[index][rounds - 1].result,
      ...(memory.length > 0 ? { peakMemory: median(memory) } : {}),
    };
  });
}

/** A case of two measured contenders whose unit is a time (the default) or a rate: `work` things in that time. */
export function compare(
  name: string,
  ours: Measurement<unknown>,
  reference: Measurement<unknown>,
  options: { readonly equal: boolean; readonly rate?: { readonly work: number; readonly unit: string } },
): BenchCase {
  const { equal, rate } = options;
  const value = (milliseconds: number) => (rate ? (rate.work / milliseconds) * 1000 : milliseconds);
  return {
    case: name,
    ours: value(ours.milliseconds),
    reference: value(reference.milliseconds),
    ratio: reference.milliseconds / ours.milliseconds,
    unit: rate?.unit ?? "ms",
    equal,
  };
}

export function inFreshProcess<T>(module: URL, exported: string, input?: unknown): Promise<Run<T>> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [], {
      serialization: "advanced",
      // Its stdout joins our stderr: ours carries the bench's own output.
      stdio: ["ignore", 2, 2, "ipc"],
    });
    let answer: Run<T> | undefined;
    child.on("message", (run) => (answer = run as Run<T>));
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (answer && code === 0) resolve(answer);
      else reject(new Error(`${exported} of ${module.href} failed in a fresh process (${signal ?? code})`));
    });
    child.send({ module: module.href, exported, input });
  });
}

async function answerParent(request: { module: string; exported: string; input: unknown }): Promise<void> {
  const exports = (await import(request.module)) as Record<string, unknown>;
  const work = exports[request.exported];
  if (typeof work !== "function") throw new Error(`${request.module} exports no function ${request.exported}`);
  const started = performance.now();
  const result: unknown = await work(request.input);
  const milliseconds = performance.now() - started;
  const peakMemory = process.resourceUsage().maxRSS * 1024;
  process.send?.({ milliseconds, result, peakMemory }, () => process.disconnect());
}

if (import.meta.main && process.send) {
  process.once("message", (request) => {
    answerParent(request as Parameters<typeof answerParent>[0]).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
}
