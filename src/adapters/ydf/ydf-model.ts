import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import type { Column } from "../../core/schema/column.ts";
import type { Kind } from "../../core/schema/data-type.ts";
import type { LoadedModel } from "../../ports/trainer.ts";
import { categoryOf } from "./category.ts";

/** The part of ydf-inference's model in use. It has no types of its own. */
export interface YdfModel {
  readonly internalModel: YdfEngine;
  getInputFeatures(): readonly { readonly name: string; readonly type: string; readonly internalIdx: number }[];
  getLabelClasses(): readonly string[];
  unload(): void;
}

/**
 * What lies beneath YDF's own `predict`, which takes arrays made for it alone: for a single row, filling those costs
 * as much as the prediction. Setting nothing means that a value is missing.
 */
interface YdfEngine {
  newBatchOfExamples(rows: number): void;
  setNumerical(row: number, input: number, value: number): void;
  setCategoricalString(row: number, input: number, value: string): void;
  predict(): { get(row: number): number; delete(): void };
}

type Input = { readonly name: string; readonly index: number; readonly categorical: boolean };

/** Rows handed to YDF at once: bounds the memory that a large batch takes there, for good. */
const BATCH = 1024;

const NUMERIC: readonly Kind[] = ["int32", "int64", "float64", "boolean"];

/** A model of ours for one of YDF's, of features that are numbers or categories, and of a number or of labels 0 and 1. */
export function createYdfModel(model: YdfModel, refusal: (why: string) => AsofError): LoadedModel {
  const inputs = model.getInputFeatures().map(({ name, type, internalIdx }): Input => {
    if (type !== "NUMERICAL" && type !== "CATEGORICAL") throw refusal(`its input ${name} is ${type}`);
    return { name, index: internalIdx, categorical: type === "CATEGORICAL" };
  });
  const finish = finisher(model.getLabelClasses(), refusal);
  let open = true;

  return {
    inputs: inputs.map(({ name }) => name),
    predict(features, rows) {
      assert(open, "a closed model predicts nothing");
      const columns = inputs.map((input) => columnFor(input, features, rows));
      const predictions = new Float64Array(rows);
      for (let from = 0; from < rows; from += BATCH) {
        const until = Math.min(from + BATCH, rows);
        try {
          predictBatch(model.internalModel, inputs, columns, from, until, predictions);
        } catch (cause) {
          const why = cause instanceof Error ? cause.message : String(cause);
          throw new AsofError("ASOF_PREDICT", `YDF could not predict: ${why}`, { runtime: "ydf" }, cause);
        }
      }
      for (let row = 0; row < rows; row++) predictions[row] = finish(predictions[row]);
      return predictions;
    },
    close() {
      if (open) model.unload();
      open = false;
    },
  };
}

/**
 * From what YDF predicts to what is asked of it. Of two classes it gives the probability of the second; they are in the
 * order of their frequency, so that is class 0 where class 1 is in the majority.
 */
function finisher(classes: readonly string[], refusal: (why: string) => AsofError): (value: number) => number {
  if (classes.length === 0) return (value) => value;
  if (classes.toSorted().join() !== "0,1") throw refusal(`its classes are ${classes.join(", ")}: they must be 0 and 1`);
  const probability = (p: number): number => Math.min(Math.max(p, 0), 1);
  return classes[1] === "1" ? probability : (value) => probability(1 - value);
}

function columnFor({ name, categorical }: Input, features: Readonly<Record<string, Column>>, rows: number): Column {
  const column = features[name];
  if (column === undefined)
    throw new AsofError("ASOF_PREDICT", `the model's input ${name} is missing`, { column: name });
  const { kind } = column.type;
  if (categorical ? kind !== "string" : !NUMERIC.includes(kind))
    throw new AsofError(
      "ASOF_PREDICT",
      `the model's input ${name} is ${kind}: it learnt from ${categorical ? "strings" : "numbers"}`,
      {
        column: name,
        kind,
      },
    );
  assert(column.values.length >= rows, `input ${name} has a value for each row`);
  return column;
}

function predictBatch(
  engine: YdfEngine,
  inputs: readonly Input[],
  columns: readonly Column[],
  from: number,
  until: number,
  predictions: Float64Array,
): void {
  engine.newBatchOfExamples(until - from);
  for (let i = 0; i < inputs.length; i++) {
    const { index, categorical } = inputs[i];
    const { values, valid } = columns[i];
    for (let row = from; row < until; row++) {
      const isNull = valid !== null && valid[row] === 0;
      if (categorical) {
        engine.setCategoricalString(row - from, index, categoryOf(isNull ? null : (values[row] as string)));
        continue;
      }
      const value = isNull ? Number.NaN : Math.fround(Number(values[row]));
      // YDF knows a missing number by its absence: given NaN it compares with it.
      if (value === value) engine.setNumerical(row - from, index, value);
    }
  }
  const results = engine.predict();
  for (let row = from; row < until; row++) predictions[row] = results.get(row - from);
  results.delete();
}
