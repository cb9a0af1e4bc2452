import { mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import { formatDuration } from "../../core/time/duration.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { ModelFormat, TrainedModel, Trainer, TrainingOptions, TrainingTable } from "../../ports/trainer.ts";
import { type CommandEnd, runCommand } from "./run-command.ts";
import { FILES, readMetrics, readModel, writeTraining } from "./training-folder.ts";

/**
 * Has a program of the user's train: it is given a folder with the training set as Parquet and a description of it, and
 * leaves its model there. Of that folder nothing is left, nor of what the program started, however it ends.
 */
export function createCommandTrainer(parts: {
  readonly engine: OfflineEngine;
  /** Where folders of trainings are made. */
  readonly folder: string;
  readonly format: ModelFormat;
}): Trainer {
  return {
    name: "command",
    deterministic: false,
    tasks: ["classification", "regression"],
    async train(table, options): Promise<TrainedModel> {
      await parts.format.ready();
      await mkdir(parts.folder, { recursive: true });
      const folder = await mkdtemp(path.join(parts.folder, "training-"));
      try {
        return await trainIn(folder, parts, table, options);
      } catch (error) {
        if (options.signal?.aborted && !(error instanceof AsofError && error.code === "ASOF_INTERRUPTED"))
          throw new AsofError("ASOF_INTERRUPTED", "the training was interrupted", { trainer: "command" }, error);
        throw error;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function trainIn(
  folder: string,
  { engine, format }: { readonly engine: OfflineEngine; readonly format: ModelFormat },
  table: TrainingTable,
  { signal, model, onLine }: TrainingOptions,
): Promise<TrainedModel> {
  const command = model?.trainer["command"];
  const timeout = model?.trainer["timeout"];
  assert(Array.isArray(command) && typeof timeout === "number", "a command to train with says what is run");
  const words = command as readonly string[];
  await writeTraining(engine, folder, table, model ?? null, signal);
  let end: CommandEnd;
  try {
    end = await runCommand({
      words: [...words, folder],
      timeout: timeout / 1000,
      ...(signal === undefined ? {} : { signal }),
      onLine: onLine ?? (() => {}),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw failure(words, `${words[0]} could not be started: ${why}`, [], cause);
  }
  if (end.how === "timed out") throw failure(words, `it did not end within ${formatDuration(timeout)}`, end.tail);
  if (end.how === "killed") throw failure(words, `it was ended by ${end.signal}`, end.tail);
  if (end.status !== 0) throw failure(words, `it ended with status ${end.status}`, end.tail);
  const file = await readModel(folder);
  if (file === null) throw failure(words, `it left no ${FILES.model} in its folder`, end.tail);
  const metrics = await readMetrics(folder);
  try {
    const trained = format.take(file, { task: table.task, features: Object.keys(table.features) });
    (await format.runtime.load(trained)).close();
    return metrics === undefined ? trained : { ...trained, metrics };
  } catch (cause) {
    if (!(cause instanceof AsofError) || cause.code !== "ASOF_CORRUPT") throw cause;
    throw failure(words, cause.message, [], cause);
  }
}

function failure(words: readonly string[], why: string, tail: readonly string[], cause?: unknown): AsofError {
  const told = tail.length === 0 ? "" : `\n${tail.join("\n")}`;
  return new AsofError(
    "ASOF_TRAINING",
    `the trainer ${words.join(" ")}: ${why}${told}`,
    { trainer: "command", command: words, ...(tail.length === 0 ? {} : { stderr: tail }) },
    cause,
  );
}
