import {
  decodeMeta,
  decodeViews,
  encodeMeta,
  encodeViews,
  noViews,
  type OnlineViews,
} from "../../core/codec/online-meta.ts";
import { META_KEY, statePrefix, VIEWS_KEY } from "../../core/codec/online-keys.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { AsofError, type ErrorCode } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { ThreadTime } from "../../ports/clock.ts";
import type { LogPosition, LogReader } from "../../ports/event-log.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { type BatchMaker, commitTo, type FoldLimits, type MadeBatch, type MakerParts } from "./batch-maker.ts";
import { type FoldedView, foldedView, type FollowedView } from "./folded-view.ts";
import { Gathering } from "./gathering.ts";
import { type FoldThread, HelpedBatches } from "./helped-batches.ts";
import { LocalBatches } from "./local-batches.ts";
import { portionsOf } from "./portion.ts";
import { sweepState } from "./sweep.ts";
import { ThreadEnded } from "./thread-batches.ts";

const FOLD_LIMITS: FoldLimits = { records: 32_768, bytes: 8 * 2 ** 20, keys: 10_000, cached: 128 * 2 ** 20 };
/** When it is tried again what the store could not take, in milliseconds. */
const RETRY_MS = 100;

/**
 * Carries the log into the online store: batch after batch, each with its position and its watermark in one commit,
 * so that a restart continues exactly where the last commit ended. While one batch is committed the next is made.
 */
export class Fold {
  private readonly log: LogReader;
  private readonly clock: ThreadTime;
  readonly gathering: Gathering;
  private readonly store: OnlineStore;
  private readonly limits: FoldLimits;
  private readonly parts: MakerParts;
  private folded: FoldedView[] = [];
  private readonly maker: BatchMaker;
  /** Whether the maker is still to be told what to follow, and to forget what it has in memory. */
  private isNew = true;
  private running: Promise<void> | null = null;
  private paused = 0;
  /** By the clock's `elapsed`, when a run began last. */
  private began = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** Those who wait for the position to advance, woken whenever it may have. */
  private waiting: (() => void)[] = [];
  private failure: Error | null = null;
  /** What is committed. */
  position: LogPosition = 0;
  watermark: Timestamp = Number.MIN_SAFE_INTEGER;
  views: OnlineViews = noViews;
  /** Called when what the store holds was read anew: it may be another's, or older, than what was followed. */
  reopened: () => void = () => {};

  constructor({
    log,
    store,
    schemas,
    clock,
    limits = FOLD_LIMITS,
    thread = null,
  }: {
    log: LogReader;
    store: OnlineStore;
    schemas: StreamSchemas;
    clock: ThreadTime;
    limits?: FoldLimits;
    /** Where batches are made once there is much to fold. */
    thread?: FoldThread | null;
  }) {
    this.log = log;
    this.clock = clock;
    this.gathering = new Gathering(clock);
    this.parts = { store, schemas, limits, commit: commitTo(store) };
    this.store = store;
    this.limits = limits;
    this.maker = thread === null ? new LocalBatches(this.parts) : new HelpedBatches(this.parts, thread);
  }

  /** Reads where the store stands. A new one has no view yet, and so nothing to fold that the log has dropped. */
  async open(): Promise<void> {
    // An empty store has no view that would want what the log has dropped.
    const nothing = { position: this.log.start, watermark: Number.MIN_SAFE_INTEGER };
    // A thread that has ended may have committed more than it told.
    this.store.refresh();
    await this.store.read([META_KEY, VIEWS_KEY], (i, bytes) => {
      if (i === 0)
        ({ position: this.position, watermark: this.watermark } = bytes === undefined ? nothing : decodeMeta(bytes));
      else this.views = bytes === undefined ? noViews : decodeViews(bytes);
    });
    if (this.position < this.log.start) await this.beginAnew();
  }

