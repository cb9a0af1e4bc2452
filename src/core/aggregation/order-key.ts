import { decodeTagged, encodeTagged } from "../codec/tagged-value.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { OrderKey } from "./algebra.ts";

/** A value and where its record stands: what the ordered aggregations keep. */
export interface Ordered {
  readonly value: Value;
  readonly key: OrderKey;
}

/**
 * The order of records: event, available, the source's `order` column, the bytes of the row. Records equal in all of
 * that have equal values; should a caller's bytes leave a column out, the values themselves keep the order total.
 */
export function compareOrdered(a: Ordered, b: Ordered): number {
  return (
    a.key.event - b.key.event ||
    a.key.available - b.key.available ||
    compareValues(a.key.order, b.key.order) ||
    compareBytes(a.key.bytes, b.key.bytes) ||
    compareValues(a.value, b.value)
  );
}

export function encodeOrdered(out: ByteWriter, type: DataType, { value, key }: Ordered): void {
  out.zigzag(key.event);
  out.zigzag(key.available);
  encodeTagged(out, key.order);
  out.bytes(key.bytes);
  encodePresent(out, type, value);
}

/** @throws AsofError ASOF_CORRUPT */
export function decodeOrdered(input: ByteReader, type: DataType): Ordered {
  const event = input.zigzag();
  const available = input.zigzag();
  const order = decodeTagged(input);
  const bytes = input.bytes();
  return { value: decodePresent(input, type), key: { event, available, order, bytes } };
}

/** Bytes as unsigned numbers, the first difference deciding; a prefix comes first. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
