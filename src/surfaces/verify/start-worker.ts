import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const WORKER = fileURLToPath(new URL(`./worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url));

/** Starts a process for courses or a store; it speaks in structured clones, as int64 and NaN must get through. */
export function startWorker(): ChildProcess {
  return fork(WORKER, { serialization: "advanced", stdio: ["ignore", "ignore", "inherit", "ipc"] });
}
