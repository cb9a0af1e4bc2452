import type { MessagePort } from "node:worker_threads";
import type { Kind } from "../../core/schema/data-type.ts";
import type { PackedColumn } from "./packed-column.ts";

/** What a worker needs to open its engine. */
export interface ParquetWorkerSettings {
  readonly memoryLimit: string;
  readonly temporaryFolder: string;
}

/** One file to write. Its rows come through the port; `posted` counts messages, so that the worker can wait for one. */
export interface ParquetJob {
  readonly path: string;
  readonly columns: readonly (readonly [name: string, kind: Kind])[];
  readonly port: MessagePort;
  readonly posted: Int32Array<SharedArrayBuffer>;
}

/** Through the port to the worker. */
export type ParquetFeed =
  | { readonly kind: "rows"; readonly rows: number; readonly columns: readonly PackedColumn[] }
  | { readonly kind: "end" }
  | { readonly kind: "abandon" };

/** Through the port from the worker. */
export type ParquetReply =
  | { readonly kind: "taken" }
  | { readonly kind: "written" }
  | { readonly kind: "failed"; readonly message: string };
