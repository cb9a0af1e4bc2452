import { parentPort, type Transferable } from "node:worker_threads";
import { batchThread, type ToBatchThread } from "./stages/online/batch-thread.ts";

// The thread in which a store's fold reckons.

const hear = batchThread((message, handOver) => parentPort!.postMessage(message, handOver as readonly Transferable[]));
parentPort!.on("message", (message: ToBatchThread) => hear(message));
