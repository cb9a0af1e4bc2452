import { type Transferable, Worker } from "node:worker_threads";
import type { SideThread, StartSideThread } from "../../ports/side-thread.ts";

/** Starts worker threads of Node's that run a module, which hears and posts through its `parentPort`. */
export function sideThreads(name: string, module: URL): StartSideThread {
  return (heard, ended): SideThread => {
    const worker = new Worker(module, { name, execArgv: [] });
    let isOver = false;
    const over = (cause?: unknown): void => {
      if (!isOver) ended(cause);
      isOver = true;
    };
    worker.on("message", heard);
    worker.on("error", over).on("exit", () => over());
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
