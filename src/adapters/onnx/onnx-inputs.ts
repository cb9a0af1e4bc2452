import type { InferenceSession, Tensor } from "onnxruntime-node";
import { AsofError } from "../../core/errors.ts";
import type { Column } from "../../core/schema/column.ts";
import type { Kind } from "../../core/schema/data-type.ts";
import type { Onnx } from "./onnx-module.ts";

/** An input of a model, and the features that it takes, in its order. */
export interface OnnxInput {
  readonly name: string;
  readonly features: readonly string[];
  readonly type: "float32" | "string";
  /** Whether it takes [rows, features]; otherwise [rows]. */
  readonly isMatrix: boolean;
}

const NUMERIC: readonly Kind[] = ["int32", "int64", "float64", "boolean"];

/**
 * Which features a model's inputs take: a single float32 input takes all of them, in the order given; of several, each
 * takes the feature of its name. `features` is null where nothing tells of them but the inputs' names.
 */
export function bindInputs(
  metadata: readonly InferenceSession.ValueMetadata[],
  features: readonly string[] | null,
  refusal: (why: string) => AsofError,
): OnnxInput[] {
  const [first] = metadata;
  if (first === undefined) throw refusal("it has no inputs");
  const isWhole = metadata.length === 1 && features !== null && !(features.length === 1 && features[0] === first.name);
  if (isWhole) return [bound(first, features, refusal)];
  if (features !== null) {
    const names = metadata.map(({ name }) => name);
    const lacking = features.filter((name) => !names.includes(name));
    if (lacking.length > 0)
      throw refusal(`it has no input for ${lacking.join(", ")}; it has ${names.join(", ")}, and they go by name`);
  }
  return metadata.map((one) => {
    if (features !== null && !features.includes(one.name))
      throw refusal(`its input ${one.name} is no feature: there is ${features.join(", ")}`);
    return bound(one, [one.name], refusal);
  });
}

function bound(
  metadata: InferenceSession.ValueMetadata,
  features: readonly string[],
  refusal: (why: string) => AsofError,
): OnnxInput {
  const { name } = metadata;
  if (!metadata.isTensor) throw refusal(`its input ${name} is no tensor`);
  const { type, shape } = metadata;
  if (type !== "float32" && type !== "string")
    throw refusal(`its input ${name} is ${type}: an input is float32, or string for a text`);
  const wanted = `[rows, ${features.length}]`;
  const told = `[${shape.map((size) => (typeof size === "number" ? size : size === "" ? "any" : size)).join(", ")}]`;
  const fits =
    (shape.length === 2 && (typeof shape[1] === "string" || shape[1] === features.length)) ||
    (shape.length === 1 && features.length === 1);
  if (!fits)
    throw refusal(`its input ${name} has the shape ${told}: for ${features.length} features it must be ${wanted}`);
  if (typeof shape[0] === "number" && shape[0] !== 1)
    throw refusal(`its input ${name} has the shape ${told}: it must take any number of rows`);
  return { name, features, type, isMatrix: shape.length === 2 };
}

/** The columns of the features of an input, checked. @throws ASOF_PREDICT */
export function columnsFor({ features, type }: OnnxInput, given: Readonly<Record<string, Column>>): readonly Column[] {
  return features.map((name) => {
    const column = given[name];
    if (column === undefined)
      throw new AsofError("ASOF_PREDICT", `the model's input ${name} is missing`, { column: name });
    const { kind } = column.type;
    if (type === "string" ? kind !== "string" : !NUMERIC.includes(kind))
      throw new AsofError(
        "ASOF_PREDICT",
        `the model's input ${name} is ${kind}: it learnt from ${type === "string" ? "strings" : "numbers"}`,
        { column: name, kind },
      );
    return column;
  });
}

/** The tensor of an input for rows [from, until): numbers as float32, null as NaN, or as an empty text. */
export function tensorFor(
  onnx: Onnx,
  { type, isMatrix }: OnnxInput,
  columns: readonly Column[],
  from: number,
  until: number,
): Tensor {
  const rows = until - from;
  const width = columns.length;
  const dims = isMatrix ? [rows, width] : [rows];
  if (type === "string") {
    const texts: string[] = [];
    for (let row = from; row < until; row++)
      for (const { values, valid } of columns)
        texts.push(valid !== null && valid[row] === 0 ? "" : (values[row] as string));
    return new onnx.Tensor("string", texts, dims);
  }
  const numbers = new Float32Array(rows * width);
  for (const [i, { values, valid }] of columns.entries())
    for (let row = from, at = i; row < until; row++, at += width)
      numbers[at] = valid !== null && valid[row] === 0 ? Number.NaN : Number(values[row]);
  return new onnx.Tensor("float32", numbers, dims);
}
