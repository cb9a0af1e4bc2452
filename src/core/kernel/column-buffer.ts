import type { Column } from "../schema/column.ts";
import type { DataType } from "../schema/data-type.ts";

/** Collects the parts of a column as they arrive. */
export class ColumnBuffer {
  private readonly type: DataType;
  private readonly parts: { readonly column: Column; readonly rows: number }[] = [];
  rows = 0;

  constructor(type: DataType) {
    this.type = type;
  }

  /** Keeps the first `rows` values of a column, whose arrays must not change any more. */
  add(column: Column, rows: number): void {
    this.parts.push({ column, rows });
    this.rows += rows;
  }

  /** All of it as one column. */
  column(): Column {
    const { values, valid } = this.room();
    let at = 0;
    for (const { column, rows } of this.parts) {
      if (Array.isArray(values)) for (let i = 0; i < rows; i++) values[at + i] = column.values[i] as string;
      else (values as Float64Array).set((column.values as Float64Array).subarray(0, rows), at);
      if (valid !== null && column.valid !== null) valid.set(column.valid.subarray(0, rows), at);
      at += rows;
    }
    return { type: this.type, values, valid };
  }

  /** All of it with the value of row i at `place[i]`: a permutation of the rows. */
  placed(place: Uint32Array): Column {
    const { values, valid } = this.room();
    let at = 0;
    for (const { column, rows } of this.parts) {
      put(column.values, values, place, at, rows);
      if (valid !== null && column.valid !== null) putBytes(column.valid, valid, place, at, rows);
      at += rows;
    }
    return { type: this.type, values, valid };
  }

  private room(): { values: Column["values"]; valid: Uint8Array | null } {
    const { type, rows, parts } = this;
    const valid = parts.some(({ column }) => column.valid !== null) ? new Uint8Array(rows).fill(1) : null;
    return { values: emptyValues(type, rows), valid };
  }
}

/** A loop for each kind of array: one for all would be slower for each. */
function put(from: Column["values"], into: Column["values"], place: Uint32Array, at: number, rows: number): void {
  if (from instanceof Float64Array) putNumbers(from, into as Float64Array, place, at, rows);
  else for (let i = 0; i < rows; i++) into[place[at + i]] = from[i];
}

function putNumbers(from: Float64Array, into: Float64Array, place: Uint32Array, at: number, rows: number): void {
  for (let i = 0; i < rows; i++) into[place[at + i]] = from[i];
}

function putBytes(from: Uint8Array, into: Uint8Array, place: Uint32Array, at: number, rows: number): void {
  for (let i = 0; i < rows; i++) into[place[at + i]] = from[i];
}

/** The values of a column at the given places, in their order. */
export function gather(column: Column, order: Uint32Array): Column {
  const values = emptyValues(column.type, order.length);
  for (let i = 0; i < order.length; i++) values[i] = column.values[order[i]];
  return { type: column.type, values, valid: column.valid === null ? null : gatherBytes(column.valid, order) };
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

function emptyValues({ kind }: DataType, rows: number): Float64Array | BigInt64Array | string[] {
  return kind === "string"
    ? Array.from({ length: rows }, () => "")
    : kind === "int64"
      ? new BigInt64Array(rows)
      : new Float64Array(rows);
}
