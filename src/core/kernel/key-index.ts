import type { Column } from "../schema/column.ts";

/** Numbers for keys of one or more columns, from 0 in the order in which they are first met. */
export class KeyIndex {
  private readonly dictionaries: Map<unknown, number>[];
  /** For keys of several columns: the numbers of a key's first columns and of its next one, to that of both. */
  private readonly pairs: Map<number, number>[];

  constructor(columns: number) {
    this.dictionaries = Array.from({ length: columns }, () => new Map<unknown, number>());
    this.pairs = Array.from({ length: columns - 1 }, () => new Map<number, number>());
  }

  get size(): number {
    return (this.pairs.at(-1) ?? this.dictionaries[0]).size;
  }

  /** The number of each row's key, which is new where it was not met before; −1 where a part of it is null. */
  add(columns: readonly Column[], rows: number): Int32Array {
    return this.numbers(columns, rows, numberOrNew);
  }

  /** The number of each row's key; −1 where it was never added, or a part of it is null. */
  find(columns: readonly Column[], rows: number): Int32Array {
    return this.numbers(columns, rows, numberIfKnown);
  }

  private numbers(columns: readonly Column[], rows: number, number: Numbering): Int32Array {
    const parts = columns.map((column, c) => number(this.dictionaries[c], column, rows));
    return parts.reduce((first, next, p) => number(this.pairs[p - 1], pairs(first, next, rows), rows));
  }
}

/** More than the values of a part that a process can hold; its square is a number that doubles hold exactly. */
const PART = 2 ** 26;

/** Two columns of numbers as one; null where either is −1. */
function pairs(first: Int32Array, next: Int32Array, rows: number): Pick<Column, "values" | "valid"> {
  const values = new Float64Array(rows);
  const valid = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    if (first[i] < 0 || next[i] < 0) continue;
    values[i] = first[i] * PART + next[i];
    valid[i] = 1;
  }
  return { values, valid };
}

type Numbering = (numbers: Map<unknown, number>, column: Pick<Column, "values" | "valid">, rows: number) => Int32Array;

function numberOrNew(
  numbers: Map<unknown, number>,
  { values, valid }: Pick<Column, "values" | "valid">,
  rows: number,
): Int32Array {
  const out = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    if (valid !== null && valid[i] === 0) {
      out[i] = -1;
      continue;
    }
    const value = values[i];
    let number = numbers.get(value);
    if (number === undefined) numbers.set(value, (number = numbers.size));
    out[i] = number;
  }
  return out;
}

function numberIfKnown(
  numbers: Map<unknown, number>,
  { values, valid }: Pick<Column, "values" | "valid">,
  rows: number,
): Int32Array {
  const out = new Int32Array(rows);
  for (let i = 0; i < rows; i++) out[i] = valid !== null && valid[i] === 0 ? -1 : (numbers.get(values[i]) ?? -1);
  return out;
}
