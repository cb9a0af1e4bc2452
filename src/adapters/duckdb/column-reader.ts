import duckdb from "@duckdb/node-bindings";
import { AsofError } from "../../core/errors.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { DataType, Fields, Kind } from "../../core/schema/data-type.ts";
import { width } from "./packed-column.ts";
import { StringReader, type StringVector } from "./string-reader.ts";

/** Rows of a chunk at most. */
export const CHUNK_ROWS = 2048;
const BATCH_ROWS = 32 * CHUNK_ROWS;
const BATCH_BYTES = 16 * 2 ** 20;

/** How many rows of so many columns make a batch: large enough to amortise, small enough to keep memory flat. */
export function batchRows(columns: number): number {
  const rows = Math.floor(BATCH_BYTES / (8 * Math.max(columns, 1)) / CHUNK_ROWS) * CHUNK_ROWS;
  return Math.min(BATCH_ROWS, Math.max(CHUNK_ROWS, rows));
}

/** How many rows of so many columns may be taken ahead of their work: about as many as the engine buffers. */
export function rowsAhead(columns: number): number {
  const rows = Math.floor(BATCH_BYTES / (16 * Math.max(columns, 1)) / CHUNK_ROWS) * CHUNK_ROWS;
  return Math.max(batchRows(columns), rows);
}

/**
 * Copies chunks of a result made by `columnsSql` into a batch of fresh arrays. A chunk's memory is DuckDB's and lives
 * as long as the chunk is referenced; nothing of it is kept.
 */
export class ColumnReader {
  readonly #fields: Fields;
  readonly #strings = new Map<string, StringReader>();
  /** Arrays used for every batch, by column; null where each batch has its own. */
  readonly #lent: ReadonlyMap<string, Float64Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>> | null;
  #rowsBefore = 0;

  /** With `lent`, batches have at most so many rows and their arrays are those of the batch before. */
  constructor(fields: Fields, lent: number | null = null) {
    this.#fields = fields;
    this.#lent = lent === null ? null : new Map(Object.entries(fields).map(([name, type]) => [name, room(type, lent)]));
  }

  /** @throws AsofError ASOF_TYPE at a null where none may be, ASOF_OVERFLOW at a timestamp beyond ±2^53. */
  read(chunks: readonly duckdb.DataChunk[]): Batch {
    const sizes = chunks.map((chunk) => duckdb.data_chunk_get_size(chunk));
    const rows = sizes.reduce((sum, size) => sum + size, 0);
    const columns = Object.entries(this.#fields).map(([name, type], index): [string, Column] => {
      const lent = this.#lent?.get(name);
      const values = type.kind === "string" ? null : (lent?.subarray(0, rows) ?? room(type, rows));
      const strings: StringVector[] = [];
      const valid = new Validity(rows);
      let at = 0;
      chunks.forEach((chunk, i) => {
        const size = sizes[i];
        const vector = duckdb.data_chunk_get_vector(chunk, index);
        const bits = nullBits(vector, size);
        if (bits !== null) valid.set(bits, at, size);
        if (values === null) strings.push({ vector, rows: size, validity: bits });
        else copy(vector, type.kind, size, values, at);
        at += size;
      });
      if (valid.bytes !== null && !type.nullable) throw this.#null(name, valid.bytes);
      if (values === null) return [name, this.#reader(name).column(type, strings, rows, valid.bytes, lent)];
      if (type.kind === "float64") canonical(values as Float64Array);
      if (type.kind === "timestamp") this.#checkTimes(name, values as Float64Array, valid.bytes);
      return [name, { type, values, valid: valid.bytes }];
    });
    this.#rowsBefore += rows;
    return { rows, columns: Object.fromEntries(columns) };
  }

  #reader(name: string): StringReader {
    let reader = this.#strings.get(name);
    if (reader === undefined) this.#strings.set(name, (reader = new StringReader()));
    return reader;
  }

  #checkTimes(field: string, values: Float64Array, valid: Uint8Array | null): void {
    for (let i = 0; i < values.length; i++) {
      if (Math.abs(values[i]) <= Number.MAX_SAFE_INTEGER || valid?.[i] === 0) continue;
      const row = this.#rowsBefore + i;
      throw new AsofError("ASOF_OVERFLOW", `a timestamp in "${field}" lies beyond ±2^53 µs`, { field, row });
    }
  }

  #null(field: string, valid: Uint8Array): AsofError {
    const row = this.#rowsBefore + valid.indexOf(0);
    return new AsofError("ASOF_TYPE", `"${field}" is null in row ${row}, and may not be`, { field, row });
  }
}

const room = ({ kind }: DataType, rows: number): Float64Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> =>
  kind === "int64" ? new BigInt64Array(rows) : new Float64Array(kind === "string" ? (rows * width.string) / 8 : rows);

function copy(vector: duckdb.Vector, kind: Kind, rows: number, into: Float64Array | BigInt64Array, at: number): void {
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, rows * width[kind]);
  if (into instanceof BigInt64Array) into.set(new BigInt64Array(buffer, byteOffset, rows), at);
  else if (kind === "float64") into.set(new Float64Array(buffer, byteOffset, rows), at);
  else if (kind === "int32") into.set(new Int32Array(buffer, byteOffset, rows), at);
  else if (kind === "boolean") into.set(new Uint8Array(buffer, byteOffset, rows), at);
  else copyTimes(new Int32Array(buffer, byteOffset, rows * 2), into, at);
}

/** 64-bit integers as doubles, without a bigint each. Beyond ±2^53 they round, and stay beyond. */
function copyTimes(words: Int32Array, into: Float64Array, at: number): void {
  const rows = words.length / 2;
  for (let row = 0; row < rows; row++) into[at + row] = words[row * 2 + 1] * 2 ** 32 + (words[row * 2] >>> 0);
}

/** A bit a row, or null where no row is null. */
function nullBits(vector: duckdb.Vector, rows: number): Uint8Array | null {
  const bits = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null;
  if (bits === null || bits.length === 0) return null;
  const whole = rows >> 3;
  for (let i = 0; i < whole; i++) if (bits[i] !== 0xff) return bits;
  const rest = (1 << (rows & 7)) - 1;
  return (bits[whole] & rest) === rest ? null : bits;
}

/** A byte a row, made when the first null is met. */
class Validity {
  bytes: Uint8Array | null = null;
  readonly #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  set(bits: Uint8Array, at: number, rows: number): void {
    const bytes = (this.bytes ??= new Uint8Array(this.#rows).fill(1));
    for (let i = 0; i < rows; i++) bytes[at + i] = (bits[i >> 3] >> (i & 7)) & 1;
  }
}

/** One NaN and no −0. */
function canonical(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    values[i] = Number.isNaN(value) ? Number.NaN : value + 0;
  }
}
