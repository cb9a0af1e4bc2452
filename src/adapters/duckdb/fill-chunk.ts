import duckdb from "@duckdb/node-bindings";
import { CHUNK_ROWS } from "./column-reader.ts";
import { width } from "./packed-column.ts";
import type { PackedColumn } from "./packed-column.ts";

/**
 * Sets a chunk to at most 2048 rows of packed columns from row `at`, a multiple of 2048; returns how many. The chunk
 * is empty before: as DuckDB hands it to a table function, or reset.
 */
export function fillChunk(chunk: duckdb.DataChunk, columns: readonly PackedColumn[], at: number, rows: number): number {
  const size = Math.min(CHUNK_ROWS, rows - at);
  duckdb.data_chunk_set_size(chunk, size);
  columns.forEach(({ kind, data, validity, heap }, index) => {
    const vector = duckdb.data_chunk_get_vector(chunk, index);
    const bytes = width[kind];
    // The binding takes shared memory as well; its types know of one kind only.
    duckdb.copy_data_to_vector(vector, 0, data.buffer as ArrayBuffer, data.byteOffset + at * bytes, size * bytes);
    if (validity !== null) {
      duckdb.vector_ensure_validity_writable(vector);
      const length = Math.ceil(size / 64) * 8;
      duckdb.copy_data_to_vector_validity(
        vector,
        0,
        validity.buffer as ArrayBuffer,
        validity.byteOffset + at / 8,
        length,
      );
    }
    if (heap !== null) assignLong(vector, data, heap, at, size);
  });
  return size;
}

function assignLong(vector: duckdb.Vector, data: Uint8Array, heap: Uint8Array, at: number, size: number): void {
  const words = new Uint32Array(data.buffer, data.byteOffset + at * width.string, size * 4);
  for (let row = 0; row < size; row++) {
    const length = words[row * 4];
    if (length <= 12) continue;
    const offset = words[row * 4 + 2];
    duckdb.vector_assign_string_element_len(vector, row, heap.subarray(offset, offset + length));
  }
}
