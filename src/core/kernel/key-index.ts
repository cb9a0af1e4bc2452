import type { Column } from "../schema/column.ts";
import { INLINE_BYTES, textWords } from "./text-words.ts";
import { WordTable } from "./word-table.ts";

/** Numbers for keys of one or more columns, from 0 in the order in which they are first met. */
export class KeyIndex {
  private readonly parts: readonly PartIndex[];
  /** For keys of several columns: the numbers of a key's first columns and of its next one, to that of both. */
  private readonly pairs: readonly WordTable[];

  /** Keys of so many columns, or of columns that are numbered already, perhaps as those of other keys as well. */
  constructor(columns: number | readonly PartIndex[]) {
    this.parts = typeof columns === "number" ? Array.from({ length: columns }, () => new PartIndex()) : columns;
    this.pairs = Array.from({ length: this.parts.length - 1 }, () => new WordTable(2));
  }

  get size(): number {
    return this.pairs.at(-1)?.size ?? this.parts[0].size;
  }

  /**
   * The number of each row's key, which is new where it was not met before; −1 where a part of it is null. Not to be
   * written to: another key with the column may get the same array.
   */
  add(columns: readonly Column[], rows: number): Int32Array {
    return this.numbers(columns, rows, true);
  }

  /** The number of each row's key; −1 where it was never added, or a part of it is null. As `add`, not to be written to. */
  find(columns: readonly Column[], rows: number): Int32Array {
    return this.numbers(columns, rows, false);
  }

  private numbers(columns: readonly Column[], rows: number, isNew: boolean): Int32Array {
    const parts = columns.map((column, c) => this.parts[c].numbers(column, rows, isNew));
    return parts.reduce((before, next, p) => {
      const table = this.pairs[p - 1];
      const both = new Int32Array(rows);
      for (let i = 0; i < rows; i++) {
        if (before[i] < 0 || next[i] < 0) both[i] = -1;
        else both[i] = isNew ? table.add(before[i], next[i], 0, 0) : table.find(before[i], next[i], 0, 0);
      }
      return both;
    });
  }
}

/** Numbers for the values of one column, −1 for null. */
export class PartIndex {
  private readonly table = { narrow: new WordTable(2), wide: new WordTable(4) };
  /** Texts that four words do not hold, and what stands in the table for each. */
  private readonly long = new Map<string, number>();
  /** What was asked last: keys that share a column ask for its rows one after another. */
  private last: { readonly column: Column; readonly isNew: boolean; readonly numbers: Int32Array } | null = null;

  /** The values of a part are all texts or all numbers. */
  get size(): number {
    return this.table.narrow.size + this.table.wide.size;
  }

  numbers(column: Column, rows: number, isNew: boolean): Int32Array {
    const { last } = this;
    if (last?.column === column && last.isNew === isNew && last.numbers.length === rows) return last.numbers;
    const numbers = column.type.kind === "string" ? this.texts(column, rows, isNew) : this.others(column, rows, isNew);
    this.last = { column, isNew, numbers };
    return numbers;
  }

  private texts(column: Column, rows: number, isNew: boolean): Int32Array {
    const numbers = new Int32Array(rows);
    const { valid } = column;
    const words = column.words ?? textWords(column.values as string[], rows);
    const table = this.table.wide;
    for (let i = 0, w = 0; i < rows; i++, w += 4) {
      if (valid !== null && valid[i] === 0) numbers[i] = -1;
      else if (words[w] > INLINE_BYTES) numbers[i] = this.longText((column.values as string[])[i], isNew);
      else if (isNew) numbers[i] = table.add(words[w], words[w + 1], words[w + 2], words[w + 3]);
      else numbers[i] = table.find(words[w], words[w + 1], words[w + 2], words[w + 3]);
    }
    return numbers;
  }

  private longText(text: string, isNew: boolean): number {
    let long = this.long.get(text);
    if (long === undefined) {
      if (!isNew) return -1;
      this.long.set(text, (long = this.long.size));
    }
    return this.table.wide.add(LONG, long, 0, 0);
  }

  private others({ values, valid }: Column, rows: number, isNew: boolean): Int32Array {
    const numbers = new Int32Array(rows);
    const { buffer, byteOffset } = values as Float64Array | BigInt64Array;
    // Canonical values are equal where their bits are.
    const words = new Uint32Array(buffer, byteOffset, rows * 2);
    const table = this.table.narrow;
    for (let i = 0, w = 0; i < rows; i++, w += 2) {
      if (valid !== null && valid[i] === 0) numbers[i] = -1;
      else numbers[i] = isNew ? table.add(words[w], words[w + 1], 0, 0) : table.find(words[w], words[w + 1], 0, 0);
    }
    return numbers;
  }
}

/** No text has so many bytes. */
const LONG = 0xffff_ffff;
