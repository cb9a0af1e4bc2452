import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Target } from "./target.ts";

export interface ToHost {
  readonly from: number;
  readonly until: number;
  /** Whether each case is told before it is tried, so that the one that ends the process is known. */
  readonly one: boolean;
}

export type FromHost =
  | { readonly is: "ready"; readonly peak: number }
  | { readonly is: "trying"; readonly number: number }
  | {
      readonly is: "finding";
      readonly number: number;
      readonly sample: string;
      readonly error: string;
      readonly bytes: string;
    }
  | { readonly is: "done"; readonly until: number; readonly peak: number };

/** What must not be, with what it takes to see it again. */
export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly number: number;
  readonly sample: string;
  readonly error: string;
  /** The bytes in base64, made as small as they go on failing; null where the process did not live to tell. */
  readonly bytes: string | null;
}

export interface TargetReport {
  readonly target: string;
  readonly cases: number;
  readonly findings: readonly Finding[];
  readonly seconds: number;
  /** The most memory that the process that tried them had, in MB. */
  readonly peak: number;
}

const HOST = fileURLToPath(new URL("./host.ts", import.meta.url));

export interface Limits {
  /** Milliseconds in which a batch must end, or one case where they are told. */
  readonly hang: number;
  /** Memory of the process, in MB. */
  readonly memory: number;
}

export const LIMITS: Limits = { hang: 60_000, memory: 1_500 };

/** Tries cases of a target in a process of its own, until there were so many or the time is over. */
export async function fuzzTarget(
  target: Pick<Target, "name" | "batch">,
  options: { readonly seed: number; readonly cases: number; readonly until: number; readonly limits?: Limits },
): Promise<TargetReport> {
  const { seed, cases, until, limits = LIMITS } = options;
  const began = performance.now();
  const findings: Finding[] = [];
  let peak = 0;
  let number = 0;
  let host: ChildProcess | null = null;
  const add = (found: Omit<Finding, "target" | "seed">): void => {
    const known = findings.findIndex(({ number }) => number === found.number);
    // Told once more, it has become smaller.
    findings.splice(known < 0 ? findings.length : known, known < 0 ? 0 : 1, { target: target.name, seed, ...found });
  };
  while (number < cases && performance.now() < until && findings.length < MOST) {
    const end = Math.min(cases, number + target.batch);
    host ??= await started(target.name, seed, limits);
    const ended = await batch(host, { from: number, until: end, one: false }, limits, add);
    peak = Math.max(peak, ended.peak);
    if (ended.why === null) {
      number = end;
      continue;
    }
    // Once more, one by one: the same numbers are the same cases.
    for (let from = number; from < end; from = from + 1) {
      host = await started(target.name, seed, limits);
      const again = await batch(host, { from, until: end, one: true }, limits, add);
      if (again.why === null) break;
      add({ number: again.last, sample: "", error: again.why, bytes: null });
      from = again.last;
      host = null;
    }
    host?.kill("SIGKILL");
    host = null;
    number = end;
  }
  host?.kill("SIGKILL");
  return { target: target.name, cases: number, findings, seconds: (performance.now() - began) / 1000, peak };
}

/** Findings of one target that are enough for a run. */
const MOST = 20;

async function started(name: string, seed: number, { memory }: Limits): Promise<ChildProcess> {
  const host = fork(HOST, [name, String(seed)], {
    execArgv: [`--max-old-space-size=${Math.ceil(memory / 2)}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  await new Promise<void>((resolve, reject) => {
    host.once("message", () => resolve());
    host.once("exit", (code, signal) => reject(new Error(`${name} cannot be opened: ${code ?? signal}`)));
  });
  host.removeAllListeners("exit");
  return host;
}

interface Ended {
  /** Why the process is no more; null where the batch is done. */
  readonly why: string | null;
  /** The case that was tried last. */
  readonly last: number;
  readonly peak: number;
}

function batch(
  host: ChildProcess,
  message: ToHost,
  { hang, memory }: Limits,
  add: (found: Omit<Finding, "target" | "seed">) => void,
): Promise<Ended> {
  return new Promise((resolve) => {
    let last = message.from;
    let peak = 0;
    let heard = performance.now();
    const done = (why: string | null): void => {
      clearInterval(watch);
      host.removeAllListeners();
      if (why !== null) host.kill("SIGKILL");
      resolve({ why, last, peak });
    };
    const watch = setInterval(() => {
      const held = memoryOf(host.pid!);
      peak = Math.max(peak, held);
      if (held > memory) done(`held ${Math.round(held)} MB`);
      else if (performance.now() - heard > hang) done(`did not end within ${hang} ms`);
    }, 20);
    host.on("message", (told: FromHost) => {
      if (told.is === "trying" || told.is === "finding") heard = performance.now();
      if (told.is === "trying") last = told.number;
      else if (told.is === "finding")
        add({ number: told.number, sample: told.sample, error: told.error, bytes: told.bytes });
      else if (told.is === "done") {
        peak = Math.max(peak, told.peak);
        done(null);
      }
    });
    host.on("exit", (code, signal) => done(`the process ended: ${signal ?? `exit code ${code}`}`));
    host.send(message);
  });
}

/** Megabytes that a process holds; 0 where the system does not tell. */
function memoryOf(pid: number): number {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return (Number(pages) * 4096) / 2 ** 20;
  } catch {
    return 0;
  }
}
