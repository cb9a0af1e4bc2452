import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { AsofError } from "../../core/errors.ts";
import type { TrainedModel, Trainer } from "../../ports/trainer.ts";
import type { Learner } from "./learner.ts";
import { trainingJob, type TrainingJob } from "./training-job.ts";

/** The compiler does not rewrite this name: it ends as this very file does, in .ts or in .js. */
const WORKER = new URL(`./training-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Decision forests of YDF (Yggdrasil Decision Forests, Guillame-Bert et al., KDD 2023), trained by its WebAssembly
 * build on a thread of their own. A category with fewer than five rows counts as unknown, as do all beyond the 2,000
 * most frequent.
 */
export function createYdfTrainer(learner: Learner): Trainer {
  return {
    name: learner,
    deterministic: true,
    tasks: ["classification", "regression"],
    async train(table, { signal }): Promise<TrainedModel> {
      const interrupted = (): AsofError =>
        new AsofError("ASOF_INTERRUPTED", "the training was interrupted", { trainer: learner }, signal?.reason);
      if (signal?.aborted) throw interrupted();
      const job = trainingJob(learner, table);
      const worker = startWorker(job);
      const stop = (): void => void worker.terminate();
      signal?.addEventListener("abort", stop, { once: true });
      try {
        return { runtime: "ydf", bytes: await resultOf(worker) };
      } catch (cause) {
        if (signal?.aborted) throw interrupted();
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new AsofError("ASOF_TRAINING", `YDF could not train the model: ${why}`, { trainer: learner }, cause);
      } finally {
        signal?.removeEventListener("abort", stop);
        await worker.terminate();
      }
    },
  };
}

function startWorker(job: TrainingJob): Worker {
  const buffers = job.columns.flatMap(({ values }) => (Array.isArray(values) ? [] : [values.buffer as ArrayBuffer]));
  const worker = new Worker(WORKER, {
    name: `asof ${job.learner}`,
    workerData: job,
    transferList: [...buffers, job.label.buffer as ArrayBuffer],
    stdout: true,
    stderr: true,
    execArgv: [],
  });
  worker.stdout.resume();
  worker.stderr.resume();
  return worker;
}

function resultOf(worker: Worker): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`its thread ended with code ${code}`)));
  });
}
