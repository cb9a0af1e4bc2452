import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { assert } from "../../core/assert.ts";
import { ByteWriter, PIECE } from "../../core/codec/bytes.ts";
import type { OnlineStore, Put, ReadOptions } from "../../ports/online-store.ts";
import { CHECKSUM_BYTES, isSound, withChecksum } from "./checked-value.ts";
import { CommitQueue } from "./commit-queue.ts";
import { checkFormat, hasChecksums } from "./format-marker.ts";
import { freeSome } from "./free-pages.ts";
import { assertKey, keyRange } from "./key-range.ts";
import { copyAside, moveIn } from "./rewritten-store.ts";
import { flush, inodeOf, type LmdbDatabase, type LmdbOptions, openDatabase } from "./lmdb-database.ts";
import { LentViews } from "./lent-views.ts";
import { changed, closed, codedError } from "./lmdb-error.ts";
import type { OpenGuard } from "./open-guard.ts";

/** The age, in milliseconds, at which reads take another snapshot, where others may have written. */
const MAX_AGE = 1;
/** How long, in milliseconds, a snapshot is kept that nobody asks for. */
const IDLE = 5;
/** What a scan holds at a time, between two turns of the event loop. */
const SCAN_ENTRIES = 1_000;
const SCAN_BYTES = 2 ** 20;
const COUNT_ENTRIES = 20_000;
const CLEAR_ENTRIES = 10_000;

type ReadTransaction = ReturnType<LmdbDatabase["useReadTransaction"]>;
type Look = { readonly transaction: ReadTransaction };

/** The online store in one LMDB environment, shared by processes: any number read, writers take turns. */
export class LmdbStore implements OnlineStore {
  #database: LmdbDatabase;
  readonly #folder: string;
  readonly #options: LmdbOptions;
  readonly #readOnly: boolean;
  readonly #maxAge: number;
  readonly #guard: OpenGuard;
  readonly #commits: CommitQueue;
  /** Whether each value has its checksum behind it: those of earlier versions do once they are rewritten. */
  #checked: boolean;
  readonly #snapshots = new Set<ReadTransaction>();
  readonly #lent = new LentViews();
  /** What reads look at until it is too old. */
  #present: Look | null = null;
  #presentSince = 0;
  #isTimed = false;
  /** What the present snapshot holds of the key that reads began with last. */
  #first: { readonly key: Uint8Array; readonly value: Uint8Array | undefined } | null = null;
  /** What the last read began with. */
  #usual: Uint8Array | null = null;
  #visiting = false;
  #closing: Promise<void> | null = null;
  /** While the store moves into another file. */
  #moving: Promise<void> | null = null;
  /** The data file that is open. */
  #inode: number;
  #generation = 0;

  constructor(database: LmdbDatabase, folder: string, options: LmdbOptions, guard: OpenGuard, checked: boolean) {
    this.#checked = checked;
    this.#database = database;
    this.#folder = folder;
    this.#options = options;
    this.#readOnly = options.readOnly ?? false;
    this.#maxAge = options.onlyWriter === true ? IDLE : MAX_AGE;
    this.#guard = guard;
    this.#inode = inodeOf(folder) ?? 0;
    const out = new ByteWriter(PIECE);
    this.#commits = new CommitQueue(
      () => this.#database,
      guard,
      (cause) => codedError(cause, "write to", folder),
      (key, value) => (this.#checked ? withChecksum(key, value, out) : value),
    );
  }

  get generation(): number {
    return this.#generation;
  }

