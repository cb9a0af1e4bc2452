import type { StreamSchemas } from "../core/codec/stream-schemas.ts";
import { META_KEY, STATES_PREFIX, VIEWS_KEY } from "../core/codec/online-keys.ts";
import { decodeViews, encodeViews, noViews } from "../core/codec/online-meta.ts";
import { sourceNamed } from "../core/definition/catalog.ts";
import { sourceStream, type Stream } from "../core/definition/stream.ts";
import { AsofError } from "../core/errors.ts";
import { nextTurn } from "../core/next-turn.ts";
import { SharedOrAlone } from "../core/shared-or-alone.ts";
import type { EventLog, LogPosition } from "../ports/event-log.ts";
import { type ArchiveOutcome, Archiver } from "../stages/ingest/archive.ts";
import { BulkWriter } from "../stages/ingest/bulk-writer.ts";
import { Compactor } from "../stages/ingest/compact.ts";
import { IdentityEraser } from "../stages/ingest/erase-identities.ts";
import { Eraser } from "../stages/ingest/erase.ts";
import { KeyFinder } from "../stages/ingest/find-key.ts";
import { Identities } from "../stages/ingest/identities.ts";
import { dropExpiredRequests } from "../stages/ingest/rebuild-identities.ts";
import { Ingest } from "../stages/ingest/ingest.ts";
import { type HearAppended, Intake } from "../stages/ingest/intake.ts";
import { Loader } from "../stages/ingest/load.ts";
import { Retention } from "../stages/ingest/retention.ts";
import { RetiredFiles } from "../stages/ingest/retired-files.ts";
import { LogWriter } from "../stages/ingest/log-writer.ts";
import type { NewestRecords } from "../stages/monitoring/newest-records.ts";
import { Computer } from "../stages/offline/compute.ts";
import { KeyedHistory } from "../stages/offline/history.ts";
import type { OfflineStore } from "../stages/offline/offline-store.ts";
import { Fold } from "../stages/online/fold.ts";
import { Materializer } from "../stages/online/materialize.ts";
import type { RunRecorder } from "../stages/registry/run-recorder.ts";
import { clearModels } from "../stages/training/clear-models.ts";
import type { Definitions } from "./definitions.ts";
import { addSchemas, withdrawalStreams } from "./logged-schemas.ts";
import { recoverIdentities } from "./recover-identities.ts";
import type { StoreParts } from "./store-parts.ts";
import { Tidying } from "./tidying.ts";

/** Records in the log from which on they are archived: when the store is closed, and while it is open. */
const ARCHIVE_AT_CLOSE = 20_000;
const ARCHIVE_RUNNING = 250_000;
/** Records that may be accepted and not yet folded before who brings more waits, and for how long at the most. */
const AHEAD_OF_FOLD = 500_000;
const FOLD_PATIENCE_MS = 1_000;
/** How often other processes are told that time goes on while nothing arrives, in milliseconds. */
const SIGNAL_MS = 10;
/** How often what idle keys left in the online store is removed, in milliseconds. */
const SWEEP_MS = 3_600_000;
const RESERVE = "reserve";

/** Whether the online store, which is elsewhere, does not answer, or has lost what it is to be given once more. */
function isAway(error: unknown): boolean {
  return error instanceof AsofError && (error.code === "ASOF_ONLINE_UNAVAILABLE" || error.code === "ASOF_ONLINE_LOST");
}

/** What the writer shares with the rest of the store. */
export interface Shared {
  readonly parts: StoreParts;
  readonly offline: OfflineStore;
  readonly schemas: StreamSchemas;
  readonly definitions: Definitions;
  readonly recorder: RunRecorder;
  readonly newest: NewestRecords;
  /** Lets go of rows of the online store that are kept in memory. */
  forgetKept(): void;
}

/** What only the writer of the log has. */
export class Writing {
  readonly log: EventLog;
  readonly writer: LogWriter;
  readonly ingest: Ingest;
  readonly identities: Identities;
  private readonly intake: Intake;
  readonly loader: Loader;
  readonly computer: Computer;
  readonly fold: Fold;
  readonly materializer: Materializer;
  readonly finder: KeyFinder;
  readonly eraser: Eraser;
  readonly tidying: Tidying;
  /** Loads, computations, reads of history and merges go on side by side; while a key is forgotten there are none. */
  readonly upkeep = new SharedOrAlone();
  private readonly archiver: Archiver;
  private readonly retired: RetiredFiles;
  private readonly parts: StoreParts;
  private readonly bulk: BulkWriter;
  private readonly recorder: RunRecorder;
  private archived: LogPosition;
  private archiving: Promise<void> | null = null;
  private isClosing = false;
  private readonly timer = setInterval(() => this.signal(), SIGNAL_MS);
  private readonly sweeper = setInterval(() => this.sweep(), SWEEP_MS);
  private sweeping: Promise<unknown> | null = null;
  private readonly ahead: number;

