import { Worker } from "node:worker_threads";
import { AsofError } from "../../core/errors.ts";
import type { TableThread } from "../../ports/table-thread.ts";
import type { TableRequest } from "./table-worker.ts";

const WORKER = new URL(`./table-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** A worker thread of Node's. It takes no part in keeping the process alive. */
export function startTableThread(): TableThread {
  const worker = new Worker(WORKER, { name: "asof tables", execArgv: [] });
  const waiting: PromiseWithResolvers<never>[] = [];
  const ended = (cause?: unknown): void => {
    for (const { reject } of waiting.splice(0))
      reject(new AsofError("ASOF_INTERNAL", "the thread that builds tables ended", {}, cause));
  };
  worker.on("message", (made) => waiting.shift()?.resolve(made as never));
  worker.on("error", ended).on("exit", () => ended());
  worker.unref();
  const ask = (asked: TableRequest): Promise<never> => {
    const made = Promise.withResolvers<never>();
    waiting.push(made);
    worker.ref();
    worker.postMessage(asked, []);
    return made.promise;
  };
  return {
    build: (records) => ask({ records, wanted: "table" }),
    place: ({ keys, key, visible, event }) => ask({ records: { keys, key, visible, event }, wanted: "places" }),
    async close() {
      await worker.terminate();
    },
  };
}
