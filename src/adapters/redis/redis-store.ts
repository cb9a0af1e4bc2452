import { setTimeout as sleep } from "node:timers/promises";
import { assert } from "../../core/assert.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { Circuit } from "./circuit.ts";
import { CommitQueue } from "./commit-queue.ts";
import type { KeySpace } from "./key-space.ts";
import { MarkerCheck } from "./marker-check.ts";
import type { RedisClient } from "./redis-client.ts";
import { closed, isTransient, unavailable } from "./redis-error.ts";
import type { RedisWriter } from "./redis-writer.ts";
import { rewriteFiles } from "./rewritten-files.ts";
import { storedKeys } from "./stored-keys.ts";

/** Between two tries of a read, in milliseconds. */
const PAUSES_MS = [1, 2, 5, 10, 20];
/** Keys of one read of a scan, and of one commit of a removal. */
const SCAN_KEYS = 1_000;
const CLEAR_KEYS = 5_000;
/** Keys of one read for which the time allowed is meant; a larger read has more of it. */
const TIMED_KEYS = 1_000;

export interface RedisStoreParts {
  readonly space: KeySpace;
  /** Connections that reads take in turns. */
  readonly readers: readonly RedisClient[];
  /** Null in a process that only reads. */
  readonly writing: { readonly client: RedisClient; readonly writer: RedisWriter } | null;
  readonly owner: string;
  /** In milliseconds. */
  readonly timeout: number;
}

interface Part {
  readonly partition: number;
  readonly keys: Uint8Array[];
  /** Where the keys stand among those that were asked for. */
  readonly places: number[];
}

/** Values in the order of the keys asked for, from an index on. */
interface Found {
  readonly values: readonly (Buffer | null)[];
  readonly from: number;
}

/** The online store in a Redis, or in a Redis Cluster. See docs/online-stores.md for what it promises and how. */
export class RedisStore implements OnlineStore {
  readonly #parts: RedisStoreParts;
  readonly #check: MarkerCheck;
  readonly #circuit: Circuit;
  readonly #commits: CommitQueue;
  readonly #address: string;
  #turn = 0;
  #visiting = false;
  #closing: Promise<void> | null = null;

  constructor(parts: RedisStoreParts) {
    this.#parts = parts;
    this.#address = parts.readers[0].address;
    this.#check = new MarkerCheck(parts);
    this.#circuit = new Circuit(() => this.#probe());
    this.#commits = new CommitQueue((changes) => parts.writing!.writer.commit(changes));
  }

