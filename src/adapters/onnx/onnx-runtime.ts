import { AsofError } from "../../core/errors.ts";
import type { LoadedModel, ModelFormat, ModelRuntime } from "../../ports/trainer.ts";
import { noteOf, type OnnxNote, operatorsOf, withNote } from "./onnx-file.ts";
import { createOnnxModel } from "./onnx-model.ts";
import { onnxModule } from "./onnx-module.ts";

/**
 * Operators that treat each row alone and in one way, however many there are. Matrix products do not: one row takes
 * another order of additions than many, and the last bit of it can differ.
 */
const ROWWISE: ReadonlySet<string> = new Set([
  "TreeEnsemble",
  "TreeEnsembleClassifier",
  "TreeEnsembleRegressor",
  "Imputer",
  "Identity",
  "Cast",
]);

/**
 * Runs models in ONNX, on the CPU, by ONNX Runtime. One thread a model: so the order of additions, and with it the last
 * bit, is the same each time. What is no decision forest is asked row by row, for the same reason.
 */
export const onnxRuntime: ModelRuntime = {
  name: "onnx",
  async load({ runtime, bytes }): Promise<LoadedModel> {
    if (runtime !== "onnx") throw corrupt(`it is a model of ${runtime}`);
    const { note, operators } = read(bytes);
    const onnx = await onnxModule();
    let session: Awaited<ReturnType<typeof onnx.InferenceSession.create>>;
    try {
      session = await onnx.InferenceSession.create(bytes, {
        executionProviders: ["cpu"],
        executionMode: "sequential",
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        // Errors only: warnings of the library would mix with what is printed here.
        logSeverityLevel: 3,
      });
    } catch (cause) {
      throw corrupt(cause instanceof Error ? cause.message : String(cause), cause);
    }
    const isRowwise = [...operators].every((operator) => ROWWISE.has(operator));
    const facts = { features: note?.features ?? null, task: note?.task ?? null, isRowwise };
    try {
      return createOnnxModel(onnx, session, facts, corrupt);
    } catch (error) {
      await session.release();
      throw error;
    }
  },
};

/** Models in ONNX that were trained elsewhere. */
export const onnxFormat: ModelFormat = {
  runtime: onnxRuntime,
  async ready() {
    await onnxModule();
  },
  take(file, { task, features }) {
    try {
      return { runtime: onnxRuntime.name, bytes: withNote(file, { task, features }) };
    } catch (cause) {
      throw corrupt("its bytes are no ONNX file", cause);
    }
  },
};

function read(bytes: Uint8Array): { readonly note: OnnxNote | null; readonly operators: ReadonlySet<string> } {
  try {
    return { note: noteOf(bytes), operators: operatorsOf(bytes) };
  } catch (cause) {
    throw corrupt("its bytes are no ONNX file", cause);
  }
}

function corrupt(why: string, cause?: unknown): AsofError {
  return new AsofError(
    "ASOF_CORRUPT",
    `this is no model that ONNX Runtime can run: ${why}`,
    { runtime: "onnx" },
    cause,
  );
}
