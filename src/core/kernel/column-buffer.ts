import { type Batch, type Column, emptyValues } from "../schema/column.ts";
import type { DataType } from "../schema/data-type.ts";

/** Collects the parts of a column as they arrive. */
export class ColumnBuffer {
  private readonly type: DataType;
  private readonly shared: boolean;
  private values: Column["values"];
  /** Made when the first part with nulls arrives. */
  private valid: Uint8Array | null = null;
  rows = 0;

  /** `expected` rows cost one array; more of them cost its growing. Other threads see values that are `shared`, texts aside. */
  constructor(type: DataType, expected = 0, shared = false) {
    this.type = type;
    this.shared = shared;
    this.values = emptyValues(type, type.kind === "string" ? 0 : expected, shared);
  }

  /** Copies the first `rows` values of a column. */
  add(column: Column, rows: number): void {
    const { rows: at } = this;
    this.reserve(at + rows);
    const { values } = this;
    if (Array.isArray(values)) for (let i = 0; i < rows; i++) values.push(column.values[i] as string);
    else (values as Float64Array).set((column.values as Float64Array).subarray(0, rows), at);
    if (column.valid !== null) {
      this.valid ??= new Uint8Array(Math.max(values.length, at + rows)).fill(1);
      this.valid.set(column.valid.subarray(0, rows), at);
    }
    this.rows += rows;
  }

  /** All of it as one column, which is lent until more is added. */
  column(): Column {
    const { type, rows, values, valid } = this;
    return {
      type,
      values: Array.isArray(values) ? values : values.subarray(0, rows),
      valid: valid === null ? null : valid.subarray(0, rows),
    };
  }

  /** All of it with the value of row i at `place[i]`: a permutation of the rows. */
  placed(place: Uint32Array): Column {
    return placed(this.column(), place);
  }

  private reserve(rows: number): void {
    if (!Array.isArray(this.values) && rows > this.values.length) {
      const grown = emptyValues(this.type, Math.max(rows, 2 * this.values.length), this.shared);
      (grown as Float64Array).set(this.values.subarray(0, this.rows) as Float64Array);
      this.values = grown;
    }
    if (this.valid !== null && rows > this.valid.length) {
      const grown = new Uint8Array(Math.max(rows, 2 * this.valid.length)).fill(1);
      grown.set(this.valid.subarray(0, this.rows));
      this.valid = grown;
    }
  }
}

/** Collects whole numbers, such as those of keys, as they arrive. */
export class NumberBuffer {
  private numbers: Int32Array;
  private readonly shared: boolean;
  private rows = 0;

  constructor(expected = 0, shared = false) {
    this.shared = shared;
    this.numbers = new Int32Array(memory(expected * Int32Array.BYTES_PER_ELEMENT, shared));
  }

  /** Copies them. */
  add(numbers: Int32Array): void {
    const rows = this.rows + numbers.length;
    if (rows > this.numbers.length) {
      const size = Math.max(rows, 2 * this.numbers.length);
      const grown = new Int32Array(memory(size * Int32Array.BYTES_PER_ELEMENT, this.shared));
      grown.set(this.numbers.subarray(0, this.rows));
      this.numbers = grown;
    }
    this.numbers.set(numbers, this.rows);
    this.rows = rows;
  }

  /** All of them, lent until more are added. */
  values(): Int32Array {
    return this.numbers.subarray(0, this.rows);
  }
}

/** A column with the value of row i at `place[i]`: a permutation of its rows. */
export function placed({ type, values, valid }: Column, place: Uint32Array): Column {
  const rows = place.length;
  const all = emptyValues(type, rows);
  put(values, all, place, rows);
  if (valid === null) return { type, values: all, valid };
  const placedValid = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) placedValid[place[i]] = valid[i];
  return { type, values: all, valid: placedValid };
}

/** A loop for each kind of array: one for all would be slower for each. */
function put(from: Column["values"], into: Column["values"], place: Uint32Array, rows: number): void {
  if (from instanceof Float64Array) putNumbers(from, into as Float64Array, place, rows);
  else for (let i = 0; i < rows; i++) into[place[i]] = from[i];
}

function putNumbers(from: Float64Array, into: Float64Array, place: Uint32Array, rows: number): void {
  for (let i = 0; i < rows; i++) into[place[i]] = from[i];
}

/** The values of a column at the given places, in their order. */
export function gather(column: Column, order: Uint32Array): Column {
  const values = emptyValues(column.type, order.length);
  for (let i = 0; i < order.length; i++) values[i] = column.values[order[i]];
  return { type: column.type, values, valid: column.valid === null ? null : gatherBytes(column.valid, order) };
}

/** The rows of a batch at the given places, in their order. */
export function gatherBatch({ columns }: Batch, order: Uint32Array): Batch {
  const gathered = Object.entries(columns).map(([name, column]) => [name, gather(column, order)] as const);
  return { rows: order.length, columns: Object.fromEntries(gathered) };
}

/** The way back from `gather`: a column of so many rows with these at the given places, and null at the others. */
export function scatter({ type, values, valid }: Column, places: Uint32Array, rows: number): Column {
  const scattered = emptyValues(type, rows);
  const isThere = new Uint8Array(rows);
  for (let i = 0; i < places.length; i++) {
    scattered[places[i]] = values[i];
    isThere[places[i]] = valid === null ? 1 : valid[i];
  }
  return { type, values: scattered, valid: isThere };
}

export function gatherNumbers(values: Float64Array, order: Uint32Array): Float64Array {
  const gathered = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) gathered[i] = values[order[i]];
  return gathered;
}

function gatherBytes(values: Uint8Array, order: Uint32Array): Uint8Array {
  const gathered = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) gathered[i] = values[order[i]];
  return gathered;
}

function memory(bytes: number, shared: boolean): ArrayBuffer | SharedArrayBuffer {
  return shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}
