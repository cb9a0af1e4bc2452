import { type ChildProcess, fork } from "node:child_process";

/** A process of the bench that does what it is told, one thing at a time. */
export class Worker {
  private readonly child: ChildProcess;
  private settle: { resolve(value: never): void; reject(error: Error): void } | null = null;
  readonly pid: number;

  constructor(module: URL, flags: readonly string[] = []) {
    this.child = fork(module, [], { execArgv: [...flags], serialization: "advanced", stdio: ["ignore", 2, 2, "ipc"] });
    this.pid = this.child.pid ?? 0;
    this.child.on("message", (message: { readonly value?: unknown; readonly error?: string }) => {
      const { settle } = this;
      this.settle = null;
      if (message.error === undefined) settle?.resolve(message.value as never);
      else settle?.reject(new Error(message.error));
    });
    this.child.on("exit", (code) => this.settle?.reject(new Error(`a process of the bench ended with ${code}`)));
  }

  ask<T>(what: string, input?: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.settle = { resolve, reject };
      this.child.send({ what, input });
    });
  }

  /** Ends the process, after what it does at its end. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    await this.ask("end");
    this.child.disconnect();
    await ended;
  }
}

type Work = Readonly<Record<string, (input: never) => unknown>>;

/** Does what this process is told by these names. */
export function obey(work: Work): void {
  process.on("message", ({ what, input }: { readonly what: string; readonly input: unknown }) => {
    Promise.resolve()
      .then(() => work[what](input as never))
      .then(
        (value) => process.send?.({ value }),
        (error: unknown) =>
          process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
}

/** What a process has used so far: seconds of all its threads, bytes resident. */
export interface Usage {
  readonly cpu: number;
  /** Of these, the seconds of the thread that runs JavaScript: one processor is all that it can have. */
  readonly thread: number;
  readonly rss: number;
  /** Of these, the bytes of JavaScript and its buffers; the rest are the engine's, LMDB's and Node's own. */
  readonly heap: number;
}

export function usage(): Usage {
  const all = process.cpuUsage();
  const own = process.threadCpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    cpu: (all.user + all.system) / 1e6,
    thread: (own.user + own.system) / 1e6,
    rss,
    heap: heapUsed + external,
  };
}
