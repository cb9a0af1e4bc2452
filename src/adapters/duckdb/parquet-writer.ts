import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import type { CollectionType } from "../../core/aggregation/feature-type.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { batchRows, CHUNK_ROWS } from "./column-reader.ts";
import { duckDbError } from "./duckdb-error.ts";
import { collectionType } from "./duckdb-type.ts";
import { packInto } from "./packed-column.ts";
import { rowGroupRows, slotBytes, slotTargets } from "./parquet-job.ts";
import type { ParquetFeed, ParquetJob, ParquetReply, ParquetWorkerSettings, PostedColumn } from "./parquet-job.ts";

const IDLE_WORKERS = 1;
/** So many row groups or a few more are written between two early syncs: some tens of megabytes. */
const SYNC_GROUPS = 4;
const WORKER = new URL(`./parquet-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** Writes batches to Parquet files on threads of its own, which it keeps for the next file. */
export class ParquetWriter {
  readonly #settings: ParquetWorkerSettings;
  readonly #idle: Worker[] = [];
  readonly #all = new Map<Worker, Promise<void>>();

  constructor(settings: ParquetWorkerSettings) {
    this.#settings = settings;
  }

  /** Resolves to the file's bytes once it is whole under its name and on stable storage. */
  async write(
    path: string,
    fields: Fields,
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    collections: Readonly<Record<string, CollectionType>>,
    signal: AbortSignal,
  ): Promise<number> {
    const aside = `${path}.tmp-${randomUUID()}`;
    try {
      await this.#feed(aside, fields, batches, collections, signal);
      const bytes = await sync(aside);
      await rename(aside, path);
      await sync(dirname(path));
      return bytes;
    } catch (cause) {
      await rm(aside, { force: true }).catch(() => undefined);
      throw refused(cause, path, aside);
    }
  }

  /** Ends the threads. No write is under way. */
  async close(): Promise<void> {
    for (const worker of this.#all.keys()) {
      worker.ref();
      worker.postMessage("close", []);
    }
    await Promise.all(this.#all.values());
  }

  async #feed(
    path: string,
    fields: Fields,
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    collections: Readonly<Record<string, CollectionType>>,
    signal: AbortSignal,
  ): Promise<void> {
    const names = Object.keys(fields);
    assert(names.length > 0, "a Parquet file has a column");
    const worker = this.#idle.pop() ?? this.#start();
    worker.ref();
    const { port1, port2 } = new MessageChannel();
    const posted = new Int32Array(new SharedArrayBuffer(4));
    const block = Math.max(CHUNK_ROWS, Math.floor(batchRows(names.length) / 4 / CHUNK_ROWS) * CHUNK_ROWS);
    const columns: ParquetJob["columns"] = names.map((name) => [name, fields[name].kind]);
    // The worker takes no block while it writes a row group: the next one is made meanwhile. One block is being read, one packed.
    const ahead = Math.ceil(rowGroupRows(names.length) / block) + 2;
    const slots = Array.from({ length: ahead }, () => new SharedArrayBuffer(slotBytes(columns, block)));
    const types = Object.fromEntries(
      Object.entries(collections).map(([name, type]) => [name, collectionType(type)] as const),
    );
    const job: ParquetJob = { path, columns, collections: types, slots, slotRows: block, port: port2, posted };
    const targets = slots.map((slot) => slotTargets(job, slot));
    let blocks = 0;
    worker.postMessage(job, [port2]);
    const exchange = new Exchange(worker, port1, posted, ahead, signal);
    const early = new EarlySync(path);
    try {
      for await (const batch of batches) {
        for (let at = 0; at < batch.rows; at += block) {
          const rows = Math.min(block, batch.rows - at);
          const slot = targets[blocks++ % ahead];
          if (blocks % (SYNC_GROUPS * ahead) === 0) early.start();
          await exchange.send({
            kind: "rows",
            rows,
            columns: names.map((name, i): PostedColumn => {
              const { validity, heap } = packInto(slot[i], batch.columns[name], at, rows);
              return { hasNulls: validity !== null, heap };
            }),
          });
        }
      }
      exchange.post({ kind: "end" });
      await exchange.written;
    } catch (error) {
      exchange.post({ kind: "abandon" });
      await exchange.written.catch(() => undefined);
      throw error;
    } finally {
      exchange.close();
      this.#release(worker);
      await early.ended;
    }
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { name: "asof parquet", workerData: this.#settings, execArgv: [] });
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    this.#all.set(worker, ended);
    const forget = (): void => {
      this.#all.delete(worker);
      if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1);
    };
    worker.once("error", forget).once("exit", forget);
    return worker;
  }

  #release(worker: Worker): void {
    if (!this.#all.has(worker)) return;
    worker.unref();
    if (this.#idle.length < IDLE_WORKERS) this.#idle.push(worker);
    else worker.postMessage("close", []);
  }
}

/** Brings what is written of a file to stable storage while more is: in the end little is left to wait for. */
class EarlySync {
  /** Resolves when none is under way. */
  ended: Promise<void> = Promise.resolve();
  readonly #path: string;
  #isUnderWay = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Begins one, unless one is under way. What fails here is found again at the end. */
  start(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const end = (): void => {
      this.#isUnderWay = false;
    };
    this.ended = sync(this.#path).then(end, end);
  }
}

/** One file's messages with its worker. */
class Exchange {
  /** Resolves when the worker has written the file. */
  readonly written: Promise<void>;
  readonly #port: MessagePort;
  readonly #posted: Int32Array<SharedArrayBuffer>;
  readonly #ahead: number;
  readonly #signal: AbortSignal;
  #underWay = 0;
  #wake = (): void => undefined;
  #settled = false;
  readonly close: () => void;

  /** At most so many blocks are under way or in the making. */
  constructor(
    worker: Worker,
    port: MessagePort,
    posted: Int32Array<SharedArrayBuffer>,
    ahead: number,
    signal: AbortSignal,
  ) {
    this.#port = port;
    this.#posted = posted;
    this.#ahead = ahead;
    this.#signal = signal;
    const wake = (): void => this.#wake();
    signal.addEventListener("abort", wake);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (action: () => void): void => {
      this.#settled = true;
      action();
      wake();
    };
    const died = (cause: unknown): void =>
      settle(() => reject(new AsofError("ASOF_INTERNAL", "the thread that writes Parquet ended", {}, cause)));
    port.on("message", (reply: ParquetReply) => {
      if (reply.kind === "taken") this.#underWay--;
      else settle(reply.kind === "written" ? resolve : () => reject(new Unwritten(reply.message)));
      wake();
    });
    worker.once("error", died).once("exit", died);
    this.written = promise;
    promise.catch(() => undefined);
    this.close = (): void => {
      signal.removeEventListener("abort", wake);
      worker.off("error", died).off("exit", died);
      port.close();
    };
  }

  post(message: ParquetFeed): void {
    const buffers =
      message.kind === "rows" ? message.columns.flatMap(({ heap }) => (heap === null ? [] : [heap.buffer])) : [];
    this.#port.postMessage(message, buffers);
    Atomics.add(this.#posted, 0, 1);
    Atomics.notify(this.#posted, 0);
  }

  /** Posts and waits until the worker is near. Rejects when it failed or the signal fires. */
  async send(message: ParquetFeed): Promise<void> {
    this.post(message);
    this.#underWay++;
    while (this.#underWay >= this.#ahead && !this.#settled && !this.#signal.aborted)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#signal.aborted)
      throw new AsofError("ASOF_INTERRUPTED", "writing was interrupted", {}, this.#signal.reason);
    if (this.#settled) await this.written;
  }
}

async function sync(path: string): Promise<number> {
  const file = await open(path, "r");
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** What DuckDB said as it failed to write. */
class Unwritten extends Error {}

/** What the disk or DuckDB refuses gets a code; the producer's own errors pass as they are. */
function refused(cause: unknown, path: string, aside: string): unknown {
  if (!(cause instanceof Error) || !(cause instanceof Unwritten || "syscall" in cause)) return cause;
  const error = cause instanceof Unwritten ? duckDbError(cause) : null;
  const message = (error ?? cause).message.replaceAll(aside, path);
  const code = error === null || error.code === "ASOF_FILE" ? "ASOF_HOME" : error.code;
  return new AsofError(code, `cannot write ${path}: ${message}`, { path }, cause);
}
