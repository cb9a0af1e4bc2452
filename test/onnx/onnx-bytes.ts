// Writes small models in ONNX, as far as tests need them: by the numbers of onnx.proto.
import { lengthDelimited, messageOf, type ProtobufField } from "../../src/core/codec/protobuf-field.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (number: number, value: string): ProtobufField => lengthDelimited(number, utf8(value));
const message = (number: number, ...fields: ProtobufField[]): ProtobufField =>
  lengthDelimited(number, messageOf(fields));

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

function integer(number: number, value: number): ProtobufField {
  return { number, bytes: Uint8Array.from([...varint(number * 8), ...varint(value)]), content: null };
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const floats = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** An attribute of a node: whole numbers as integers where the name says so, other numbers as floats. */
function attribute(name: string, value: string | number | readonly string[] | readonly number[], isWhole: boolean) {
  if (typeof value === "string") return message(5, text(1, name), text(4, value), integer(20, 3));
  if (typeof value === "number") return message(5, text(1, name), integer(3, value), integer(20, 2));
  const [first] = value;
  if (typeof first === "string")
    return message(5, text(1, name), ...(value as readonly string[]).map((one) => text(9, one)), integer(20, 8));
  const numbers = value as readonly number[];
  return isWhole
    ? message(5, text(1, name), lengthDelimited(8, joined(numbers.map(varint))), integer(20, 7))
    : message(5, text(1, name), lengthDelimited(7, floats(numbers)), integer(20, 6));
}

export interface Node {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly whole?: Readonly<Record<string, number | readonly number[]>>;
  readonly other?: Readonly<Record<string, string | readonly string[] | readonly number[]>>;
}

/** Element types of tensors. */
export const ELEMENT = { float32: 1, int64: 7, string: 8, float64: 11 } as const;

export interface Value {
  readonly name: string;
  readonly type: keyof typeof ELEMENT;
  /** null for any size. */
  readonly shape: readonly (number | null)[];
}

function valueInfo(number: number, { name, type, shape }: Value): ProtobufField {
  const dims = shape.map((size) => message(1, ...(size === null ? [text(2, "N")] : [integer(1, size)])));
  return message(number, text(1, name), message(2, message(1, integer(1, ELEMENT[type]), message(2, ...dims))));
}

export function onnxModel(nodes: readonly Node[], inputs: readonly Value[], outputs: readonly Value[]): Uint8Array {
  const graph = messageOf([
    ...nodes.map(({ op, domain = "", inputs: from, outputs: to, whole = {}, other = {} }) =>
      message(
        1,
        ...from.map((name) => text(1, name)),
        ...to.map((name) => text(2, name)),
        text(4, op),
        ...Object.entries(whole).map(([name, value]) => attribute(name, value, true)),
        ...Object.entries(other).map(([name, value]) => attribute(name, value, false)),
        text(7, domain),
      ),
    ),
    text(2, "g"),
    ...inputs.map((value) => valueInfo(11, value)),
    ...outputs.map((value) => valueInfo(12, value)),
  ]);
  return messageOf([
    integer(1, 8),
    lengthDelimited(7, graph),
    message(8, text(1, ""), integer(2, 17)),
    message(8, text(1, "ai.onnx.ml"), integer(2, 3)),
  ]);
}

const ML = "ai.onnx.ml";

/** `below` where the first feature is at most 0.5 or missing, otherwise `above`. */
export function treeNode(below: number, above: number, input = "X"): Node {
  return {
    op: "TreeEnsembleRegressor",
    domain: ML,
    inputs: [input],
    outputs: ["Y"],
    whole: {
      n_targets: 1,
      nodes_falsenodeids: [2, 0, 0],
      nodes_featureids: [0, 0, 0],
      nodes_missing_value_tracks_true: [1, 0, 0],
      nodes_nodeids: [0, 1, 2],
      nodes_treeids: [0, 0, 0],
      nodes_truenodeids: [1, 0, 0],
      target_ids: [0, 0],
      target_nodeids: [1, 2],
      target_treeids: [0, 0],
    },
    other: {
      nodes_modes: ["BRANCH_LEQ", "LEAF", "LEAF"],
      nodes_values: [0.5, 0, 0],
      target_weights: [below, above],
    },
  };
}

const Y: Value = { name: "Y", type: "float32", shape: [null, 1] };

export function treeModel(features: number, below: number, above: number): Uint8Array {
  return onnxModel([treeNode(below, above)], [{ name: "X", type: "float32", shape: [null, features] }], [Y]);
}

export function linearModel(coefficients: readonly number[]): Uint8Array {
  const node: Node = {
    op: "LinearRegressor",
    domain: ML,
    inputs: ["X"],
    outputs: ["Y"],
    whole: { targets: 1 },
    other: { coefficients, intercepts: [0.25] },
  };
  return onnxModel([node], [{ name: "X", type: "float32", shape: [null, coefficients.length] }], [Y]);
}

/** Inputs by name: a text, which is "red" or something else, and a number that decides nothing. */
export function namedModel(): Uint8Array {
  const encode: Node = {
    op: "LabelEncoder",
    domain: ML,
    inputs: ["colour"],
    outputs: ["code"],
    other: { keys_strings: ["red"], values_floats: [1] },
  };
  const concat: Node = { op: "Concat", inputs: ["code", "x"], outputs: ["all"], whole: { axis: 1 } };
  return onnxModel(
    [encode, concat, treeNode(0.25, 0.75, "all")],
    [
      { name: "colour", type: "string", shape: [null, 1] },
      { name: "x", type: "float32", shape: [null, 1] },
    ],
    [Y],
  );
}