  read(
    keys: readonly Uint8Array[],
    visit: (index: number, value: Uint8Array | undefined) => void,
    options: ReadOptions = {},
  ): void | Promise<void> {
    this.#assertOpen();
    if (this.#moving !== null) return this.#moving.then(() => this.read(keys, visit, options));
    assert(!this.#visiting, "a visit must not read: the bytes it was lent would change");
    const look = this.#look();
    this.#visiting = true;
    try {
      // Most reads begin with the same key, of which the snapshot has but one value.
      const isUsual = keys.length > 1 || (keys.length === 1 && keys[0] === this.#usual);
      if (keys.length > 0) this.#usual = keys[0];
      const begin = isUsual ? this.#firstOf(keys[0], look) : null;
      if (begin !== null) visit(0, begin.value);
      for (let i = begin === null ? 0 : 1; i < keys.length; i++) visit(i, this.#get(keys[i], look, options.verify));
    } finally {
      this.#visiting = false;
    }
  }

  async commit(changes: readonly Put[]): Promise<void> {
    this.#assertOpen();
    assert(!this.#readOnly, "the online store was opened to read only");
    // Queued within the call, or after the move: a commit that slipped in between would be left behind in the old file.
    while (this.#moving !== null) await this.#moving;
    try {
      await this.#commits.add(changes);
    } finally {
      this.#leavePresent();
    }
  }

  refresh(): void {
    this.#assertOpen();
    this.#leavePresent();
  }

  async flushed(): Promise<void> {
    await this.#moving;
    this.#assertOpen();
    await this.#commits.settled();
    if (this.#readOnly) return;
    try {
      await flush(this.#database);
    } catch (cause) {
      throw codedError(cause, "write to", this.#folder);
    }
  }

  async *scan(prefix: Uint8Array): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    const { start, end } = keyRange(prefix);
    await this.#moving;
    const snapshot = this.#useSnapshot();
    try {
      let from = start;
      for (let exclusiveStart = false; ; exclusiveStart = true) {
        const entries = this.#attempt(() => this.#slice({ start: from, exclusiveStart, end, transaction: snapshot }));
        for (const entry of entries) {
          yield entry;
          this.#assertOpen();
        }
        const last = entries.at(-1);
        if (last === undefined) return;
        from = last[0];
        await nextTurn();
        this.#assertOpen();
      }
    } finally {
      this.#release(snapshot);
    }
  }

  async clear(prefix: Uint8Array): Promise<void> {
    const { start, end } = keyRange(prefix);
    for (let from = start; ;) {
      await this.#moving;
      this.#assertOpen();
      this.#database.resetReadTxn();
      const keys = this.#attempt(() => [...this.#database.getKeys({ start: from, end, limit: CLEAR_ENTRIES })]);
      await this.commit(keys.map((key) => [key, null]));
      if (keys.length < CLEAR_ENTRIES) return;
      from = keys.at(-1)!;
    }
  }

  async count(prefix: Uint8Array): Promise<number> {
    const { start, end } = keyRange(prefix);
    await this.#moving;
    const snapshot = this.#useSnapshot();
    try {
      for (let from = start, count = 0; ; count += COUNT_ENTRIES) {
        const range = { start: from, end, transaction: snapshot };
        const [next] = this.#attempt(() => [...this.#database.getKeys({ ...range, offset: COUNT_ENTRIES, limit: 1 })]);
        if (next === undefined) return count + this.#attempt(() => this.#database.getKeysCount(range));
        from = next;
        await nextTurn();
        this.#assertOpen();
      }
    } finally {
      this.#release(snapshot);
    }
  }

  async bytes(): Promise<number> {
    this.#assertOpen();
    return (await stat(join(this.#folder, "data.mdb"))).size;
  }

  async rewrite(): Promise<void> {
    this.#assertOpen();
    assert(!this.#readOnly, "the online store was opened to read only");
    while (this.#moving !== null) await this.#moving;
    this.#assertOpen();
    const moved = Promise.withResolvers<void>();
    this.#moving = moved.promise;
    try {
      await this.#commits.settled();
      this.#leavePresent();
      while (this.#snapshots.size > 0) await nextTurn();
      await copyAside(this.#database, this.#folder, this.#options, !this.#checked);
      await this.#database.close();
      moveIn(this.#folder);
    } catch (cause) {
      throw codedError(cause, "rewrite", this.#folder);
    } finally {
      this.#reopen();
      this.#moving = null;
      moved.resolve();
    }
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await this.#moving;
    await this.#commits.settled();
    this.#leavePresent();
    for (const snapshot of this.#snapshots) this.#release(snapshot);
    await this.#database.close();
    this.#guard.close();
  }

  /** The snapshot that reads look at: neither older than is allowed, nor than the last commit of this process. */
  #look(): Look {
    const now = performance.now();
    if (this.#present !== null && now - this.#presentSince <= this.#maxAge) return this.#present;
    this.#leavePresent();
    this.#present = { transaction: this.#newest() };
    this.#presentSince = now;
    if (!this.#isTimed) this.#leaveSoon();
    return this.#present;
  }

  /** A snapshot that is kept keeps the store from using its pages again. */
  #leaveSoon(): void {
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#leavePresent();
    }, IDLE).unref();
  }

  #leavePresent(): void {
    this.#present?.transaction.done();
    this.#present = null;
    this.#first = null;
  }

  #newest(): ReadTransaction {
    if (this.#readOnly) this.#followMoves();
    this.#database.resetReadTxn();
    return this.#attempt(() => this.#database.useReadTransaction());
  }

  /** The writer may have moved the store into another file: what is open here would stand still. */
  #followMoves(): void {
    const inode = inodeOf(this.#folder);
    if (inode === null || inode === this.#inode || this.#snapshots.size > 0) return;
    const before = this.#database;
    this.#reopen();
    void before.close();
  }

  #reopen(): void {
    this.#generation++;
    this.#inode = inodeOf(this.#folder) ?? 0;
    this.#leavePresent();
    this.#database = openDatabase(this.#folder, this.#options, this.#guard);
    this.#checked = hasChecksums(checkFormat(this.#database, this.#folder, true));
    if (!this.#readOnly) this.#guard.whileCommittingNow(() => freeSome(this.#database));
  }

  #firstOf(key: Uint8Array, look: Look): { readonly value: Uint8Array | undefined } {
    if (this.#first?.key !== key) this.#first = { key, value: this.#get(key, look, true)?.slice() };
    return this.#first;
  }

  #get(key: Uint8Array, look: Look, verify = false): Uint8Array | undefined {
    assertKey(key);
    try {
      const bytes = this.#database.getBinaryFast(key, look);
      if (bytes === undefined) return undefined;
      if (!this.#checked) return this.#lent.view(bytes, 0);
      if (verify && !isSound(key, this.#lent.view(bytes, 0))) throw changed(this.#folder, key);
      return this.#lent.view(bytes, CHECKSUM_BYTES);
    } catch (cause) {
      throw codedError(cause, "read", this.#folder);
    }
  }

  #slice(range: Parameters<LmdbDatabase["getRange"]>[0]): [Uint8Array, Uint8Array][] {
    const entries: [Uint8Array, Uint8Array][] = [];
    let bytes = 0;
    for (const { key, value } of this.#database.getRange(range)) {
      if (this.#checked && !isSound(key, value)) throw changed(this.#folder, key);
      entries.push([key, this.#checked ? value.subarray(0, value.length - CHECKSUM_BYTES) : value]);
      bytes += key.length + value.length;
      if (entries.length === SCAN_ENTRIES || bytes >= SCAN_BYTES) break;
    }
    return entries;
  }

  #useSnapshot(): ReadTransaction {
    this.#assertOpen();
    const snapshot = this.#newest();
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  /** Idempotent. LMDB must not be closed under a snapshot, so `close` releases what scans still hold. */
  #release(snapshot: ReadTransaction): void {
    if (this.#snapshots.delete(snapshot)) snapshot.done();
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw codedError(cause, "read", this.#folder);
    }
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw closed(this.#folder);
  }
}
