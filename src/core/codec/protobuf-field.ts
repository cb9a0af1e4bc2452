import { AsofError } from "../errors.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** One field of a message in the wire format of Protocol Buffers. */
export interface ProtobufField {
  readonly number: number;
  /** The field as it stands in the message: tag, length if any, value. */
  readonly bytes: Uint8Array;
  /** What a string, a message or bytes contain; null for numbers. */
  readonly content: Uint8Array | null;
}

/** Splits a message into its fields, in their order. @throws AsofError ASOF_CORRUPT */
export function fieldsOf(message: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= message.length) throw corrupt("it is cut short");
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const wire = tag % 8;
    let content: Uint8Array | null = null;
    if (wire === VARINT) varint();
    else if (wire === FIXED64) at += 8;
    else if (wire === FIXED32) at += 4;
    else {
      if (wire !== LENGTH) throw corrupt("it has a group, or an unknown wire type");
      const length = varint();
      content = message.subarray(at, at + length);
      at += length;
    }
    if (at > message.length) throw corrupt("it is cut short");
    fields.push({ number: Math.floor(tag / 8), bytes: message.subarray(start, at), content });
  }
  return fields;
}

function corrupt(why: string): AsofError {
  return new AsofError("ASOF_CORRUPT", `bytes are no message of Protocol Buffers: ${why}`, {});
}

/** A field that holds a string, a message or bytes. */
export function lengthDelimited(number: number, content: Uint8Array): ProtobufField {
  const bytes = concat([encodeVarint(number * 8 + LENGTH), encodeVarint(content.length), content]);
  return { number, bytes, content };
}

export function messageOf(fields: readonly ProtobufField[]): Uint8Array {
  return concat(fields.map(({ bytes }) => bytes));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  bytes.push(value);
  return Uint8Array.from(bytes);
}
