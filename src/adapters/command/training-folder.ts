import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { AsofError } from "../../core/errors.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { formatTimestamp } from "../../core/time/timestamp.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { TrainedFor, TrainingTable } from "../../ports/trainer.ts";

/** The files of a training, in a folder of their own. The first two are given, the others are to be made. */
export const FILES = {
  description: "description.json",
  training: "train.parquet",
  model: "model.onnx",
  metrics: "metrics.json",
} as const;

const FORMAT = 1;

/** Writes the training set, and what it is, for a program that learns from it. */
export async function writeTraining(
  engine: OfflineEngine,
  folder: string,
  { rows, features, label, task }: TrainingTable,
  model: TrainedFor | null,
  signal: AbortSignal | undefined,
): Promise<void> {
  let labelName = "label";
  while (Object.hasOwn(features, labelName)) labelName = `_${labelName}`;
  const types = Object.entries(features).map(([name, { type }]) => [name, type] as const);
  const fields: Fields = { ...Object.fromEntries(types), [labelName]: { kind: "float64", nullable: false } };
  const columns = { ...features, [labelName]: { type: fields[labelName], values: label, valid: null } };
  const session = await engine.session(signal === undefined ? {} : { signal });
  try {
    await session.writeParquet(path.join(folder, FILES.training), fields, [{ rows, columns }]);
  } finally {
    await session.close();
  }
  const stretch = ([from, until]: readonly [number, number]): { from: string; until: string } => ({
    from: formatTimestamp(from),
    until: formatTimestamp(until),
  });
  const description = {
    format: FORMAT,
    model: model?.name ?? null,
    baseline: model?.isBaseline ?? false,
    task,
    label: labelName,
    features: types.map(([name, { kind, nullable }]) => ({ name, type: kind, nullable })),
    rows,
    split: model === null ? null : { train: stretch(model.split.train), test: stretch(model.split.test) },
    files: FILES,
  };
  await writeFile(path.join(folder, FILES.description), `${JSON.stringify(description, null, 2)}\n`);
}

/** The model that a program has left; null where there is none. */
export function readModel(folder: string): Promise<Uint8Array | null> {
  return readIfThere(path.join(folder, FILES.model));
}

/** What it has found out; undefined where it does not tell. @throws ASOF_TRAINING where that are no named numbers */
export async function readMetrics(folder: string): Promise<Readonly<Record<string, number>> | undefined> {
  const bytes = await readIfThere(path.join(folder, FILES.metrics));
  if (bytes === null) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw wrong("it is no JSON", cause);
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw wrong("it is no object");
  for (const [name, value] of Object.entries(found))
    if (typeof value !== "number") throw wrong(`${JSON.stringify(name)} is no number`);
  return found as Readonly<Record<string, number>>;
}

function wrong(why: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_TRAINING", `the trainer's ${FILES.metrics} must hold named numbers: ${why}`, {}, cause);
}

async function readIfThere(file: string): Promise<Uint8Array | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
