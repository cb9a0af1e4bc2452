import path from "node:path";
import { parentPort } from "node:worker_threads";
import { openDuckDb } from "./adapters/duckdb/open-duckdb.ts";
import { readFileLog } from "./adapters/file-log/read-file-log.ts";
import { openFolder } from "./adapters/folder/folder-store.ts";
import type { StorePlace, ToArchiveThread } from "./stages/ingest/archive-messages.ts";
import { archiveThread, type OpenedParts } from "./stages/ingest/archive-thread.ts";

// The thread in which a store's log is archived.

async function open({ home, temporaryFolder, memoryLimit }: StorePlace): Promise<OpenedParts> {
  const log = await readFileLog(path.join(home, "log"));
  const files = await openFolder(home);
  return { log, files, engine: await openDuckDb({ memoryLimit, temporaryFolder, threads: 1 }) };
}

const hear = archiveThread((message) => parentPort!.postMessage(message, []), open);
parentPort!.on("message", (message: ToArchiveThread) => hear(message));
