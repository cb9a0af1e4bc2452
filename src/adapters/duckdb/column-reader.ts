import duckdb from "@duckdb/node-bindings";
import { AsofError } from "../../core/errors.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { DataType, Fields, Kind } from "../../core/schema/data-type.ts";
import { width } from "./packed-column.ts";
import { StringReader } from "./string-reader.ts";

/** Rows of a chunk at most. */
export const CHUNK_ROWS = 2048;
const BATCH_ROWS = 32 * CHUNK_ROWS;
const BATCH_BYTES = 16 * 2 ** 20;

/** How many rows of so many columns make a batch: large enough to amortise, small enough to keep memory flat. */
export function batchRows(columns: number): number {
  const rows = Math.floor(BATCH_BYTES / (8 * Math.max(columns, 1)) / CHUNK_ROWS) * CHUNK_ROWS;
  return Math.min(BATCH_ROWS, Math.max(CHUNK_ROWS, rows));
}

/**
 * Copies chunks of a result made by `columnsSql` into batches of arrays. A chunk's memory is DuckDB's and lives as long as the
 * chunk is referenced; nothing of it is kept.
 */
export class ColumnReader {
  readonly #limit: number;
  readonly #columns: readonly ReadColumn[];
  #rows = 0;
  #rowsBefore = 0;

  /** Batches have at most so many rows, a multiple of `CHUNK_ROWS`. Where they are `lent`, their arrays are those of the batch before. */
  constructor(fields: Fields, limit: number, lent: boolean) {
    this.#limit = limit;
    this.#columns = Object.entries(fields).map(([name, type]): ReadColumn => ({
      name,
      type,
      strings: type.kind === "string" ? new StringReader() : null,
      lent: lent ? room(type, limit) : null,
      values: NOTHING,
      valid: null,
    }));
  }

  /** How many rows have been added since the last batch was taken. */
  get rows(): number {
    return this.#rows;
  }

  /** Whether no other chunk has room in the batch. */
  get isFull(): boolean {
    return this.#rows + CHUNK_ROWS > this.#limit;
  }

  /**
   * Copies a chunk behind the rows that are there.
   * @throws AsofError ASOF_TYPE at a null where none may be, ASOF_OVERFLOW at a timestamp beyond ±2^53.
   */
  add(chunk: duckdb.DataChunk): void {
    const rows = duckdb.data_chunk_get_size(chunk);
    const at = this.#rows;
    for (let index = 0; index < this.#columns.length; index++) {
      const column = this.#columns[index];
      const vector = duckdb.data_chunk_get_vector(chunk, index);
      const nulls = nullBits(vector, rows);
      this.#reserve(column, rows);
      if (nulls !== null) this.#addNulls(column, nulls, rows);
      if (column.strings !== null) column.strings.add({ vector, rows, validity: nulls }, column.values, at);
      else {
        copy(vector, column.type.kind, rows, column.values, at);
        if (column.type.kind === "float64") canonical(column.values as Float64Array, at, at + rows);
        if (column.type.kind === "timestamp") this.#checkTimes(column, rows);
      }
    }
    this.#rows += rows;
  }

  /** The rows that were added, which begins the next batch. */
  take(): Batch {
    const rows = this.#rows;
    const columns = this.#columns.map((column): [string, Column] => {
      const { name, type, strings, values } = column;
      const valid = column.valid?.subarray(0, rows) ?? null;
      column.values = NOTHING;
      column.valid = null;
      if (strings !== null) return [name, strings.column(type, values, rows, valid)];
      return [name, { type, values: values.length === rows ? values : values.subarray(0, rows), valid }];
    });
    this.#rowsBefore += rows;
    this.#rows = 0;
    return { rows, columns: Object.fromEntries(columns) };
  }

  /** Makes room for rows more: just so much for the first, as most results are small, and all there may be for others. */
  #reserve(column: ReadColumn, rows: number): void {
    const { type, lent, values } = column;
    const at = this.#rows;
    if (at === 0) column.values = lent ?? room(type, rows);
    else if ((at + rows) * wordsOf(type) > values.length) {
      column.values = room(type, this.#limit);
      (column.values as Float64Array).set(values as Float64Array);
      if (column.valid !== null) column.valid = validity(this.#limit, column.valid);
    }
  }

  #addNulls(column: ReadColumn, bits: Uint8Array, rows: number): void {
    const at = this.#rows;
    if (!column.type.nullable) {
      let row = 0;
      while (((bits[row >> 3] >> (row & 7)) & 1) === 1) row++;
      throw this.#null(column.name, at + row);
    }
    const valid = (column.valid ??= validity(column.values.length / wordsOf(column.type)));
    for (let i = 0; i < rows; i++) valid[at + i] = (bits[i >> 3] >> (i & 7)) & 1;
  }

  #checkTimes({ name, values, valid }: ReadColumn, rows: number): void {
    for (let i = this.#rows; i < this.#rows + rows; i++) {
      if (Math.abs(values[i] as number) <= Number.MAX_SAFE_INTEGER || valid?.[i] === 0) continue;
      const row = this.#rowsBefore + i;
      throw new AsofError("ASOF_OVERFLOW", `a timestamp in "${name}" lies beyond ±2^53 µs`, { field: name, row });
    }
  }

  #null(field: string, at: number): AsofError {
    const row = this.#rowsBefore + at;
    return new AsofError("ASOF_TYPE", `"${field}" is null in row ${row}, and may not be`, { field, row });
  }
}

/** A column of the batch that is being read. */
interface ReadColumn {
  readonly name: string;
  readonly type: DataType;
  readonly strings: StringReader | null;
  /** Memory for every batch; null where each has its own. */
  readonly lent: Numbers | null;
  /** Numbers, or texts in DuckDB's layout. */
  values: Numbers;
  /** A byte a row, made when the first null is met. */
  valid: Uint8Array | null;
}

type Numbers = Float64Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;

const NOTHING: Numbers = new Float64Array(0);

/** A byte for each of so many rows: the first of them given, the others valid. */
function validity(rows: number, first: Uint8Array = new Uint8Array(0)): Uint8Array {
  const valid = new Uint8Array(rows).fill(1);
  valid.set(first);
  return valid;
}

/** How many numbers a value takes. */
const wordsOf = ({ kind }: DataType): number => (kind === "string" ? width.string / 8 : 1);

const room = (type: DataType, rows: number): Numbers =>
  type.kind === "int64" ? new BigInt64Array(rows) : new Float64Array(rows * wordsOf(type));

function copy(vector: duckdb.Vector, kind: Kind, rows: number, into: Numbers, at: number): void {
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

/** One NaN and no −0. */
function canonical(values: Float64Array, from: number, until: number): void {
  for (let i = from; i < until; i++) {
    const value = values[i];
    values[i] = Number.isNaN(value) ? Number.NaN : value + 0;
  }
}
