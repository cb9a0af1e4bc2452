import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import {
  decodeIdentity,
  decodeIndexed,
  decodeStoredRequest,
  encodeIdentity,
  encodeIndexed,
  encodeStoredRequest,
  type StoredRequest,
} from "../../core/codec/identity-codec.ts";
import {
  EXPIRIES_PREFIX,
  expiryKey,
  expiryOf,
  IDENTITIES_KEY,
  IDENTITIES_PREFIX,
  recordsPrefix,
} from "../../core/codec/identity-keys.ts";
import { EarlierSums } from "../../core/codec/content-digest.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { withoutEventsBefore } from "../../core/identity/erasure.ts";
import { type Identity, unknown } from "../../core/identity/identity.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { conforming } from "../../core/schema/widening.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import { Turns } from "../../core/turns.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import type { GroupEntry, LogWriter } from "./log-writer.ts";
import type { SourceIdentity } from "./source-identity.ts";

interface Held<T> {
  readonly key: Uint8Array;
  readonly value: T;
}

/** What the log has brought since the last commit. */
interface Overlay {
  readonly identities: Map<string, Held<Identity>>;
  readonly requests: Map<string, Held<StoredRequest>>;
}

/** Changes that are held in memory before they are committed. */
const HELD = 8_192;
/** Changes of one sweep at the most: what is left is swept the next time. */
const SWEPT = 20_000;

/**
 * What is known of each id and of each idempotency key, for all sources: an index of the log, kept as bytes in the
 * online store up to a position, and in memory from there on. What is not committed when the process ends is taken
 * from the log again.
 *
 * Whoever decides about ids of a source does so in the source's turn: looks up, appends, puts. Nothing of that needs
 * to wait for the disk, but what is told to the outside does: for `durable`.
 */
export class Identities {
  private readonly store: OnlineStore;
  private readonly writer: LogWriter;
  private readonly schemas: StreamSchemas;
  private readonly turns = new Map<string, Turns>();
  private readonly flushes = new OneByOne();
  private readonly buffer = new ByteWriter();
  private overlay = empty();
  /** What is being committed. */
  private frozen: (Overlay & { readonly until: LogPosition; readonly durable: Promise<void> }) | null = null;
  private readonly holds = new Map<symbol, LogPosition>();
  private failure: Error | null = null;
  private appended: { readonly end: LogPosition; readonly durable: Promise<void> } = {
    end: 0,
    durable: Promise.resolve(),
  };
  /** What is committed: the log up to here need not be read any more. */
  position: LogPosition = 0;

  constructor(store: OnlineStore, writer: LogWriter, schemas: StreamSchemas) {
    this.store = store;
    this.schemas = schemas;
    this.writer = writer;
  }

  /** Reads where the index stands. */
  async open(): Promise<void> {
    await this.store.read([IDENTITIES_KEY], (_, bytes) => {
      if (bytes !== undefined) this.position = decodeIndexed(bytes);
    });
  }

  /** Runs work while no other decides about ids of the source; at once, where none does. */
  turn<T>(source: string, work: () => T | Promise<T>): Promise<T> {
    let turns = this.turns.get(source);
    if (turns === undefined) this.turns.set(source, (turns = new Turns()));
    return turns.run(() => {
      if (this.failure !== null) throw this.failure;
      return work();
    });
  }

  /**
   * All that is known of records of a source, by their keys; what counts is in the source's shape. A promise only where
   * the store answers with one.
   */
  lookUp(source: SourceIdentity, keys: readonly Uint8Array[]): Identity[] | Promise<Identity[]> {
    const conform = (found: Identity[]): Identity[] => found.map((one) => inShapeOf(source, one, this.schemas));
    const found = this.known(keys);
    return found instanceof Promise ? found.then(conform) : conform(found);
  }

  /** A record of a stream in the bytes of each shape that the stream had before and that has it. */
  earlier(stream: Stream, row: Row): Uint8Array[] {
    return this.schemas.earlier(stream).flatMap((bytesOf) => bytesOf(row) ?? []);
  }

  /** Sums of records of a stream, in each of those shapes. */
  earlierSums(stream: Stream): EarlierSums {
    return new EarlierSums(this.schemas.earlier(stream));
  }

  /** The same as it was written, whatever shape that is of. */
  known(keys: readonly Uint8Array[]): Identity[] | Promise<Identity[]> {
    return this.find(keys, ({ identities }) => identities, decodeIdentity, unknown);
  }

