import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { assert } from "../../core/assert.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { CommitQueue } from "./commit-queue.ts";
import { assertKey, keyRange } from "./key-range.ts";
import { copyAside, inodeOf, moveIn } from "./rewritten-store.ts";
import { type LmdbDatabase, type LmdbOptions, openDatabase } from "./lmdb-database.ts";
import { closed, codedError } from "./lmdb-error.ts";

/** The age, in milliseconds, at which a snapshot is renewed by a reader that does not yield. */
const MAX_AGE = 1;
/** What a scan holds at a time, between two turns of the event loop. */
const SCAN_ENTRIES = 1_000;
const SCAN_BYTES = 2 ** 20;
const COUNT_ENTRIES = 20_000;
const CLEAR_ENTRIES = 10_000;

type ReadTransaction = ReturnType<LmdbDatabase["useReadTransaction"]>;

/** The online store in one LMDB environment, shared by processes: any number read, writers take turns. */
export class LmdbStore implements OnlineStore {
  #database: LmdbDatabase;
  readonly #folder: string;
  readonly #options: LmdbOptions;
  readonly #readOnly: boolean;
  readonly #commits: CommitQueue;
  readonly #snapshots = new Set<ReadTransaction>();
  #renewedAt = 0;
  #visiting = false;
  #closing: Promise<void> | null = null;
  /** While the store moves into another file. */
  #moving: Promise<void> | null = null;
  /** The data file that is open. */
  #inode: number;

  constructor(database: LmdbDatabase, folder: string, options: LmdbOptions) {
    this.#database = database;
    this.#folder = folder;
    this.#options = options;
    this.#readOnly = options.readOnly ?? false;
    this.#inode = inodeOf(folder) ?? 0;
    this.#commits = new CommitQueue(
      () => this.#database,
      (cause) => codedError(cause, "write to", folder),
    );
  }

  read(
    keys: readonly Uint8Array[],
    visit: (index: number, value: Uint8Array | undefined) => void,
  ): void | Promise<void> {
    this.#assertOpen();
    if (this.#moving !== null) return this.#moving.then(() => this.read(keys, visit));
    assert(!this.#visiting, "a visit must not read: the bytes it was lent would change");
    this.#renew();
    this.#visiting = true;
    try {
      for (let i = 0; i < keys.length; i++) visit(i, this.#get(keys[i]));
    } finally {
      this.#visiting = false;
    }
  }

  async commit(changes: readonly Put[]): Promise<void> {
    this.#assertOpen();
    assert(!this.#readOnly, "the online store was opened to read only");
    await this.#moving;
    await this.#commits.add(changes);
    // The snapshot of a read that went before, in this turn of the event loop or within its age, is an older one.
    this.#renewedAt = -Infinity;
  }

  async flushed(): Promise<void> {
    await this.#moving;
    this.#assertOpen();
    await this.#commits.settled();
    if (!this.#readOnly) await this.#database.flushed;
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
      this.#renew();
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
      while (this.#snapshots.size > 0) await nextTurn();
      await copyAside(this.#database, this.#folder, this.#options);
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
    for (const snapshot of this.#snapshots) this.#release(snapshot);
    await this.#database.close();
  }

  /** The driver keeps a snapshot for at least one turn of the event loop, and for ever in a loop that never yields. */
  #renew(): void {
    const now = performance.now();
    if (now - this.#renewedAt <= MAX_AGE) return;
    if (this.#readOnly) this.#followMoves();
    this.#database.resetReadTxn();
    this.#renewedAt = now;
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
    this.#inode = inodeOf(this.#folder) ?? 0;
    this.#database = openDatabase(this.#folder, this.#options);
    this.#renewedAt = 0;
  }

  #get(key: Uint8Array): Uint8Array | undefined {
    assertKey(key);
    try {
      const bytes = this.#database.getBinaryFast(key);
      // The driver's buffer overstates its `length` to JavaScript, and is longer than that to every native method.
      return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    } catch (cause) {
      throw codedError(cause, "read", this.#folder);
    }
  }

  #slice(range: Parameters<LmdbDatabase["getRange"]>[0]): [Uint8Array, Uint8Array][] {
    const entries: [Uint8Array, Uint8Array][] = [];
    let bytes = 0;
    for (const { key, value } of this.#database.getRange(range)) {
      entries.push([key, value]);
      bytes += key.length + value.length;
      if (entries.length === SCAN_ENTRIES || bytes >= SCAN_BYTES) break;
    }
    return entries;
  }

  #useSnapshot(): ReadTransaction {
    this.#assertOpen();
    this.#renew();
    const snapshot = this.#attempt(() => this.#database.useReadTransaction());
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