  private constructor(
    shared: Shared,
    log: EventLog,
    writer: LogWriter,
    archived: LogPosition,
    withdrawn: Readonly<Record<string, Stream>>,
  ) {
    const { parts, offline, schemas, definitions, newest } = shared;
    const { registry, engine, files, clock, online, index, catalog } = parts;
    const bulk = new BulkWriter({ files, registry, writer });
    const history = new KeyedHistory(engine, offline, {
      source: (name) => sourceStream(sourceNamed(catalog, name)),
      batch: (view) => definitions.batchStream(view),
    });
    this.parts = parts;
    this.ahead = parts.aheadOfFold ?? AHEAD_OF_FOLD;
    this.bulk = bulk;
    this.timer.unref();
    this.sweeper.unref();
    this.recorder = shared.recorder;
    this.archived = archived;
    this.log = log;
    this.writer = writer;
    this.identities = new Identities(index, writer, schemas);
    const heard: HearAppended = (stream, records, stamp) => newest.appended(stream, records, stamp);
    this.intake = new Intake(this.identities, clock, heard);
    this.ingest = new Ingest({
      writer,
      schemas,
      clock,
      intake: this.intake,
      viewsOf: (source) => definitions.viewsOver(source),
      appended: heard,
      durable: () => this.appended(),
    });
    this.loader = new Loader({ engine, files, bulk, clock, identities: this.identities });
    this.computer = new Computer({
      engine,
      store: offline,
      write: (session, load) => bulk.write(session, load),
      clock,
    });
    const thread = parts.archiveThread;
    this.archiver = new Archiver({ engine, log, registry, files, bulk, schemas, withdrawn, thread });
    this.retired = new RetiredFiles(files, clock, () => this.upkeep.present());
    const { upkeep, retired } = this;
    this.tidying = new Tidying({
      parts,
      writer,
      recorder: shared.recorder,
      upkeep,
      retention: new Retention({ registry, bulk, identities: this.identities, retired }),
      compactor: new Compactor({ engine, registry, files, bulk, from: parts.compactFrom, retired }),
      retired,
    });
    const erasable = new IdentityEraser({ identities: this.identities, store: index, schemas });
    this.finder = new KeyFinder({ engine, registry, files, log, schemas, identities: erasable });
    this.eraser = new Eraser({ engine, registry, files, bulk, identities: erasable });
    this.fold = new Fold({ log, store: online, schemas, clock, thread: parts.foldThread });
    this.materializer = new Materializer({ store: online, fold: this.fold, history, clock, cut: () => writer.cut() });
  }

  /** Finishes what an earlier process left unfinished, and starts folding. */
  static async open(shared: Shared, log: EventLog): Promise<Writing> {
    const { schemas, definitions } = shared;
    const { registry, clock } = shared.parts;
    await addSchemas(registry, schemas, definitions);
    const reserve = {
      read: async () => {
        const note = await registry.note(RESERVE);
        return note === null ? null : Number(note);
      },
      write: (until: number) => registry.setNote(RESERVE, String(until)),
    };
    const writer = await LogWriter.open(log, clock, reserve, shared.parts.queueBytes);
    const { archived } = await registry.offlineState();
    const writing = new Writing(shared, log, writer, archived, await withdrawalStreams(registry, definitions));
    await writing.archiver.recover();
    const { identities, intake } = writing;
    await recoverIdentities({ parts: shared.parts, log, schemas, identities, intake });
    await writing.openFold();
    await writing.materializer.follow(await definitions.followedViews());
    await clearModels(registry, shared.parts.files);
    writing.fold.wake();
    return writing;
  }

  /** Sees where the online store stands, which may have been anywhere since where it is not at home. */
  private async openFold(): Promise<void> {
    const { fold, log, parts } = this;
    const { online, index } = parts;
    await fold.open();
    if (online === index) return;
    await this.clearHome();
    const { position, views } = fold;
    const isOfLog = position <= log.end && (position >= log.start || views.nextState === noViews.nextState);
    if (isOfLog) return;
    await online.clear(new Uint8Array(0));
    await fold.open();
  }

