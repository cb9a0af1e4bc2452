import { ByteReader } from "../../core/codec/bytes.ts";
import {
  decodeMeta,
  decodeViews,
  encodeMeta,
  encodeViews,
  noViews,
  type OnlineView,
  type OnlineViews,
} from "../../core/codec/online-meta.ts";
import { META_KEY, statePrefix, VIEWS_KEY } from "../../core/codec/online-keys.ts";
import { availableOf, decodeRecords, ENTRY } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { decodeWithdrawals } from "../../core/codec/withdrawals.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { KeyState } from "../../core/tile/key-state.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogEntry, LogPosition, LogReader } from "../../ports/event-log.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { type KeyedContribution, keyText, type ViewState } from "./view-state.ts";

/** An aggregate view that the fold keeps up to date. */
export interface FoldedView {
  readonly source: Stream;
  readonly view: OnlineView;
  readonly state: ViewState;
}

interface CachedKey {
  readonly entity: Uint8Array;
  readonly state: KeyState;
}

/** What a batch changes of a key: records that came, and records that were withdrawn, which may be among them. */
interface KeyChange {
  readonly entity: Uint8Array;
  readonly added: KeyedContribution[];
  readonly removed: KeyedContribution[];
}

/** How long records gather before they are folded, in milliseconds. Part of the time from acknowledged to readable. */
const GATHER_MS = 2;
/** Records that one batch folds at the most, and key states kept decoded between batches. */
const BATCH = 10_000;
const CACHED_KEYS = 50_000;

/**
 * Carries the log into the online store: batch after batch, each with its position and its watermark in one commit,
 * so that a restart continues exactly where the last commit ended.
 */
export class Fold {
  private readonly log: LogReader;
  private readonly store: OnlineStore;
  private readonly schemas: StreamSchemas;
  private folded: FoldedView[] = [];
  private caches = new Map<number, Map<string, CachedKey>>();
  private running: Promise<void> | null = null;
  private paused = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** Those who wait for the position to advance, woken whenever it may have. */
  private waiting: (() => void)[] = [];
  private failure: Error | null = null;
  /** What is committed. */
  position: LogPosition = 0;
  watermark: Timestamp = Number.MIN_SAFE_INTEGER;
  views: OnlineViews = noViews;

  constructor(log: LogReader, store: OnlineStore, schemas: StreamSchemas) {
    this.log = log;
    this.store = store;
    this.schemas = schemas;
  }

  /** Reads where the store stands. */
  async open(): Promise<void> {
    await this.store.read([META_KEY, VIEWS_KEY], (i, bytes) => {
      if (bytes === undefined) return;
      if (i === 0) ({ position: this.position, watermark: this.watermark } = decodeMeta(bytes));
      else this.views = decodeViews(bytes);
    });
    if (this.position < this.log.start) await this.beginAnew();
  }

  /**
   * The store is lost, or was restored from before: it lacks what the log no longer has. Every view is to be
   * materialized again, from history; without views all of the log is folded.
   */
  private async beginAnew(): Promise<void> {
    const { views, building, nextState } = this.views;
    const at = { position: this.log.end, watermark: Math.max(this.watermark, this.log.lastStamp + 1) };
    await this.switchViews({ nextState, views: [], building: [] }, at, []);
    for (const { state } of [...views, ...building]) await this.store.clear(statePrefix(state));
  }

  /** Says which views to keep: those of the store's that are wanted. */
  follow(views: readonly FoldedView[]): void {
    this.folded = [...views];
    this.caches = new Map();
  }

