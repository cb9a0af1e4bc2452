import { ENTRY } from "../../core/codec/record-batch.ts";
import type { KeyedRequest } from "../../core/codec/keyed-request.ts";
import { encodeLoad, type LoadedFile } from "../../core/codec/load-entry.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { LogWriter } from "./log-writer.ts";
import { type PlacedRows, placeRows } from "./place-rows.ts";

export interface StagedLoad extends PlacedRows {
  /** The request that brings it, where it had an idempotency key. */
  readonly request?: KeyedRequest;
  /** What is noted with it, in the same step. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Called before it enters the log. */
  readonly entering?: () => void;
}

export interface CommittedLoad {
  readonly position: LogPosition;
  readonly stamp: Timestamp;
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  readonly minEvent: number | null;
  readonly maxEvent: number | null;
  /** Its files, by paths within history. */
  readonly loaded: readonly LoadedFile[];
}

/**
 * Brings rows into history as Parquet files partitioned by the day of their event, and enters them into the log as
 * one entry. That entry is the commit: before it nothing can be seen, after it everything.
 */
export class BulkWriter {
  private readonly files: FileStore;
  private readonly registry: RegistryStore;
  private readonly writer: LogWriter;
  private readonly changes = new OneByOne();
  /** Loads in the log that are not known to be in the list of files, oldest first. */
  private unlisted: { readonly load: StagedLoad; readonly position: LogPosition; readonly files: LoadedFile[] }[] = [];

  constructor(parts: { files: FileStore; registry: RegistryStore; writer: LogWriter }) {
    this.files = parts.files;
    this.registry = parts.registry;
    this.writer = parts.writer;
  }

  /** Resolves to null, and changes nothing, where the query gives no rows. */
  async write(session: OfflineSession, load: StagedLoad): Promise<CommittedLoad | null> {
    const files = await this.place(session, load);
    if (files.length === 0) return null;
    const appended = await this.exclusively(async () => {
      // A load whose listing failed is in the log; the list must not pass it over.
      await this.list();
      load.entering?.();
      const appended = await this.writer.append(load.stream, ENTRY.load, 1, () =>
        encodeLoad({
          stream: load.stream,
          files,
          ...(load.request === undefined ? {} : { request: load.request }),
          ...(load.notes === undefined ? {} : { notes: load.notes }),
        }),
      );
      this.unlisted.push({ load, position: appended.position, files });
      await this.list();
      return appended;
    });
    return { ...appended, ...totals(files), loaded: files };
  }

  /** Brings what the log holds into the list of files. Archiving may have done so since. */
  private async list(): Promise<void> {
    if (this.unlisted.length === 0) return;
    const { applied } = await this.registry.offlineState();
    const left = this.unlisted.filter(({ position }) => position >= applied);
    await this.registry.changeFiles({
      add: left.flatMap(({ load, position, files }) => loadedFiles(load.stream, position, files)),
      remove: [],
      notes: Object.assign({}, ...left.map(({ load }) => load.notes)) as Readonly<Record<string, string>>,
      applied: this.unlisted.at(-1)!.position + 1,
    });
    this.unlisted = [];
  }

  /** Runs changes of the list of files one after another, each with the log entry it reflects. */
  exclusively<T>(change: () => Promise<T>): Promise<T> {
    return this.changes.run(change);
  }

  /** As `placeRows`, in the store's folder. */
  place(session: OfflineSession, rows: PlacedRows): Promise<LoadedFile[]> {
    return placeRows(this.files, session, rows);
  }
}

/** The files of a load as the registry lists them. */
export function loadedFiles(stream: string, position: LogPosition, files: readonly LoadedFile[]): OfflineFile[] {
  return files.map((file) => ({ ...file, stream, kind: "load", position, end: position + 1 }));
}

function totals(files: readonly LoadedFile[]): Omit<CommittedLoad, "position" | "stamp" | "loaded"> {
  const least = (values: number[]): number | null => (values.length === 0 ? null : Math.min(...values));
  const most = (values: number[]): number | null => (values.length === 0 ? null : Math.max(...values));
  return {
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files: files.length,
    minEvent: least(files.map((file) => file.minEvent)),
    maxEvent: most(files.map((file) => file.maxEvent)),
  };
}
