import type { Catalog } from "../core/definition/catalog.ts";
import type { AsofError } from "../core/errors.ts";
import type { Beacon } from "../ports/beacon.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventLog, LogReader } from "../ports/event-log.ts";
import type { FileStore } from "../ports/file-store.ts";
import type { OfflineEngine } from "../ports/offline-engine.ts";
import type { OnlineStore } from "../ports/online-store.ts";
import type { StartTableThread } from "../ports/table-thread.ts";
import type { RegistryStore } from "../ports/registry-store.ts";
import type { CopyTable } from "../ports/table-reader.ts";
import type { ModelRuntime, Trainer } from "../ports/trainer.ts";
import type { WriterLink } from "../ports/writer-link.ts";
import type { ArchiveThread } from "../stages/ingest/thread-archiving.ts";
import type { FoldThread } from "../stages/online/helped-batches.ts";
import type { RuntimeVersions } from "../stages/registry/registry.ts";

/** Whether, of how many requests and how often what was served is compared with history. */
export interface AuditSettings {
  readonly on: boolean;
  /** The share of requests, 0 to 1. */
  readonly sample: number;
  /** In microseconds of real time. */
  readonly every: number;
}

/** What of a user's file changes when it is written; null where there is none. */
export type FileState = (file: string) => Promise<string | null>;

/** The parts a store is made of: adapters behind ports, and the definitions. */
export interface StoreParts {
  readonly home: string;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly registry: RegistryStore;
  readonly engine: OfflineEngine;
  /** What helps the engine with large histories; null where one thread is all there may be. */
  readonly startThread: StartTableThread | null;
  /** What folds the log once there is much of it; null where one thread is all there may be. */
  readonly foldThread: FoldThread | null;
  /** What archives the log aside where it is long; null where one thread is all there may be. */
  readonly archiveThread: ArchiveThread | null;
  readonly online: OnlineStore;
  /**
   * Where the index of identities is: at home always, since whoever decides about records waits for it. The online store
   * itself, unless that is elsewhere.
   */
  readonly index: OnlineStore;
  readonly files: FileStore;
  readonly log: LogReader;
  /** The same log, where this process is its writer; otherwise what says who is. */
  readonly writing: EventLog | AsofError;
  readonly beacon: Beacon;
  /** The process that writes, where this one answers beside it. */
  readonly link: WriterLink | null;
  /** Looks again at what another process writes. */
  readonly refresh: () => Promise<unknown>;
  /** Where chance comes from: so many random bytes, fit for secrets. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly trainers: readonly Trainer[];
  readonly runtimes: readonly ModelRuntime[];
  /** Of what request-time functions run on. */
  readonly versions: RuntimeVersions;
  /** Records in the log from which on it is archived, open or closing, where that is not the usual number. */
  readonly archiveFrom: number | null;
  /** Records that may be accepted and not yet folded before who brings more waits; null for the usual number. */
  readonly aheadOfFold: number | null;
  /** Bytes of records that may wait for the disk. */
  readonly queueBytes: number | undefined;
  /** Files of one stream, kind and day from which on they are merged; null for the usual number. */
  readonly compactFrom: number | null;
  readonly audit: AuditSettings;
  /** For how long what was served is kept, in microseconds; null for ever. */
  readonly servedRetention: number | null;
  readonly fileState: FileState;
  /** Reads tables of PostgreSQL. */
  readonly copyTable: CopyTable;
  /** Whether work is on record. */
  readonly recordsRuns: boolean;
}
