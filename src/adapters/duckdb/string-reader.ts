import { Buffer } from "node:buffer";
import duckdb from "@duckdb/node-bindings";
import type { DataType } from "../../core/schema/data-type.ts";
import { INLINE, SLOT, StringColumn } from "./string-column.ts";

/** Gaps below this within a run of strings lie in pages that the strings themselves occupy. */
const PAGE = 4096;
const CACHE_SLOTS = 1 << 12;
const CACHED_BYTES = 64;

/** The part of a column that one chunk holds. */
export interface StringVector {
  readonly vector: duckdb.Vector;
  readonly rows: number;
  /** A bit a row; null: none is null. */
  readonly validity: Uint8Array | null;
}

/**
 * Copies the strings of VARCHAR vectors, and decodes them. Columns repeat few values often, so that a decoded string
 * is remembered under its bytes and met again by comparing words: exact, and several times faster than decoding.
 */
export class StringReader {
  readonly #shortWords = new Uint32Array(CACHE_SLOTS * 4);
  readonly #short: string[] = Array.from({ length: CACHE_SLOTS }, () => "");
  readonly #long: string[] = Array.from({ length: CACHE_SLOTS }, () => "");
  #heap = new Uint8Array(0);
  #used = 0;

  /** Copies a vector into memory that has room for its slots behind `at` rows. A null is an empty string that is not valid. */
  add({ vector, rows, validity }: StringVector, into: { readonly buffer: ArrayBuffer }, at: number): void {
    const data = duckdb.vector_get_data(vector, rows * SLOT);
    new Uint8Array(into.buffer, at * SLOT, rows * SLOT).set(data.subarray(0, rows * SLOT));
    const words = new Uint32Array(into.buffer, at * SLOT, rows * 4);
    if (validity !== null)
      for (let row = 0; row < rows; row++)
        if (((validity[row >> 3] >> (row & 7)) & 1) === 0) words.fill(0, row * 4, row * 4 + 4);
    let long: number[] | null = null;
    for (let row = 0; row < rows; row++) if (words[row * 4] > INLINE) (long ??= []).push(row);
    if (long !== null) this.#copyLong(data, words, long);
  }

  /** The column of the rows that were added, which begins the next. */
  column(
    type: DataType,
    added: { readonly buffer: ArrayBuffer },
    rows: number,
    valid: Uint8Array | null,
  ): StringColumn {
    const heap = this.#used === 0 ? null : this.#heap.slice(0, this.#used);
    this.#used = 0;
    const slots = new Uint8Array(added.buffer, 0, rows * SLOT);
    return new StringColumn(type, valid, slots, heap, (of, long) => this.decode(of, long));
  }

  /** Decodes the strings of a column. */
  decode(slots: Uint8Array<ArrayBuffer>, heap: Uint8Array<ArrayBuffer> | null): string[] {
    const rows = slots.length / SLOT;
    const words = new Uint32Array(slots.buffer, slots.byteOffset, rows * 4);
    const bytes = Buffer.from(slots.buffer, slots.byteOffset, slots.length);
    const long = heap === null ? null : Buffer.from(heap.buffer, heap.byteOffset, heap.length);
    const strings = Array.from({ length: rows }, () => "");
    for (let row = 0; row < rows; row++)
      strings[row] =
        words[row * 4] > INLINE
          ? this.#decode(long!, words[row * 4 + 2], words[row * 4])
          : this.#inline(words, bytes, row);
    return strings;
  }

  #inline(words: Uint32Array, bytes: Buffer, row: number): string {
    const [w, cache] = [row * 4, this.#shortWords];
    const [a, b, c, d] = [words[w], words[w + 1], words[w + 2], words[w + 3]];
    let hash = Math.imul(
      a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35),
      0x27d4eb2f,
    );
    hash = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
    const slot = hash * 4;
    if (cache[slot] === a && cache[slot + 1] === b && cache[slot + 2] === c && cache[slot + 3] === d)
      return this.#short[hash];
    const text = bytes.toString(((b | c | d) & 0x80808080) === 0 ? "latin1" : "utf8", w * 4 + 4, w * 4 + 4 + a);
    cache[slot] = a;
    cache[slot + 1] = b;
    cache[slot + 2] = c;
    cache[slot + 3] = d;
    this.#short[hash] = text;
    return text;
  }

  /**
   * Brings long strings into the heap, and their offsets into their slots. Those of a chunk lie behind one another in
   * few blocks: one view a block, not one a string.
   */
  #copyLong(data: Uint8Array, words: Uint32Array, rows: readonly number[]): void {
    const pointer = (row: number): number => words[row * 4 + 3] * 2 ** 32 + words[row * 4 + 2];
    for (let first = 0; first < rows.length;) {
      const start = pointer(rows[first]);
      let end = start + words[rows[first] * 4];
      let past = first + 1;
      for (; past < rows.length; past++) {
        const next = pointer(rows[past]);
        if (next < start || next >= end + PAGE) break;
        end = Math.max(end, next + words[rows[past] * 4]);
      }
      const run = duckdb.get_data_from_pointer(
        data.buffer as ArrayBuffer,
        data.byteOffset + rows[first] * SLOT + 8,
        end - start,
      );
      for (; first < past; first++) {
        const w = rows[first] * 4;
        const offset = pointer(rows[first]) - start;
        this.#reserve(words[w]);
        this.#heap.set(run.subarray(offset, offset + words[w]), this.#used);
        words[w + 2] = this.#used;
        words[w + 3] = 0;
        this.#used += words[w];
      }
    }
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#heap.length) return;
    const grown = new Uint8Array(Math.max(this.#heap.length * 2, this.#used + bytes, 4096));
    grown.set(this.#heap.subarray(0, this.#used));
    this.#heap = grown;
  }

  #decode(bytes: Buffer, start: number, length: number): string {
    const end = start + length;
    if (length > CACHED_BYTES) return bytes.toString("utf8", start, end);
    let hash = length;
    let high = 0;
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ bytes[i], 0x01000193);
      high |= bytes[i];
    }
    if (high >= 0x80) return bytes.toString("utf8", start, end);
    const slot = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
    const known = this.#long[slot];
    if (known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[start + i]) i++;
      if (i === length) return known;
    }
    return (this.#long[slot] = bytes.toString("latin1", start, end));
  }
}
