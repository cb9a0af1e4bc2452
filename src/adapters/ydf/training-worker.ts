import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import JSZip from "jszip";
import { canonicalArchive } from "./canonical-archive.ts";
import type { TrainingJob } from "./training-job.ts";
import { instantiate, type ModuleFactory } from "./ydf-module.ts";

/** The part of ydf-training in use. It has no types of its own. */
interface YdfTraining {
  readonly GradientBoostedTreesLearner: LearnerClass;
  readonly RandomForestLearner: LearnerClass;
}

type LearnerClass = new (
  label: string,
  task: "CLASSIFICATION" | "REGRESSION",
) => { train(table: Readonly<Record<string, readonly number[] | readonly string[]>>): { save(): Promise<Blob> } };

const { learner, task, labelName, label, columns } = workerData as TrainingJob;

// A forest notes how well it did whenever some time has passed since the last note: without a clock it always learns the same.
Date.now = () => 0;
performance.now = () => 0;
process.hrtime = Object.assign((): [number, number] => [0, 0], { bigint: () => 0n });

// Where ydf-training looks for it when it saves.
Object.assign(globalThis, { JSZip });
const factory = createRequire(import.meta.url)("ydf-training") as ModuleFactory<YdfTraining>;
const ydf = await instantiate(factory, {});

// It reads arrays only, and knows a column of numbers from one of categories by its first value.
const table: Record<string, number[] | string[]> = {};
for (const { name, values } of columns) table[name] = Array.isArray(values) ? values : Array.from(values);
table[labelName] = task === "classification" ? Array.from(label, String) : Array.from(label);

const classes = { gradientBoostedTrees: ydf.GradientBoostedTreesLearner, randomForest: ydf.RandomForestLearner };
const tasks = { classification: "CLASSIFICATION", regression: "REGRESSION" } as const;
const model = new classes[learner](labelName, tasks[task]).train(table);
const saved = await model.save();
const bytes = await canonicalArchive(await saved.arrayBuffer());
parentPort!.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
