import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export interface CommandRun {
  readonly words: readonly string[];
  /** In milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** Hears what it prints, be it output or errors. */
  readonly onLine: (line: string) => void;
}

/** How a command ended: by itself with a status, by a signal that is not ours, or because its time was over. */
export type CommandEnd =
  | { readonly how: "exited"; readonly status: number; readonly tail: readonly string[] }
  | { readonly how: "killed"; readonly signal: string; readonly tail: readonly string[] }
  | { readonly how: "timed out"; readonly tail: readonly string[] };

/** The last lines of errors that are kept, and how much of each. */
const TAIL = 20;
const LINE = 500;
/** How long a process has to end by itself once it is told to, in milliseconds. */
const GRACE = 2_000;
/** The longest that a timer waits. */
const LONGEST = 2 ** 31 - 1;

/**
 * Runs a command as a group of its own processes, and leaves none of them when it resolves: neither after its end, nor
 * after its time, nor after an abort, which it then rejects with the signal's reason. Rejects, too, where there is no
 * such program.
 */
export async function runCommand({ words, timeout, signal, onLine }: CommandRun): Promise<CommandEnd> {
  signal?.throwIfAborted();
  const [program, ...args] = words;
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const tail: string[] = [];
  listen(child.stdout, onLine);
  listen(child.stderr, (line) => {
    tail.push(line);
    if (tail.length > TAIL) tail.shift();
    onLine(line);
  });
  let isLate = false;
  let grace: NodeJS.Timeout | null = null;
  const stop = (): void => {
    killGroup(child, "SIGTERM");
    grace ??= setTimeout(() => killGroup(child, "SIGKILL"), GRACE);
  };
  const late = setTimeout(
    () => {
      isLate = true;
      stop();
    },
    Math.min(timeout, LONGEST),
  );
  const gone = (): void => killGroup(child, "SIGKILL");
  process.once("exit", gone);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const [status, by] = await ended(child);
    signal?.throwIfAborted();
    if (isLate) return { how: "timed out", tail };
    return status === null ? { how: "killed", signal: by ?? "", tail } : { how: "exited", status, tail };
  } finally {
    clearTimeout(late);
    if (grace !== null) clearTimeout(grace);
    process.removeListener("exit", gone);
    signal?.removeEventListener("abort", stop);
  }
}

/** Settles once the process has ended, and what it started with it, and all that they printed is heard. */
function ended(child: ChildProcess): Promise<[status: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // What it left running holds its pipes open, too.
    child.once("exit", () => killGroup(child, "SIGKILL"));
    child.once("close", (status, signal) => resolve([status, signal]));
  });
}

function listen(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on("line", (line) => {
    if (line.trim() !== "") onLine(line.slice(0, LINE));
  });
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // None of them is there any more.
  }
}