  request(key: Uint8Array): StoredRequest | null | Promise<StoredRequest | null> {
    const found = this.find<StoredRequest | null>([key], ({ requests }) => requests, decodeStoredRequest, null);
    return found instanceof Promise ? found.then(([one]) => one) : found[0];
  }

  private find<T>(
    keys: readonly Uint8Array[],
    of: (overlay: Overlay) => ReadonlyMap<string, Held<T>>,
    decode: (bytes: Uint8Array) => T,
    absent: T,
  ): T[] | Promise<T[]> {
    const values: T[] = Array.from({ length: keys.length }, () => absent);
    const missing: number[] = [];
    for (const [i, key] of keys.entries()) {
      const text = keyText(key);
      const held = of(this.overlay).get(text) ?? (this.frozen === null ? undefined : of(this.frozen).get(text));
      if (held === undefined) missing.push(i);
      else values[i] = held.value;
    }
    if (missing.length === 0) return values;
    const reading = this.store.read(
      missing.map((i) => keys[i]),
      (i, bytes) => {
        if (bytes !== undefined) values[missing[i]] = decode(bytes);
      },
      { verify: true },
    );
    return reading === undefined ? values : reading.then(() => values);
  }

  /** Whether nothing is known of any record of a source. */
  async isEmpty(source: string): Promise<boolean> {
    await this.flush();
    for await (const _ of this.store.scan(recordsPrefix(source))) return false;
    return true;
  }

  put(key: Uint8Array, value: Identity): void {
    this.overlay.identities.set(keyText(key), { key, value });
  }

  putRequest(key: Uint8Array, value: StoredRequest): void {
    this.overlay.requests.set(keyText(key), { key, value });
  }

  /** Appends entries whose outcome is put in the same turn. */
  append(stream: string, entries: readonly GroupEntry[]): ReturnType<LogWriter["appendGroup"]> {
    const appended = this.writer.appendGroup(stream, entries);
    this.appended = { end: this.writer.end.position, durable: appended.durable };
    appended.durable.then(
      () => this.commitSoon(),
      // The log takes no more, and what was put for it is not there.
      (error: unknown) => this.fail(error as Error),
    );
    return appended;
  }

  /** Settles once everything that was appended by now is on disk. */
  get durable(): Promise<void> {
    return this.appended.durable;
  }

  /** Where the log ends, with all that this index knows. */
  get end(): LogWriter["end"] {
    return this.writer.end;
  }

  /**
   * Keeps the position from going beyond one, the log's present end, until it is released: what enters the log from
   * there on is not in the index yet.
   */
  hold(position: LogPosition = this.writer.end.position): () => void {
    const held = Symbol("held");
    this.holds.set(held, position);
    return () => void this.holds.delete(held);
  }

  /** Refuses all decisions from here on: the index lacks what is in the log. The next start takes it from there. */
  fail(error: Error): void {
    this.failure = error;
  }

  /** Changes in memory that are not committed. */
  get held(): number {
    return this.overlay.identities.size + this.overlay.requests.size;
  }

  /**
   * Commits what is known of ids of which memory holds nothing, past the memory: many at a time, in the order of their
   * keys. The position stays as it is.
   */
  async enter(identities: readonly (readonly [key: Uint8Array, value: Identity])[]): Promise<void> {
    await this.store.commit(
      identities.map(([key, value]): Put => [key, this.bytes(() => encodeIdentity(this.buffer, value))]),
    );
  }

  /** Empties the index, so that it can be made again; until `madeUpTo` is told, the next start makes it again too. */
  async clear(): Promise<void> {
    await this.store.clear(IDENTITIES_PREFIX);
    this.position = 0;
  }

  /** Says that the index, made again, has the log up to a position. */
  async madeUpTo(position: LogPosition): Promise<void> {
    await this.flush();
    await this.store.commit([[IDENTITIES_KEY, this.bytes(() => encodeIndexed(this.buffer, position))]]);
    this.position = position;
  }

