import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** What a field of a message holds. Of maps only those of text to text are read, as pairs. */
export type FieldKind = "text" | "number" | "flag" | MessageShape;

/** The fields of a message that are read, by number. Those that are not named are passed over. */
export interface MessageShape {
  readonly [number: number]: { readonly name: string; readonly kind: FieldKind; readonly repeated?: true };
}

/** A message as it was read: what is absent is not there. */
export type Message = { readonly [field: string]: unknown };

/** Reads a protobuf message by its shape. @throws Error where the bytes are no such message */
export function readMessage(bytes: Uint8Array, shape: MessageShape): Message {
  const reader = new BinaryReader(bytes);
  const message: Record<string, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = Object.hasOwn(shape, number) ? shape[number] : undefined;
    if (field === undefined) {
      reader.skip(wire, number);
      continue;
    }
    const value = readValue(reader, wire, field.kind, field.name);
    if (field.repeated === true) ((message[field.name] ??= []) as unknown[]).push(value);
    else message[field.name] = value;
  }
  return message;
}

function readValue(reader: BinaryReader, wire: WireType, kind: FieldKind, name: string): unknown {
  const expected = kind === "number" || kind === "flag" ? WireType.Varint : WireType.LengthDelimited;
  if (wire !== expected) throw new Error(`the field ${name} is of wire type ${wire}, not ${expected}`);
  if (kind === "text") return reader.string();
  if (kind === "flag") return reader.bool();
  if (kind === "number") return Number(reader.int64());
  return readMessage(reader.bytes(), kind);
}