  /**
   * What was kept at home would be out of date when it is kept there again. Versions of views are counted on from it: a
   * reader that was open all the time would take what it has kept for what is there then.
   */
  private async clearHome(): Promise<void> {
    const { index } = this.parts;
    let [isUsed, views] = [false, noViews];
    await index.read([META_KEY, VIEWS_KEY], (i, bytes) => {
      if (i === 0) isUsed = bytes !== undefined;
      else if (bytes !== undefined) views = decodeViews(bytes);
    });
    if (isUsed)
      await index.commit([
        [META_KEY, null],
        [VIEWS_KEY, encodeViews({ ...noViews, version: views.version + 1, nextState: views.nextState })],
      ]);
    await index.clear(STATES_PREFIX);
  }

  private async flushed(): Promise<void> {
    const { online, index } = this.parts;
    await online.flushed();
    if (index !== online) await index.flushed();
  }

  /** Tells other processes that time goes on. What cannot be told is told later. */
  private signal(): void {
    const { position } = this.fold;
    try {
      const t = this.writer.present(position);
      if (typeof t === "number") this.parts.beacon.show({ position, t });
      else if (t !== null) t.catch(() => {});
    } catch {
      // The clock has jumped: that is told to those who write.
    }
  }

  /** Whether so much is accepted and not yet folded that who brings more is to wait. */
  get isFoldBehind(): boolean {
    return this.log.end - this.fold.position > this.ahead;
  }

  /**
   * Waits until the fold is near enough again: where records come faster than they can be folded, neither the log nor
   * what is readable falls behind without bound. Not for ever, and not at all while it cannot go on: records are taken then too.
   */
  foldComesNear(): Promise<void> {
    return this.fold.reachedWithin(this.log.end - this.ahead, FOLD_PATIENCE_MS);
  }

  /** Removes what idle keys left, and what is not kept any more. What cannot be removed now is removed another time. */
  private sweep(): void {
    this.sweeping ??= this.fold
      .sweep()
      .catch(() => {})
      .then(() => this.retired.clear())
      .then(() => this.tidying.now())
      .catch(() => {})
      .finally(() => (this.sweeping = null));
  }

  /** What follows an append: it is folded soon, and a log that has grown long is archived aside. */
  private appended(): void {
    this.fold.wake();
    if (this.archiving === null && this.log.end - this.archived >= (this.parts.archiveFrom ?? ARCHIVE_RUNNING))
      // A failure is on record with the run; the log only grows on.
      this.archiving = this.archive(() => !this.isClosing)
        .catch(() => {})
        .finally(() => (this.archiving = null));
  }

  /**
   * Brings everything accepted into the stores, and gives the log back. Where the online store is away, what it lacks
   * stays in the log.
   */
  async close(): Promise<void> {
    this.isClosing = true;
    clearInterval(this.timer);
    clearInterval(this.sweeper);
    try {
      await this.sweeping;
      await this.archiving;
      await this.tidying.settled();
      const isFolded = await this.fold.settled().then(
        () => true,
        (error: unknown) => {
          if (isAway(error)) return false;
          throw error;
        },
      );
      const isLong = this.log.end - this.archived >= (this.parts.archiveFrom ?? ARCHIVE_AT_CLOSE);
      if (isFolded && isLong) await this.archive();
      else await this.identities.flush();
      // A merge that has just ended is told of its readers' end a turn later.
      await nextTurn();
      await this.retired.clearAll();
      await this.flushed();
      this.signal();
      await this.writer.close();
    } finally {
      await this.fold.close();
      await this.archiver.close();
      await this.log.close();
    }
  }

  /** Moves the log into Parquet, and drops what nobody needs any more. `isAside`: nobody waits for it. */
  private async archive(isAside = never): Promise<void> {
    await this.recorder.record(
      "archive",
      "log",
      "offline store",
      (id) => this.archiveAll(`archive-${id}`, isAside),
      (outcome) => ({ rows: outcome.records, bytes: outcome.bytes, details: outcome }),
    );
    await this.tidying.now();
  }

  /** Moves everything that is in the log now into Parquet; `id` names the files. */
  async archiveAll(id: string, isAside = never): Promise<ArchiveOutcome> {
    const { fold } = this;
    let identified = 0;
    const needed = (): number => Math.min(fold.position, identified, ...fold.views.building.map(({ loads }) => loads));
    // A segment that ends here can be dropped whole.
    const position = await this.log.roll();
    await fold.settled();
    await this.identities.sweep(this.parts.clock.now());
    await this.identities.flush();
    identified = this.identities.position;
    await this.flushed();
    await this.bulk.exclusively(() =>
      dropExpiredRequests(this.parts, this.parts.catalog.sources.values(), this.parts.clock.now()),
    );
    const outcome = await fold.gathering.beside(() => this.archiver.archive(id, position, needed, isAside));
    this.archived = Math.max(this.archived, position);
    return outcome;
  }
}

const never = (): boolean => false;