  /**
   * Changes what is known of ids of a source, in its turn, and commits that; null forgets an id. What the log holds of
   * them is not read again.
   */
  change(
    source: string,
    keys: readonly Uint8Array[],
    change: (key: Uint8Array, identity: Identity) => Identity | null,
  ): Promise<void> {
    return this.turn(source, async () => {
      // Neither memory nor the log may bring back what was known.
      await this.flush();
      const known = await this.known(keys);
      await this.store.commit(
        keys.map((key, i): Put => {
          const identity = change(key, known[i]);
          return [key, identity === null ? null : this.bytes(() => encodeIdentity(this.buffer, identity))];
        }),
      );
    });
  }

  /** Forgets the records of a source whose event lies before a moment; what else is known of their ids stays. */
  async forgetBefore(source: string, moment: Timestamp): Promise<void> {
    await this.flush();
    const forget = (keys: readonly Uint8Array[]): Promise<void> =>
      this.change(source, keys, (_, identity) => withoutEventsBefore(identity, moment));
    let keys: Uint8Array[] = [];
    for await (const [key, bytes] of this.store.scan(recordsPrefix(source))) {
      const { live } = decodeIdentity(bytes);
      if (live === null || live.event >= moment) continue;
      keys.push(key);
      if (keys.length < HELD) continue;
      await forget(keys);
      keys = [];
    }
    if (keys.length > 0) await forget(keys);
  }

  private commitSoon(): void {
    // A failure is met again by the next commit, which takes the same changes along.
    if (this.held >= HELD && this.frozen === null) this.flush().catch(() => {});
  }

  /** Commits what is in memory where that is much. */
  async flushSome(): Promise<void> {
    if (this.held >= HELD) await this.flush();
  }

  /** Commits what the index knows. */
  flush(): Promise<void> {
    return this.flushes.run(async () => {
      // What failed before goes first.
      while (this.frozen !== null) await this.commit(this.frozen);
      // What concerns ids comes into the log with its outcome put here, or under a hold.
      const end = Math.max(this.writer.log.end, this.appended.end);
      if (this.held === 0 && this.reach(end) === this.position) return;
      this.frozen = { ...this.overlay, until: end, durable: this.appended.durable };
      this.overlay = empty();
      await this.commit(this.frozen);
    });
  }

  private async commit({ identities, requests, until, durable }: NonNullable<typeof this.frozen>): Promise<void> {
    await durable;
    const changes: Put[] = [];
    for (const { key, value } of identities.values())
      changes.push([key, this.bytes(() => encodeIdentity(this.buffer, value))]);
    for (const { key, value } of requests.values()) {
      changes.push([key, this.bytes(() => encodeStoredRequest(this.buffer, value))]);
      changes.push([expiryKey(value.expires, key), new Uint8Array(0)]);
    }
    changes.sort(([a], [b]) => compareBytes(a, b));
    const position = this.reach(until);
    changes.push([IDENTITIES_KEY, this.bytes(() => encodeIndexed(this.buffer, position))]);
    await this.store.commit(changes);
    this.position = position;
    this.frozen = null;
  }

  private reach(until: LogPosition): LogPosition {
    return Math.max(this.position, Math.min(until, ...this.holds.values()));
  }

  private bytes(encode: () => void): Uint8Array {
    this.buffer.reset();
    encode();
    return this.buffer.finish();
  }

  /** Forgets the requests that need not be remembered any more. */
  sweep(now: Timestamp): Promise<void> {
    return this.flushes.run(async () => {
      const changes: Put[] = [];
      for await (const [key] of this.store.scan(EXPIRIES_PREFIX)) {
        const { expires, request } = expiryOf(key);
        if (expires >= now || changes.length >= SWEPT) break;
        changes.push([key, null]);
        const known = await this.request(request);
        // The key may have been used again since.
        if (known !== null && known.expires === expires) changes.push([request, null]);
      }
      if (changes.length > 0) await this.store.commit(changes);
    });
  }
}

function empty(): Overlay {
  return { identities: new Map(), requests: new Map() };
}

/** The version that counts as a record of the source's present shape, where it is from before its fields changed. */
function inShapeOf({ stream, content }: SourceIdentity, identity: Identity, schemas: StreamSchemas): Identity {
  const { live } = identity;
  if (live === null || live.schema === stream.schema) return identity;
  const row = conforming(schemas.fieldsOf(live.schema), stream.fields, stream.defaults ?? {});
  const decoded = schemas.codecOf(live.schema).decode(new ByteReader(live.row));
  return { ...identity, live: { ...live, ...content(row === null ? decoded : row(decoded)) } };
}

export function keyText(key: Uint8Array): string {
  return String.fromCharCode(...key);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