  /** Has what the log holds folded soon: what arrives within a moment is folded together. */
  wake(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.start();
    }, GATHER_MS);
  }

  private start(): void {
    if (this.running !== null || this.paused > 0 || this.failure !== null || this.position >= this.log.end) return;
    this.running = this.run()
      .catch((error: unknown) => void (this.failure = error as Error))
      .finally(() => {
        this.running = null;
        this.start();
        this.release();
      });
  }

  /** Resolves once everything that is in the log now is folded. Rejects where folding failed. */
  async settled(): Promise<void> {
    const end = this.log.end;
    while (this.position < end) {
      this.start();
      if (this.failure !== null) throw this.failure;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Runs work while nothing is folded; the position stands still. */
  async pausedWhile<T>(work: () => Promise<T>): Promise<T> {
    this.paused++;
    try {
      await this.running;
      return await work();
    } finally {
      this.paused--;
      this.start();
      this.release();
    }
  }

  /**
   * Applies the log's records in [from, until) to one view that is not followed yet, committing as it goes.
   * `watermark` is that of the store.
   */
  async catchUp(view: FoldedView, from: LogPosition, until: LogPosition, watermark: Timestamp): Promise<void> {
    for await (const batch of this.batches(from, until)) {
      const changes: Put[] = [];
      await this.apply([view], batch.entries, watermark, changes, new Map());
      await this.store.commit(changes);
    }
  }

  /** Replaces the record of views, and whatever goes with it, in one commit. */
  async switchViews(
    views: Omit<OnlineViews, "version">,
    at: { position: LogPosition; watermark: Timestamp },
    changes: readonly Put[],
  ): Promise<void> {
    const next: OnlineViews = { ...views, version: this.views.version + 1 };
    await this.store.commit([
      ...changes,
      [VIEWS_KEY, encodeViews(next)],
      [META_KEY, encodeMeta({ ...at, views: next.version })],
    ]);
    this.views = next;
    this.position = at.position;
    this.watermark = at.watermark;
  }

  private async run(): Promise<void> {
    for await (const { entries, end, lastStamp } of this.batches(this.position, this.log.end)) {
      const watermark = Math.max(this.watermark, lastStamp + 1);
      const changes: Put[] = [];
      await this.apply(this.folded, entries, watermark, changes, this.caches);
      changes.push([META_KEY, encodeMeta({ position: end, watermark, views: this.views.version })]);
      await this.store.commit(changes);
      this.position = end;
      this.watermark = watermark;
      if (this.paused > 0) return;
    }
  }

  private async *batches(
    from: LogPosition,
    until: LogPosition,
  ): AsyncGenerator<{ entries: LogEntry[]; end: LogPosition; lastStamp: Timestamp }> {
    let entries: LogEntry[] = [];
    let records = 0;
    for await (const entry of this.log.read(from)) {
      if (entry.position >= until) break;
      if (entry.position < from) continue;
      entries.push({ ...entry, payload: entry.payload.slice() });
      records += entry.count;
      if (records < BATCH) continue;
      yield cut(entries);
      entries = [];
      records = 0;
    }
    if (entries.length > 0) yield cut(entries);
  }

  private async apply(
    views: readonly FoldedView[],
    entries: readonly LogEntry[],
    watermark: Timestamp,
    changes: Put[],
    caches: Map<number, Map<string, CachedKey>>,
  ): Promise<void> {
    for (const view of views) {
      const changed = this.contributions(view, entries);
      if (changed.size === 0) continue;
      let cache = caches.get(view.state.state);
      if (cache === undefined) caches.set(view.state.state, (cache = new Map()));
      const keys = await this.keys(view.state, changed, cache);
      const wanted = keys.flatMap(({ entity, state, added, removed }) =>
        state
          .blocksWanted(view.state.layout, [...added, ...removed], watermark)
          .map((block) => ({ entity, state, ...block })),
      );
      if (wanted.length > 0) await view.state.loadBlocks(this.store, wanted);
      for (const { entity, state, added, removed } of keys) {
        // What is withdrawn came before, here or in an earlier batch.
        state.add(view.state.layout, added, watermark);
        for (const record of removed) state.remove(view.state.layout, record, watermark);
        view.state.save(entity, state, watermark, changes);
      }
      if (cache.size > CACHED_KEYS) caches.delete(view.state.state);
    }
  }

  /** The records of a view that entries bring or withdraw, by key. */
  private contributions(view: FoldedView, entries: readonly LogEntry[]): Map<string, KeyChange> {
    const byKey = new Map<string, KeyChange>();
    const take = (record: KeyedContribution | null, what: "added" | "removed"): void => {
      if (record === null) return;
      const text = keyText(record.entity);
      let change = byKey.get(text);
      if (change === undefined) byKey.set(text, (change = { entity: record.entity, added: [], removed: [] }));
      change[what].push(record);
    };
    const codecOf = this.schemas.codecsOf(view.source);
    for (const { stream, kind, count, stamp, payload } of entries) {
      if (stream !== view.source.name) continue;
      if (kind === ENTRY.records)
        decodeRecords(new ByteReader(payload), count, codecOf).forEach(({ event, row }, i) =>
          take(view.state.contribution(row, event, availableOf(event, stamp + i)), "added"),
        );
      if (kind === ENTRY.withdrawals)
        for (const withdrawal of decodeWithdrawals(new ByteReader(payload), count, codecOf)) {
          const { origin, target, row, event, available } = withdrawal;
          // Of a load, only where the state has that load: one built later leaves out what was withdrawn before.
          if (origin === "stream" || (origin === "load" && target < view.view.loads))
            take(view.state.contribution(row, event, available), "removed");
        }
    }
    return byKey;
  }

  private async keys(
    view: ViewState,
    changed: Map<string, KeyChange>,
    cache: Map<string, CachedKey>,
  ): Promise<(KeyChange & Pick<CachedKey, "state">)[]> {
    const missing = [...changed].filter(([text]) => !cache.has(text)).map(([text, { entity }]) => ({ text, entity }));
    const states = await view.load(
      this.store,
      missing.map(({ entity }) => entity),
    );
    missing.forEach(({ text, entity }, i) => cache.set(text, { entity, state: states[i] }));
    return [...changed].map(([text, change]) => ({ ...change, state: cache.get(text)!.state }));
  }
}

function cut(entries: LogEntry[]): { entries: LogEntry[]; end: LogPosition; lastStamp: Timestamp } {
  const last = entries[entries.length - 1];
  return { entries, end: last.position + last.count, lastStamp: last.stamp + last.count - 1 };
}
