import { type ProtobufField, fieldsOf, lengthDelimited, messageOf } from "../../core/codec/protobuf-field.ts";
import type { Task } from "../../ports/trainer.ts";

/** What a model keeps of its making, among the properties that its file has room for. */
export interface OnnxNote {
  readonly task: Task;
  /** The features by name, in the order in which a single input takes them. */
  readonly features: readonly string[];
}

/** Numbers of fields in the messages of onnx.proto. */
const MODEL = { graph: 7, properties: 14 } as const;
const GRAPH_NODE = 1;
const NODE_OP_TYPE = 4;
const PROPERTY = { key: 1, value: 2 } as const;
const NOTE = "asof";

const text = new TextDecoder("utf-8", { fatal: true });
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The file of a model with a note, in place of one that it has. Whatever reads ONNX reads it as before. */
export function withNote(file: Uint8Array, note: OnnxNote): Uint8Array {
  const property = messageOf([
    lengthDelimited(PROPERTY.key, bytesOf(NOTE)),
    lengthDelimited(PROPERTY.value, bytesOf(JSON.stringify(note))),
  ]);
  return messageOf([...fieldsOf(file).filter((field) => !isNote(field)), lengthDelimited(MODEL.properties, property)]);
}

/** The note that a file has; null without one. Throws where the bytes are no message. */
export function noteOf(file: Uint8Array): OnnxNote | null {
  const found = fieldsOf(file).find(isNote);
  if (found === undefined) return null;
  return JSON.parse(text.decode(contentOf(fieldsOf(found.content!), PROPERTY.value) ?? new Uint8Array())) as OnnxNote;
}

/** The names of the operators that a model is made of. Throws where the bytes are no message. */
export function operatorsOf(file: Uint8Array): Set<string> {
  const operators = new Set<string>();
  for (const graph of fieldsOf(file).filter(({ number }) => number === MODEL.graph))
    for (const node of fieldsOf(graph.content!).filter(({ number }) => number === GRAPH_NODE))
      operators.add(text.decode(contentOf(fieldsOf(node.content!), NODE_OP_TYPE) ?? new Uint8Array()));
  return operators;
}

function isNote({ number, content }: ProtobufField): boolean {
  if (number !== MODEL.properties || content === null) return false;
  const key = contentOf(fieldsOf(content), PROPERTY.key);
  return key !== null && text.decode(key) === NOTE;
}

function contentOf(fields: readonly ProtobufField[], wanted: number): Uint8Array | null {
  return fields.find(({ number }) => number === wanted)?.content ?? null;
}
