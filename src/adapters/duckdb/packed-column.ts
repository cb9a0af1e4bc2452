import { Buffer } from "node:buffer";
import { assert } from "../../core/assert.ts";
import type { Column } from "../../core/schema/column.ts";
import type { Kind } from "../../core/schema/data-type.ts";
import { packString } from "./packed-string.ts";
import { StringColumn } from "./string-column.ts";

/**
 * A slice of a column in the memory layout of DuckDB's vectors, so that filling a vector is a copy of bytes.
 */
export interface PackedColumn {
  readonly kind: Kind;
  /** `width` bytes a row. A string of at most 12 bytes is whole in its slot; a longer one is `offset` into `heap`. */
  readonly data: Uint8Array;
  /** A bit a row, 0 for null; null where no row is null. */
  readonly validity: Uint8Array | null;
  readonly heap: Uint8Array<ArrayBuffer> | null;
}

export const width = { string: 16, boolean: 1, int32: 4, int64: 8, float64: 8, timestamp: 8 } as const satisfies Record<
  Kind,
  number
>;

/** Where a column is packed: `width` bytes a row, and a bit a row in whole 64-bit words. */
export interface PackTarget {
  readonly data: Uint8Array;
  readonly validity: Uint8Array;
}

/** Bytes that the validity of so many rows takes. */
export const validityBytes = (rows: number): number => Math.ceil(rows / 64) * 8;

/** Packs rows [from, from + rows). Copies; the column is the caller's again. */
export function packColumn(column: Column, from: number, rows: number): PackedColumn {
  const data = new Uint8Array(rows * width[column.type.kind]);
  return packInto({ data, validity: new Uint8Array(validityBytes(rows)) }, column, from, rows);
}

/** The same into memory that is there. What it holds of an earlier column is overwritten. */
export function packInto(target: PackTarget, column: Column, from: number, rows: number): PackedColumn {
  const { type, valid } = column;
  const { kind } = type;
  const data = target.data.subarray(0, rows * width[kind]);
  const validity = valid === null ? null : packValidity(valid, from, rows, target.validity);
  assert(validity === null || type.nullable, "a null in a column that is not nullable");
  if (column instanceof StringColumn) return { kind, data, validity, heap: column.copy(from, rows, data) };
  const { values } = column;
  if (kind === "string") return packStrings(values as string[], from, rows, valid, data, validity);
  const slice = (values as Float64Array | BigInt64Array).subarray(from, from + rows);
  const { buffer, byteOffset } = data;
  if (kind === "int64") new BigInt64Array(buffer, byteOffset, rows).set(slice as BigInt64Array);
  else if (kind === "float64") new Float64Array(buffer, byteOffset, rows).set(slice as Float64Array);
  else if (kind === "timestamp")
    packTimes(slice as Float64Array, new Int32Array(buffer, byteOffset, rows * 2), validity);
  else packWhole(slice as Float64Array, kind === "int32" ? new Int32Array(buffer, byteOffset, rows) : data, validity);
  return { kind, data, validity, heap: null };
}

const isNull = (validity: Uint8Array | null, row: number): boolean =>
  validity !== null && ((validity[row >> 3] >> (row & 7)) & 1) === 0;

/** Eight rows at a time: what is asked for begins at a whole block of rows, or its bytes are looked at one by one. */
function packValidity(valid: Uint8Array, from: number, rows: number, into: Uint8Array): Uint8Array | null {
  const bits = into.subarray(0, validityBytes(rows));
  const whole = (valid.byteOffset + from) % 4 === 0 ? rows >> 3 : 0;
  const words = new Uint32Array(valid.buffer, valid.byteOffset + from - ((valid.byteOffset + from) % 4), whole * 2);
  let all = 0xff;
  // The lowest bits of four bytes, side by side.
  for (let i = 0; i < whole; i++)
    all &= bits[i] = (Math.imul(words[2 * i], NIBBLE) >>> 28) | ((Math.imul(words[2 * i + 1], NIBBLE) >>> 24) & 0xf0);
  bits.fill(0, whole);
  let rest = 1;
  for (let row = whole << 3; row < rows; row++) {
    rest &= valid[from + row];
    bits[row >> 3] |= valid[from + row] << (row & 7);
  }
  return all === 0xff && rest === 1 ? null : bits;
}

/** Of four bytes that are 0 or 1 each, a product with this has the first in bit 28 and the last in bit 31. */
const NIBBLE = 0x10_20_40_80;

/** Integers and booleans: what would wrap is our own fault. */
function packWhole(values: Float64Array, out: Int32Array | Uint8Array, validity: Uint8Array | null): void {
  out.set(values);
  const [low, high] = out instanceof Int32Array ? [-(2 ** 31), 2 ** 31 - 1] : [0, 1];
  for (let row = 0; row < out.length; row++) {
    const fits = out[row] === values[row] && out[row] >= low && out[row] <= high;
    if (fits) continue;
    assert(isNull(validity, row), `${values[row]} in a column of whole numbers from ${low} to ${high}`);
    out[row] = 0;
  }
}

/** Doubles as 64-bit integers, low word first, without a bigint each. */
function packTimes(values: Float64Array, out: Int32Array, validity: Uint8Array | null): void {
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (!Number.isSafeInteger(value)) {
      assert(isNull(validity, row), `${value} in a column of timestamps`);
      continue;
    }
    // Storing into an Int32Array keeps the lowest 32 bits.
    out[row * 2] = value;
    out[row * 2 + 1] = Math.floor(value / 2 ** 32);
  }
}

function packStrings(
  values: readonly string[],
  from: number,
  rows: number,
  valid: Uint8Array | null,
  target: Uint8Array,
  validity: Uint8Array | null,
): PackedColumn {
  const data = Buffer.from(target.buffer, target.byteOffset, target.length);
  data.fill(0);
  const words = new Uint32Array(target.buffer, target.byteOffset, rows * 4);
  let heap = Buffer.alloc(0);
  let used = 0;
  for (let row = 0; row < rows; row++) {
    if (valid?.[from + row] === 0) continue;
    const text = values[from + row];
    const length = packString(text, data, row * width.string);
    if (length <= 12) continue;
    if (used + length > heap.length) {
      const grown = Buffer.alloc(Math.max(heap.length * 2, used + length, 4096));
      heap.copy(grown);
      heap = grown;
    }
    heap.write(text, used, "utf8");
    words[row * 4] = length;
    words[row * 4 + 2] = used;
    used += length;
  }
  return { kind: "string", data: target, validity, heap: used === 0 ? null : heap.subarray(0, used) };
}
