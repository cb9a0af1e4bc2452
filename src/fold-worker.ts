import { parentPort, type Transferable } from "node:worker_threads";
import { openLmdb } from "./adapters/lmdb/open-lmdb.ts";
import type { ToBatchThread } from "./stages/online/batch-messages.ts";
import { batchThread } from "./stages/online/batch-thread.ts";

// The thread in which a store's fold reckons, and commits where the store is at home.

const hear = batchThread(
  (message, handOver) => parentPort!.postMessage(message, handOver as readonly Transferable[]),
  (folder) => openLmdb(folder, { onlyWriter: true }),
);
parentPort!.on("message", (message: ToBatchThread) => hear(message));
