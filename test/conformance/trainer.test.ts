import { createYdfTrainer } from "../../src/adapters/ydf/ydf-trainer.ts";
import { ydfRuntime } from "../../src/adapters/ydf/ydf-runtime.ts";
import { trainerConformance } from "./trainer.ts";

for (const learner of ["gradientBoostedTrees", "randomForest"] as const)
  trainerConformance({ name: `ydf ${learner}`, trainer: createYdfTrainer(learner), runtime: ydfRuntime });
