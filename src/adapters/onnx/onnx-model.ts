import type { InferenceSession } from "onnxruntime-node";
import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import type { LoadedModel, Task } from "../../ports/trainer.ts";
import { bindInputs, columnsFor, tensorFor } from "./onnx-inputs.ts";
import type { Onnx } from "./onnx-module.ts";

/** Rows handed over at once: bounds the memory that a large batch takes. */
const BATCH = 4096;

/** What is known of a model beside what its session tells. */
export interface OnnxFacts {
  readonly features: readonly string[] | null;
  /** Null where it is not known. */
  readonly task: Task | null;
  /** Whether each row's prediction is known not to depend, to the last bit, on how many are asked for at once. */
  readonly isRowwise: boolean;
}

/** A model of ours for a session. */
export function createOnnxModel(
  onnx: Onnx,
  session: InferenceSession,
  { features, task, isRowwise }: OnnxFacts,
  refusal: (why: string) => AsofError,
): LoadedModel {
  const inputs = bindInputs(session.inputMetadata, features, refusal);
  const output = outputOf(session.outputMetadata, refusal);
  const batch = isRowwise ? BATCH : 1;
  let running = 0;
  let open = true;
  const release = (): void => {
    if (!open && running === 0) void session.release();
  };

  return {
    inputs: inputs.flatMap((input) => input.features),
    async predict(given, rows) {
      assert(open, "a closed model predicts nothing");
      const columns = inputs.map((input) => columnsFor(input, given));
      const predictions = new Float64Array(rows);
      running++;
      try {
        for (let from = 0; from < rows; from += batch) {
          const until = Math.min(from + batch, rows);
          const feeds = Object.fromEntries(
            inputs.map((input, i) => [input.name, tensorFor(onnx, input, columns[i], from, until)]),
          );
          const { data } = (await run(session, feeds, output.name))[output.name];
          if (data.length !== (until - from) * output.width)
            throw new AsofError("ASOF_PREDICT", `the model gave ${data.length} values for ${until - from} rows`, {
              runtime: "onnx",
            });
          for (let row = from, at = output.width - 1; row < until; row++, at += output.width)
            predictions[row] = checked(Number(data[at]), row, task);
        }
      } finally {
        running--;
        release();
      }
      return predictions;
    },
    close() {
      if (!open) return;
      open = false;
      // What is under way ends with the model that it began with.
      release();
    },
  };
}

async function run(
  session: InferenceSession,
  feeds: InferenceSession.FeedsType,
  output: string,
): Promise<InferenceSession.ReturnType> {
  try {
    return await session.run(feeds, [output]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AsofError("ASOF_PREDICT", `ONNX Runtime could not predict: ${why}`, { runtime: "onnx" }, cause);
  }
}

/** The output that predicts: the first of floating point. One value a row is it; of two, of classes 0 and 1, the second. */
function outputOf(
  metadata: readonly InferenceSession.ValueMetadata[],
  refusal: (why: string) => AsofError,
): { readonly name: string; readonly width: number } {
  for (const one of metadata) {
    if (!one.isTensor || (one.type !== "float32" && one.type !== "float64")) continue;
    const { name, shape } = one;
    const width = shape.length === 1 ? 1 : shape.length === 2 ? shape[1] : Number.NaN;
    if (width === 1 || width === 2) return { name, width };
    throw refusal(
      `its output ${name} has the shape [${shape.join(", ")}]: it must be [rows], [rows, 1], or [rows, 2] for two classes`,
    );
  }
  throw refusal(
    "it has no output of floating point numbers: one that gives probabilities as a map must be converted without it (skl2onnx: options={'zipmap': False})",
  );
}

function checked(value: number, row: number, task: Task | null): number {
  if (Number.isFinite(value) && (task !== "classification" || (value >= 0 && value <= 1))) return value;
  const why = Number.isNaN(value)
    ? "a null is NaN to it: it must know missing values, or replace them"
    : "a probability lies between 0 and 1";
  throw new AsofError("ASOF_PREDICT", `the model predicted ${value} for row ${row}: ${why}`, { runtime: "onnx", row });
}
