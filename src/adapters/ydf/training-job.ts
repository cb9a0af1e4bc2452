import { assert } from "../../core/assert.ts";
import { AsofError, type ErrorDetails } from "../../core/errors.ts";
import type { Column } from "../../core/schema/column.ts";
import type { Task, TrainingTable } from "../../ports/trainer.ts";
import { categoryOf } from "./category.ts";
import type { Learner } from "./learner.ts";

/** What the worker is handed: a table in YDF's terms. Missing numbers are NaN. */
export interface TrainingJob {
  readonly learner: Learner;
  readonly task: Task;
  readonly labelName: string;
  readonly label: Float32Array;
  readonly columns: readonly TrainingColumn[];
}

export interface TrainingColumn {
  readonly name: string;
  readonly values: Float32Array | string[];
}

/**
 * Translates a table for YDF, with its columns by name, so that their order decides nothing. Numbers become float32,
 * booleans 0 and 1, strings categories. @throws AsofError ASOF_TRAINING
 */
export function trainingJob(learner: Learner, table: TrainingTable): TrainingJob {
  const { rows, task, features } = table;
  const names = Object.keys(features).toSorted();
  if (names.length === 0) throw refusal("there are no features to learn from", {});
  if (rows === 0) throw refusal("there are no rows to learn from", {});
  let labelName = "label";
  while (labelName in features) labelName = `_${labelName}`;
  return {
    learner,
    task,
    labelName,
    label: labels(table),
    columns: names.map((name) => ({ name, values: trainingValues(name, features[name], rows) })),
  };
}

function labels({ rows, task, label }: TrainingTable): Float32Array {
  assert(label.length >= rows, "there is a label for each row");
  const values = Float32Array.from(label.subarray(0, rows));
  let ones = 0;
  values.forEach((value, row) => {
    if (task === "classification" && value !== 0 && value !== 1)
      throw refusal(`row ${row} has the label ${label[row]}: classification learns from 0 and 1`, { row });
    if (!Number.isFinite(value)) throw refusal(`row ${row} has the label ${label[row]}: no float32 number`, { row });
    ones += value;
  });
  if (task === "classification" && (ones === 0 || ones === rows))
    throw refusal(`all ${rows} rows have the label ${values[0]}: there is nothing to tell apart`, { rows });
  return values;
}

function trainingValues(name: string, { type, values, valid }: Column, rows: number): Float32Array | string[] {
  assert(values.length >= rows, `feature ${name} has a value for each row`);
  const isNull = (row: number): boolean => valid !== null && valid[row] === 0;
  if (type.kind === "string")
    return Array.from({ length: rows }, (_, row) => categoryOf(isNull(row) ? null : (values[row] as string)));
  if (type.kind === "timestamp")
    throw refusal(`feature ${name} is a timestamp: use the time since or until it instead`, { column: name });
  const numbers = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    numbers[row] = isNull(row) ? Number.NaN : Number(values[row]);
    if (numbers[row] === Infinity || numbers[row] === -Infinity)
      throw refusal(`feature ${name} is ${values[row]} in row ${row}: beyond what a float32 number holds`, {
        column: name,
        row,
      });
  }
  return numbers;
}

function refusal(message: string, details: ErrorDetails): AsofError {
  return new AsofError("ASOF_TRAINING", message, details);
}