  /**
   * The store is lost, or was restored from before: it lacks what the log no longer has. Every view is to be
   * materialized again, from history; without views all of the log is folded.
   */
  private async beginAnew(): Promise<void> {
    const { nextState } = this.views;
    const at = { position: this.log.end, watermark: Math.max(this.watermark, this.log.lastStamp + 1) };
    await this.switchViews({ nextState, views: [], building: [] }, at, []);
    const removed = await this.clearStates();
    await this.switchViews(this.views, this, [], removed);
  }

  /** Removes what is left of states that are no view's any more: of those, too, with which a crash came between. */
  async clearRemoved(): Promise<void> {
    if (this.views.removed === undefined) return;
    const removed = await this.clearStates();
    await this.pausedWhile(() => this.switchViews(this.views, this, [], removed));
  }

  private async clearStates(): Promise<readonly number[]> {
    const removed = this.views.removed ?? [];
    for (const state of removed) await this.store.clear(statePrefix(state));
    return removed;
  }

  /** Says which views to keep: those of the store's that are wanted. */
  follow(views: readonly FollowedView[]): void {
    this.folded = views.map(foldedView);
    this.isNew = true;
    // What was kept of others goes at once, where nothing is being made of it.
    if (this.running === null) this.beginNew();
  }

  private beginNew(): void {
    if (this.isNew) this.maker.follow(this.folded);
    this.isNew = false;
  }

  /** Has what the log holds folded soon: what arrives within a moment is folded together. */
  wake(): void {
    if (this.running !== null) return;
    const gathered = 1_000 * (this.clock.elapsed() - this.began);
    this.timer ??= setTimeout(() => this.start(), Math.max(0, this.gathering.milliseconds - gathered));
  }

