import type { DataType, Fields, Row, Value } from "./data-type.ts";

/**
 * One column of a batch of rows, in the form that bulk work runs on.
 *
 * - int32, float64, timestamp (µs) and boolean (0 or 1): `Float64Array`
 * - int64: `BigInt64Array`
 * - string: `string[]`
 *
 * `valid[i]` is 0 for a null and 1 otherwise; the value at a null is unspecified. `valid === null` means that no row is null.
 * The arrays may be longer than the batch; its row count travels beside the columns.
 */
export interface Column {
  readonly type: DataType;
  readonly values: Float64Array | BigInt64Array | string[];
  readonly valid: Uint8Array | null;
  /**
   * Strings as four words a row, where they are at hand: the length in bytes of UTF-8, and where that is at most 12 the
   * bytes with zeros behind them. Reading them spares the making of strings.
   */
  readonly words?: Uint32Array;
}

export type NumericColumn = Column & { readonly values: Float64Array };

/** A batch of rows as columns of equal length. */
export interface Batch {
  readonly rows: number;
  readonly columns: Readonly<Record<string, Column>>;
}

/** The value at a place of a column. */
export function valueAt({ type, values, valid }: Column, i: number): Value {
  if (valid !== null && valid[i] === 0) return null;
  return type.kind === "boolean" ? values[i] !== 0 : values[i];
}

/** One row of a batch, as an object. */
export function rowAt({ columns }: Batch, i: number): Row {
  const row: Record<string, Value> = {};
  for (const name in columns) row[name] = valueAt(columns[name], i);
  return row;
}

/** Room for so many values of a column; other threads see those that are `shared`, texts aside. */
export function emptyValues({ kind }: DataType, rows: number, shared = false): Column["values"] {
  if (kind === "string") return Array.from({ length: rows }, () => "");
  const bytes = rows * Float64Array.BYTES_PER_ELEMENT;
  const memory = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  return kind === "int64" ? new BigInt64Array(memory) : new Float64Array(memory);
}

/** Rows as columns: the way back from `rowAt`. */
export function columnsOfRows(fields: Fields, rows: readonly Row[]): Batch {
  const columns = Object.entries(fields).map(([name, type]): [string, Column] => {
    let valid: Uint8Array | null = null;
    const values = emptyValues(type, rows.length);
    rows.forEach((row, i) => {
      const value = row[name];
      if (value === null) (valid ??= new Uint8Array(rows.length).fill(1))[i] = 0;
      else if (typeof value === "boolean") values[i] = value ? 1 : 0;
      else values[i] = value;
    });
    return [name, { type, values, valid }];
  });
  return { rows: rows.length, columns: Object.fromEntries(columns) };
}
