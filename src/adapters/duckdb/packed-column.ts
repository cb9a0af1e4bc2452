import { Buffer } from "node:buffer";
import { assert } from "../../core/assert.ts";
import type { Column } from "../../core/schema/column.ts";
import type { Kind } from "../../core/schema/data-type.ts";
import { packString } from "./packed-string.ts";

/**
 * A slice of a column in the memory layout of DuckDB's vectors, so that filling a vector is a copy of bytes. Plain
 * buffers: they can move to another thread.
 */
export interface PackedColumn {
  readonly kind: Kind;
  /** `width` bytes a row. A string of at most 12 bytes is whole in its slot; a longer one is `offset` into `heap`. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** A bit a row, 0 for null; null where no row is null. */
  readonly validity: Uint8Array<ArrayBuffer> | null;
  readonly heap: Uint8Array<ArrayBuffer> | null;
}

export const width = { string: 16, boolean: 1, int32: 4, int64: 8, float64: 8, timestamp: 8 } as const satisfies Record<
  Kind,
  number
>;

/** Packs rows [from, from + rows). Copies; the column is the caller's again. */
export function packColumn({ type, values, valid }: Column, from: number, rows: number): PackedColumn {
  const { kind } = type;
  const validity = valid === null ? null : packValidity(valid, from, rows);
  assert(validity === null || type.nullable, "a null in a column that is not nullable");
  if (kind === "string") return packStrings(values as string[], from, rows, valid, validity);
  const data = new Uint8Array(rows * width[kind]);
  const slice = (values as Float64Array | BigInt64Array).subarray(from, from + rows);
  if (kind === "int64") new BigInt64Array(data.buffer).set(slice as BigInt64Array);
  else if (kind === "float64") new Float64Array(data.buffer).set(slice as Float64Array);
  else if (kind === "timestamp") packTimes(slice as Float64Array, new Int32Array(data.buffer), validity);
  else packWhole(slice as Float64Array, kind === "int32" ? new Int32Array(data.buffer) : data, validity);
  return { kind, data, validity, heap: null };
}

const isNull = (validity: Uint8Array | null, row: number): boolean =>
  validity !== null && ((validity[row >> 3] >> (row & 7)) & 1) === 0;

function packValidity(valid: Uint8Array, from: number, rows: number): Uint8Array<ArrayBuffer> | null {
  let nulls = false;
  const bits = new Uint8Array(Math.ceil(rows / 64) * 8);
  for (let row = 0; row < rows; row++) {
    if (valid[from + row] === 0) nulls = true;
    else bits[row >> 3] |= 1 << (row & 7);
  }
  return nulls ? bits : null;
}

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
  validity: Uint8Array<ArrayBuffer> | null,
): PackedColumn {
  const data = Buffer.alloc(rows * width.string);
  const words = new Uint32Array(data.buffer, data.byteOffset, rows * 4);
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
  return { kind: "string", data, validity, heap: used === 0 ? null : heap.subarray(0, used) };
}
