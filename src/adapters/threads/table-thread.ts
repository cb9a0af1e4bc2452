import { Worker } from "node:worker_threads";
import { AsofError } from "../../core/errors.ts";
import type { RecordTable } from "../../core/kernel/aggregate-moments.ts";
import type { TableThread } from "../../ports/table-thread.ts";

const WORKER = new URL(`./table-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** A worker thread of Node's. It takes no part in keeping the process alive. */
export function startTableThread(): TableThread {
  const worker = new Worker(WORKER, { name: "asof tables", execArgv: [] });
  const waiting: PromiseWithResolvers<RecordTable>[] = [];
  const ended = (cause?: unknown): void => {
    for (const { reject } of waiting.splice(0))
      reject(new AsofError("ASOF_INTERNAL", "the thread that builds tables ended", {}, cause));
  };
  worker.on("message", (table: RecordTable) => waiting.shift()?.resolve(table));
  worker.on("error", ended).on("exit", () => ended());
  worker.unref();
  return {
    build(records) {
      const built = Promise.withResolvers<RecordTable>();
      waiting.push(built);
      worker.ref();
      worker.postMessage(records, []);
      return built.promise;
    },
    async close() {
      await worker.terminate();
    },
  };
}
