import { ENTRY } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { Stream } from "../../core/definition/stream.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import { HISTORY, PINNED, STAGING } from "../../core/plan/folders.ts";
import type { EventLog, LogPosition } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import { archiveLog, type ArchivingParts } from "./archive-log.ts";
import type { BulkWriter } from "./bulk-writer.ts";
import { loadIn, type LoadInLog, PORTION } from "./log-rows.ts";
import { type ArchiveThread, ThreadArchiving } from "./thread-archiving.ts";

export interface ArchiveOutcome {
  readonly records: number;
  readonly files: number;
  readonly bytes: number;
}

/** Moves records from the log into Parquet, and drops what every reader is done with. */
export class Archiver {
  private readonly parts: ArchivingParts;
  private readonly log: EventLog;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly bulk: BulkWriter;
  private readonly thread: ThreadArchiving | null;
  private readonly runs = new OneByOne();

  constructor(parts: {
    engine: OfflineEngine;
    log: EventLog;
    registry: RegistryStore;
    files: FileStore;
    bulk: BulkWriter;
    schemas: StreamSchemas;
    /** Where the withdrawals of sources are kept: of those whose records have an id. */
    withdrawn: Readonly<Record<string, Stream>>;
    /** Where it may archive aside; null where one thread is all there may be. */
    thread: ArchiveThread | null;
  }) {
    const { engine, log, registry, files, bulk, schemas, withdrawn, thread } = parts;
    this.parts = { engine, log, files, schemas, withdrawals: (source) => withdrawn[source] ?? null };
    this.log = log;
    this.registry = registry;
    this.files = files;
    this.bulk = bulk;
    this.thread = thread === null ? null : new ThreadArchiving(thread, schemas, withdrawn);
  }

  /** Finishes what a crash interrupted: loads that are in the log count, files that nothing refers to go. */
  async recover(): Promise<void> {
    await this.files.remove(STAGING);
    await this.files.remove(PINNED);
    const { applied } = await this.registry.offlineState();
    const loads: LoadInLog[] = [];
    for await (const entry of this.log.read(Math.max(applied, this.log.start)))
      if (entry.kind === ENTRY.load) loads.push(loadIn(entry));
    await this.registry.changeFiles({ ...(await this.missing(loads, applied)), remove: [], applied: this.log.end });
    const known = new Set((await this.registry.files()).map(({ path }) => `${HISTORY}/${path}`));
    for (const { file } of await this.files.list(HISTORY)) if (!known.has(file)) await this.files.remove(file);
  }

  /**
   * Brings the records below `cut` into Parquet; `id` names the files. One run at a time. Then whole segments of the
   * log below `needed()` are dropped, and below what was archived.
   * @param isAside whether nobody waits for it, so that it may rest for the sake of requests
   */
  archive(id: string, cut: LogPosition, needed: () => LogPosition, isAside: () => boolean): Promise<ArchiveOutcome> {
    return this.runs.run(() => this.run(id, cut, needed, isAside));
  }

  private async run(
    id: string,
    cut: LogPosition,
    needed: () => LogPosition,
    isAside: () => boolean,
  ): Promise<ArchiveOutcome> {
    const { archived, applied } = await this.registry.offlineState();
    const range = { id, from: archived, cut };
    // Where much has gathered, more comes than would go.
    const rests = (): boolean => cut - archived <= PORTION && isAside();
    const thread = isAside() && this.thread?.isFor(range) === true ? this.thread : null;
    const done = await (thread === null ? archiveLog(this.parts, range, rests) : thread.run(range, rests));
    await this.bulk.exclusively(async () => {
      const { add, notes } = await this.missing(done.loads, applied);
      await this.registry.changeFiles({ add: [...done.files, ...add], notes, remove: [], archived: cut, applied: cut });
    });
    await this.log.dropBefore(Math.min(cut, needed()));
    const { records, files } = done;
    return { records, files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  }

  /** Ends what it has beside it. No run is under way. */
  async close(): Promise<void> {
    await this.thread?.close();
  }

  /** What of loads in the log the registry does not list, which lists those below a position. */
  private async missing(
    loads: readonly LoadInLog[],
    applied: LogPosition,
  ): Promise<{
    readonly add: readonly OfflineFile[];
    readonly notes: Readonly<Record<string, string>>;
  }> {
    const known = new Set((await this.registry.files()).map(({ path }) => path));
    const left = loads.filter(({ position }) => position >= applied);
    return {
      add: left.flatMap(({ files }) => files.filter(({ path }) => !known.has(path))),
      notes: Object.assign({}, ...left.map(({ notes }) => notes)) as Record<string, string>,
    };
  }
}