  private start(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.running !== null || this.paused > 0 || this.failure !== null || this.position >= this.log.end) return;
    this.began = this.clock.elapsed();
    this.gathering.look();
    this.running = this.run()
      .catch((error: unknown) => this.failed(error as Error))
      .finally(() => {
        this.running = null;
        this.release();
        if (this.position < this.log.end) this.wake();
      });
  }

  /**
   * What a store does not take now it may take later; of what was sent it is unknown what came through. So it is gone
   * on from where the store then says that it stands; so it is where the thread that folds has ended.
   */
  private failed(error: Error): void {
    this.failure = error;
    if (hasCode(error, "ASOF_ONLINE_UNAVAILABLE") || error instanceof ThreadEnded)
      setTimeout(() => void this.resume(), RETRY_MS).unref();
  }

  private async resume(): Promise<void> {
    try {
      await this.running;
      await this.open();
    } catch (error) {
      this.failed(error as Error);
      return;
    }
    this.isNew = true;
    this.reopened();
    this.failure = null;
    this.start();
  }

  /** Begins with an empty store, where the store has lost what it held. */
  async startAnewWhereLost(): Promise<void> {
    try {
      await this.store.read([META_KEY], () => {});
    } catch (error) {
      if (!hasCode(error, "ASOF_ONLINE_LOST")) throw error;
      await this.store.clear(new Uint8Array(0));
      await this.resume();
    }
  }

  /** Resolves once everything that is in the log now is folded. Rejects where folding failed. */
  settled(): Promise<void> {
    return this.reached(this.log.end);
  }

  /** Resolves once everything below a position of the log is folded, which is begun at once. Rejects where folding failed. */
  async reached(position: LogPosition): Promise<void> {
    while (this.position < position) {
      this.start();
      if (this.failure !== null) throw this.failure;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Resolves once everything below a position is folded, folding has failed, or so many milliseconds have passed. */
  async reachedWithin(position: LogPosition, milliseconds: number): Promise<void> {
    const patience = { isOver: false };
    const timer = setTimeout(() => {
      patience.isOver = true;
      this.release();
    }, milliseconds);
    while (this.position < position && this.failure === null && !patience.isOver)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    clearTimeout(timer);
  }

  private release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Runs work while nothing is folded; the position stands still. */
  async pausedWhile<T>(work: () => Promise<T>): Promise<T> {
    this.paused++;
    try {
      await this.running;
      if (this.failure !== null) throw this.failure;
      return await work();
    } finally {
      this.paused--;
      this.start();
      this.release();
    }
  }

  /**
   * Applies the log's records in [from, until) to one view that is not followed yet. Each batch is handed to `commit`, which
   * must keep how far it reaches together with its changes: what was committed once must not be applied again.
   * `watermark` is that of the store.
   */
  async catchUp(
    view: FollowedView,
    from: LogPosition,
    until: LogPosition,
    watermark: Timestamp,
    commit: (changes: readonly Put[], end: LogPosition) => Promise<void>,
  ): Promise<void> {
    const maker = new LocalBatches({ ...this.parts, commit: ({ changes, end }) => commit(changes, end) });
    maker.follow([view]);
    const since = { watermark, views: this.views.version };
    for await (const portion of portionsOf(this.log, from, until, this.limits))
      for (let made: MadeBatch | null = null; made?.isMore !== false;) {
        made = await maker.make(made === null ? portion : null, since);
        await made.committed;
      }
  }

  /**
   * Replaces the record of views, and whatever goes with it, in one commit. States that are no view's from then on are
   * noted in it, until they are `cleared`.
   */
  async switchViews(
    { nextState, views, building }: Omit<OnlineViews, "version" | "removed">,
    at: { position: LogPosition; watermark: Timestamp },
    changes: readonly Put[],
    cleared: readonly number[] = [],
  ): Promise<void> {
    const kept = new Set([...views, ...building].map(({ state }) => state));
    const removed = [
      ...(this.views.removed ?? []),
      ...[...this.views.views, ...this.views.building].map(({ state }) => state).filter((state) => !kept.has(state)),
    ].filter((state) => !cleared.includes(state));
    const next: OnlineViews = {
      version: this.views.version + 1,
      nextState,
      views,
      building,
      ...(removed.length > 0 ? { removed } : {}),
    };
    try {
      await this.store.commit([
        ...changes,
        [VIEWS_KEY, encodeViews(next)],
        [META_KEY, encodeMeta({ ...at, views: next.version })],
      ]);
    } catch (error) {
      if (hasCode(error, "ASOF_ONLINE_UNAVAILABLE")) this.failed(error as Error);
      throw error;
    }
    this.views = next;
    this.position = at.position;
    this.watermark = at.watermark;
  }

  /**
   * Removes from the store what is left of keys of which no window can reach anything any more: they are then as keys
   * that never were. Resolves to how many.
   */
  async sweep(): Promise<number> {
    let swept = 0;
    for (const view of this.folded)
      swept += await sweepState(view.state, this.store, this.watermark, (work) =>
        this.pausedWhile(async () => {
          const isFollowed = this.folded.some(({ state }) => state.state === view.state.state);
          return isFollowed && this.failure === null ? work(this.watermark) : undefined;
        }),
      );
    return swept;
  }

  private async run(): Promise<void> {
    const { maker } = this;
    this.beginNew();
    let advanced: Promise<void> = Promise.resolve();
    try {
      let { watermark } = this;
      for await (const portion of portionsOf(this.log, this.position, this.log.end, this.limits))
        for (let made: MadeBatch | null = null; made?.isMore !== false;) {
          made = await maker.make(made === null ? portion : null, { watermark, views: this.views.version });
          ({ watermark } = made);
          advanced = this.advance(made);
          // Told when it is awaited.
          advanced.catch(() => {});
          if (this.paused > 0) return;
        }
    } finally {
      await advanced;
    }
  }

  /** Follows a commit. */
  private async advance({ end, watermark, committed }: MadeBatch): Promise<void> {
    await committed;
    this.store.refresh();
    this.position = end;
    this.watermark = watermark;
    this.release();
  }

  /** Has the store written anew while nobody else has it open. */
  async rewriteStore(): Promise<void> {
    await this.pausedWhile(async () => {
      await this.maker.close();
      await this.store.rewrite();
    });
  }

  /** Ends what the fold has beside it. Nothing is folded any more. */
  async close(): Promise<void> {
    await this.maker.close();
  }
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof AsofError && error.code === code;
}