  async read(
    keys: readonly Uint8Array[],
    visit: (index: number, value: Uint8Array | undefined) => void,
  ): Promise<void> {
    this.#assertOpen();
    assert(!this.#visiting, "a visit must not read");
    const { values, from } = await this.#values(keys);
    this.#visiting = true;
    try {
      for (let i = 0; i < keys.length; i++) visit(i, values[from + i] ?? undefined);
    } finally {
      this.#visiting = false;
    }
  }

  async commit(changes: readonly Put[]): Promise<void> {
    this.#assertOpen();
    assert(this.#parts.writing !== null, "the online store was opened to read only");
    await this.#commits.add(changes);
  }

  /** There is nothing to do: every read asks the server. */
  refresh(): void {
    this.#assertOpen();
  }

  /** What a loss of power leaves is the server's business: what it loses is found out before anything is read. */
  async flushed(): Promise<void> {
    this.#assertOpen();
    if (this.#parts.writing !== null) await this.#commits.settled();
  }

  async *scan(prefix: Uint8Array): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    this.#assertOpen();
    const keys = [...(await this.#keys(prefix)).values()].sort((a, b) => Buffer.compare(a, b));
    for (let from = 0; from < keys.length; from += SCAN_KEYS) {
      this.#assertOpen();
      const portion = keys.slice(from, from + SCAN_KEYS);
      const { values, from: first } = await this.#values(portion);
      for (const [i, key] of portion.entries()) {
        this.#assertOpen();
        const value = values[first + i];
        if (value !== null) yield [key, new Uint8Array(value)];
      }
    }
  }

  async clear(prefix: Uint8Array): Promise<void> {
    this.#assertOpen();
    const { writing, space } = this.#parts;
    assert(writing !== null, "the online store was opened to read only");
    if (prefix.length === 0) return writing.writer.startAnew();
    await this.#commits.settled();
    let removed: Put[] = [];
    for await (const keys of storedKeys(writing.client, space, prefix)) {
      for (const key of keys) removed.push([key, null]);
      if (removed.length < CLEAR_KEYS) continue;
      await this.commit(removed);
      removed = [];
    }
    await this.commit(removed);
  }

  async count(prefix: Uint8Array): Promise<number> {
    this.#assertOpen();
    return (await this.#keys(prefix)).size;
  }

  async bytes(): Promise<number> {
    this.#assertOpen();
    return (await this.#parts.readers[0].infos()).reduce((sum, { memory }) => sum + memory, 0);
  }

  async rewrite(): Promise<void> {
    this.#assertOpen();
    assert(this.#parts.writing !== null, "the online store was opened to read only");
    await this.#commits.settled();
    await rewriteFiles(this.#parts.writing.client);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    const { readers, writing } = this.#parts;
    if (writing !== null) await this.#commits.settled();
    this.#circuit.close();
    for (const client of readers) client.close();
    writing?.client.close();
  }

  /** The values of keys in one whole state of the store; null where there is none. */
  async #values(keys: readonly Uint8Array[]): Promise<Found> {
    const asked = this.#split(keys);
    if (keys.length === 0) return { values: [], from: 0 };
    if (this.#circuit.isOpen) throw unavailable(`Redis at ${this.#address} has not answered lately`);
    const patience = this.#parts.timeout * Math.max(1, keys.length / TIMED_KEYS);
    const end = performance.now() + patience;
    for (let attempt = 0; ; attempt++) {
      if (attempt > 0) await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length) - 1]);
      try {
        const found = await this.#attempt(asked, keys.length, Math.max(1, end - performance.now()));
        if (found !== null) {
          this.#circuit.succeeded();
          return found;
        }
        if (performance.now() > end)
          throw unavailable(`what is in Redis at ${this.#address} changed each time it was read`);
      } catch (error) {
        this.#assertOpen();
        if (!isTransient(error)) throw error;
        if (performance.now() + PAUSES_MS.at(-1)! < end) continue;
        this.#circuit.failed();
        throw error;
      }
    }
  }

  #split(keys: readonly Uint8Array[]): Part[] {
    const { space } = this.#parts;
    if (space.partitions === 1) return [{ partition: 0, keys: keys as Uint8Array[], places: [] }];
    // What the first partition says is what the others are compared with.
    const parts = new Map<number, Part>([[0, { partition: 0, keys: [], places: [] }]]);
    for (const [place, key] of keys.entries()) {
      const partition = space.partitionOf(key);
      let part = parts.get(partition);
      if (part === undefined) parts.set(partition, (part = { partition, keys: [], places: [] }));
      part.keys.push(key);
      part.places.push(place);
    }
    return [...parts.values()];
  }

  /** Null where the parts are of different states, because a commit is under way. */
  async #attempt(asked: readonly Part[], count: number, patience: number): Promise<Found | null> {
    const { readers, writing } = this.#parts;
    const settled = writing?.writer.settled();
    if (settled !== null && settled !== undefined) await within(settled, patience, this.#address);
    writing?.writer.assertWhole();
    // A large read, as the fold has, does not hold up the others.
    const client = writing !== null && count > TIMED_KEYS ? writing.client : readers[this.#turn++ % readers.length];
    const acknowledged = writing?.writer.acknowledged ?? 0;
    const { reached } = this.#check;
    const answers =
      asked.length === 1
        ? [await client.values(0, asked[0].keys, patience)]
        : await Promise.all(asked.map(({ partition, keys }) => client.values(partition, keys, patience)));
    for (const [a, { partition }] of asked.entries()) {
      const [marker] = answers[a];
      const awaited =
        partition === 0
          ? this.#check.first(client, marker, acknowledged)
          : this.#check.other(client, partition, marker, reached);
      if (awaited === undefined) continue;
      await within(awaited, patience, this.#address);
      return null;
    }
    if (asked.length === 1) return { values: answers[0], from: 1 };
    const found: (Buffer | null)[] = Array.from({ length: count }, () => null);
    for (const [a, { places }] of asked.entries())
      for (const [i, place] of places.entries()) found[place] = answers[a][i + 1];
    return { values: found, from: 0 };
  }

  async #keys(prefix: Uint8Array): Promise<Map<string, Uint8Array>> {
    const { readers, writing, space } = this.#parts;
    writing?.writer.assertWhole();
    const found = new Map<string, Uint8Array>();
    for await (const keys of storedKeys(readers[0], space, prefix)) {
      this.#assertOpen();
      for (const key of keys) found.set(Buffer.from(key).toString("latin1"), key);
    }
    return found;
  }

  /** Whether there is an answer again, with nothing missing. */
  async #probe(): Promise<void> {
    const { timeout, readers } = this.#parts;
    await Promise.all(readers.map((client) => client.values(0, [], timeout)));
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw closed(this.#address);
  }
}

async function within<T>(work: Promise<T>, patience: number, address: string): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(() => timer.reject(unavailable(`Redis at ${address} did not answer in time`)), patience);
  try {
    return await Promise.race([work, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
