import type { Column } from "../../core/schema/column.ts";
import type { DataType } from "../../core/schema/data-type.ts";

/** Reads strings out of their layout. */
export type DecodeStrings = (slots: Uint8Array<ArrayBuffer>, heap: Uint8Array<ArrayBuffer> | null) => string[];

/**
 * A column of strings in DuckDB's layout, decoded when it is first looked at. Most text is carried from one query into
 * one file, and never is.
 */
export class StringColumn implements Column {
  readonly type: DataType;
  readonly valid: Uint8Array | null;
  /** 16 bytes a row: a string of at most 12 bytes is whole in its slot, a longer one is an offset into the heap. */
  readonly slots: Uint8Array<ArrayBuffer>;
  /** Long strings, behind one another in the order of their rows; null where there are none. */
  readonly heap: Uint8Array<ArrayBuffer> | null;
  readonly #decode: DecodeStrings;
  #values: string[] | null = null;

  constructor(
    type: DataType,
    valid: Uint8Array | null,
    slots: Uint8Array<ArrayBuffer>,
    heap: Uint8Array<ArrayBuffer> | null,
    decode: DecodeStrings,
  ) {
    this.type = type;
    this.valid = valid;
    this.slots = slots;
    this.heap = heap;
    this.#decode = decode;
  }

  get values(): string[] {
    return (this.#values ??= this.#decode(this.slots, this.heap));
  }

  get words(): Uint32Array {
    return new Uint32Array(this.slots.buffer, this.slots.byteOffset, this.slots.length / 4);
  }

  /** Copies the slots of rows [from, from + rows) and returns a heap of their own. */
  copy(from: number, rows: number, into: Uint8Array): Uint8Array<ArrayBuffer> | null {
    into.set(this.slots.subarray(from * SLOT, (from + rows) * SLOT));
    if (this.heap === null) return null;
    const words = new Uint32Array(into.buffer, into.byteOffset, rows * 4);
    let first = -1;
    let end = 0;
    for (let w = 0; w < words.length; w += 4) {
      if (words[w] <= INLINE) continue;
      if (first < 0) first = words[w + 2];
      end = words[w + 2] + words[w];
      words[w + 2] -= first;
    }
    return first < 0 ? null : this.heap.slice(first, end);
  }
}

/** DuckDB keeps strings up to this many bytes within their slot. */
export const INLINE = 12;
export const SLOT = 16;
