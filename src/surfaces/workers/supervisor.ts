import { type ChildProcess, fork } from "node:child_process";
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AsofError } from "../../core/errors.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import { RateLeases } from "./rate-leases.ts";
import type { FromWorker, StartMessage, ToWorker } from "./messages.ts";

const MODULE = fileURLToPath(new URL(`./worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url));

/** A process that ends by itself is started again, but not so many times within so many milliseconds. */
const RESTARTS = 5;
const WITHIN = 30_000;

export interface SuperviseOptions {
  readonly configuration: string;
  readonly home: string;
  /** Processes that answer, beside the one that writes. */
  readonly workers: number;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  readonly logging?: StartMessage["logging"];
  /** Ends the work. */
  readonly signal: AbortSignal;
  /** All processes answer. */
  readonly onReady: (running: { readonly url: string; readonly writer: number; readonly workers: number[] }) => void;
  /** Says something in passing. */
  readonly note: (text: string) => void;
}

/** One process: what is said to it, and what it says. */
interface Member {
  readonly process: ChildProcess;
  readonly url: string | null;
  /** It was told to end. */
  ending: boolean;
}

/**
 * Serves a store with several processes: one writes, the others answer at the same port, each over the same online
 * store. A process that ends by itself is started anew. `reload` takes up another configuration and other definitions:
 * the writer first, while what is for it waits, then the others, which listen before those they replace end.
 * @throws what a process could not start for
 */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-"));
  try {
    const supervisor = new Supervisor(options, path.join(folder, "writer.sock"));
    await supervisor.run();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Supervisor {
  private readonly options: SuperviseOptions;
  private readonly socket: string;
  private writer: Member | null = null;
  private readonly readers = new Set<Member>();
  private readonly changes = new OneByOne();
  private readonly restarts: number[] = [];
  private readonly leases = new RateLeases();
  private readonly ended = Promise.withResolvers<void>();

  constructor(options: SuperviseOptions, socket: string) {
    this.options = options;
    this.socket = socket;
    cluster.setupPrimary({ exec: MODULE, serialization: "advanced", stdio: ["ignore", "ignore", "inherit", "ipc"] });
  }

  async run(): Promise<void> {
    const { signal, onReady, workers } = this.options;
    const reload = (): void => void this.changes.run(() => this.reload()).catch((error: unknown) => this.fail(error));
    process.on("SIGHUP", reload);
    const stop = (): void => this.ended.resolve();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await this.changes.run(async () => {
        this.writer = await this.startWriter();
        for (let i = 0; i < workers; i++) this.readers.add(await this.startReader());
      });
      const [first] = this.readers;
      onReady({
        url: first.url!,
        writer: this.writer!.process.pid!,
        workers: [...this.readers].map(({ process }) => process.pid!),
      });
      if (!signal.aborted) await this.ended.promise;
    } finally {
      process.off("SIGHUP", reload);
      signal.removeEventListener("abort", stop);
      await this.changes.run(() => this.stop());
    }
  }

  /** Other definitions may be there: every process reads them as it starts. */
  private async reload(): Promise<void> {
    const { note } = this.options;
    const before = [...this.readers];
    // What cannot start must not end what runs: the first of the new ones tells.
    const trial = await this.startReader().catch((error: unknown) => {
      note(`the configuration cannot be taken up: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    });
    if (trial === null) return;
    this.readers.add(trial);
    await Promise.all([...this.readers].map((reader) => heard(reader.process, { kind: "pause" }, "paused")));
    try {
      await end(this.writer!);
      this.writer = await this.startWriter();
    } finally {
      for (const { process } of this.readers) tell(process, { kind: "resume" });
    }
    await Promise.all(before.slice(1).map(async () => this.readers.add(await this.startReader())));
    for (const reader of before) this.readers.delete(reader);
    await Promise.all(before.map(end));
    note("reloaded");
  }

  private async stop(): Promise<void> {
    const readers = [...this.readers];
    await Promise.all(readers.map(end));
    if (this.writer !== null) await end(this.writer);
  }

  private fail(error: unknown): void {
    this.ended.reject(error instanceof Error ? error : new Error(String(error)));
  }

  private startWriter(): Promise<Member> {
    const child = fork(MODULE, { serialization: "advanced", stdio: ["ignore", "ignore", "inherit", "ipc"] });
    return this.start(child, "writer", async () => {
      this.writer = await this.startWriter();
    });
  }

  private startReader(): Promise<Member> {
    const worker: Worker = cluster.fork();
    return this.start(worker.process, "reader", async (gone) => {
      this.readers.delete(gone);
      this.readers.add(await this.startReader());
    });
  }

  private async start(
    child: ChildProcess,
    role: StartMessage["role"],
    again: (gone: Member) => Promise<void>,
  ): Promise<Member> {
    const { configuration, home, host, port, version, logging = {}, note } = this.options;
    const place = { configuration, home, socket: this.socket, host, port };
    const message = { kind: "start", role, ...place, version, logging } as const;
    child.on("message", (said: FromWorker) => {
      if (said.kind === "lease") tell(child, this.leases.answer(said, performance.now()));
    });
    const { url } = await heard(child, message, "ready");
    const member: Member = { process: child, url, ending: false };
    child.once("exit", (code, signal) => {
      if (member.ending) return;
      note(`a process (${role}, ${child.pid}) ended by itself (${signal ?? code}); another is started`);
      const now = performance.now();
      this.restarts.push(now);
      if (this.restarts.filter((at) => now - at < WITHIN).length > RESTARTS)
        return this.fail(new AsofError("ASOF_INTERNAL", `processes end by themselves again and again`));
      this.changes.run(() => again(member)).catch((error: unknown) => this.fail(error));
    });
    return member;
  }
}

function tell(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message);
}

/** Says something, and waits for what it is answered with. @throws what the process failed with */
async function heard<K extends "ready" | "paused">(
  child: ChildProcess,
  message: ToWorker,
  kind: K,
): Promise<Extract<FromWorker, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off("message", hear);
      child.off("exit", gone);
    };
    const hear = (said: FromWorker): void => {
      if (said.kind === kind) {
        settle();
        resolve(said as Extract<FromWorker, { kind: K }>);
      } else if (said.kind === "failed") {
        settle();
        const { code, message, details } = said.failure;
        reject(new AsofError(code, message, details));
      }
    };
    const gone = (code: number | null, signal: NodeJS.Signals | null): void => {
      settle();
      reject(new AsofError("ASOF_INTERNAL", `a process ended before it was ${kind} (${signal ?? code})`));
    };
    child.on("message", hear);
    child.on("exit", gone);
    if (!child.connected) gone(child.exitCode, child.signalCode);
    else child.send(message);
  });
}

/** Lets a process answer what it has, and end. */
async function end(member: Member): Promise<void> {
  member.ending = true;
  const { process: child } = member;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  tell(child, { kind: "stop" });
  await exit;
}
