import { type Transferable, Worker } from "node:worker_threads";
import type { SideThread, StartSideThread } from "../../ports/side-thread.ts";

/** Starts worker threads of Node's that run a module, which hears and posts through its `parentPort`. */
export function sideThreads(name: string, module: URL): StartSideThread {
  return (heard, ended): SideThread => {
    const worker = new Worker(module, { name, execArgv: [] });
    let isOver = false;
    let cause: unknown;
    worker.on("message", heard);
    worker.on("error", (error) => (cause = error));
    // Until then what it has begun may still take effect.
    worker.on("exit", () => {
      if (!isOver) ended(cause);
    });
    worker.unref();
    return {
      post: (message, handOver = []) => worker.postMessage(message, handOver as readonly Transferable[]),
      keepAlive(isWaitedFor) {
        if (isWaitedFor) worker.ref();
        else worker.unref();
      },
      async close() {
        isOver = true;
        await worker.terminate();
      },
    };
  };
}
