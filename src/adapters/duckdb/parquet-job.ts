import type { MessagePort } from "node:worker_threads";
import type { Kind } from "../../core/schema/data-type.ts";
import { CHUNK_ROWS } from "./column-reader.ts";
import { type PackTarget, validityBytes, width } from "./packed-column.ts";

/** What a worker needs to open its engine. */
export interface ParquetWorkerSettings {
  readonly memoryLimit: string;
  readonly temporaryFolder: string;
}

/** One file to write. Its rows come through the port; `posted` counts messages, so that the worker can wait for one. */
export interface ParquetJob {
  readonly path: string;
  readonly columns: readonly (readonly [name: string, kind: Kind])[];
  /** What DuckDB calls the types of those columns that hold collections as JSON. */
  readonly collections: Readonly<Record<string, string>>;
  /** Memory that blocks of rows pass through, shared: used in turn, each again once its last block is taken. */
  readonly slots: readonly SharedArrayBuffer[];
  /** How many rows a slot has room for at the most. */
  readonly slotRows: number;
  readonly port: MessagePort;
  readonly posted: Int32Array<SharedArrayBuffer>;
}

/** What a block's slot does not tell of one of its columns. */
export interface PostedColumn {
  readonly hasNulls: boolean;
  readonly heap: Uint8Array<ArrayBuffer> | null;
}

/** The parts of a slot: data and validity of each column. */
export function slotTargets({ columns, slotRows }: Pick<ParquetJob, "columns" | "slotRows">, slot: SharedArrayBuffer) {
  let at = 0;
  const part = (bytes: number): Uint8Array => {
    const from = at;
    at += bytes;
    return new Uint8Array(slot, from, bytes);
  };
  return columns.map(([, kind]): PackTarget => {
    const data = part(slotRows * width[kind]);
    return { data, validity: part(validityBytes(slotRows)) };
  });
}

/** How many rows of so many columns make a row group: it is held in memory until it is whole, and then written at once. */
export function rowGroupRows(columns: number): number {
  const rows = Math.floor(ROW_GROUP_BYTES / (16 * columns) / CHUNK_ROWS) * CHUNK_ROWS;
  return Math.min(ROW_GROUP_ROWS, Math.max(CHUNK_ROWS, rows));
}

/** Half of DuckDB's: a group stays nearer to the processor, and more of its columns have few enough values for a dictionary. */
const ROW_GROUP_ROWS = 61_440;
const ROW_GROUP_BYTES = 64 * 2 ** 20;

/** Bytes of a slot. The rows of one are a multiple of 64, so that every part begins at a whole word. */
export function slotBytes(columns: ParquetJob["columns"], slotRows: number): number {
  return columns.reduce((sum, [, kind]) => sum + slotRows * width[kind] + validityBytes(slotRows), 0);
}

/** Through the port to the worker. */
export type ParquetFeed =
  | { readonly kind: "rows"; readonly rows: number; readonly columns: readonly PostedColumn[] }
  | { readonly kind: "end" }
  | { readonly kind: "abandon" };

/** Through the port from the worker. */
export type ParquetReply =
  | { readonly kind: "taken" }
  | { readonly kind: "written" }
  | { readonly kind: "failed"; readonly message: string };
