import { AsofError } from "../../core/errors.ts";
import type { TableThread } from "../../ports/table-thread.ts";
import { sideThreads } from "./side-thread.ts";
import type { TableRequest } from "./table-worker.ts";

const start = sideThreads(
  "asof tables",
  new URL(`./table-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url),
);

/** A thread that answers in the order in which it is asked. Until it is closed it keeps the process alive once it was asked. */
export function startTableThread(): TableThread {
  const waiting: PromiseWithResolvers<never>[] = [];
  let over: AsofError | null = null;
  const end = (cause?: unknown): void => {
    over ??= new AsofError("ASOF_INTERNAL", "the thread that builds tables ended", {}, cause);
    for (const { reject } of waiting.splice(0)) reject(over);
  };
  const thread = start((made) => waiting.shift()?.resolve(made as never), end);
  const ask = (asked: TableRequest): Promise<never> => {
    if (over !== null) return Promise.reject(over);
    const made = Promise.withResolvers<never>();
    waiting.push(made);
    thread.keepAlive(true);
    thread.post(asked);
    return made.promise;
  };
  return {
    build: (records) => ask({ records, wanted: "table" }),
    place: ({ keys, key, visible, event }) => ask({ records: { keys, key, visible, event }, wanted: "places" }),
    async close() {
      await thread.close();
      end();
    },
  };
}
