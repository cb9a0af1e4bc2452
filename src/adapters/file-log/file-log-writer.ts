import { rm, type FileHandle } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogEntry, LogPosition, NewEntry } from "../../ports/event-log.ts";
import { AppendQueue, type Waiting } from "./append-queue.ts";
import { writeDurably } from "./durable-write.ts";
import { EntryIterator, refusedSpan, spanOf } from "./entry-iterator.ts";
import { markFrame, MAX_COUNT, MAX_PAYLOAD, MAX_STREAM_BYTES } from "./frame.ts";
import { GroupBuffer } from "./group-buffer.ts";
import { inMemory, RecentEntries } from "./recent-entries.ts";
import type { FileLog } from "./file-log.ts";
import type { Recovered, Recovery } from "./recover.ts";
import { roomAhead } from "./room-ahead.ts";
import { HEADER_BYTES } from "./segment-header.ts";
import { createSegment, type Segment } from "./segment.ts";
import { diskRefused } from "./storage-error.ts";
import { syncFolder } from "./sync-folder.ts";
import type { WriterLock } from "./writer-lock.ts";

/** A group takes no further entry once it is this long. */
const GROUP_BYTES = 4 * 1024 * 1024;

/** From so many milliseconds on a sync is worth waiting for others that could share it. */
const SLOW_SYNC = 4;
/** Appends that are waited for, at most, and turns of the event loop without any. */
const GATHERED = 256;
const IDLE_TURNS = 4;

/**
 * Group commit: one loop writes what has gathered with one write that syncs, while the next group gathers.
 *
 * A failed write is final. A sync that failed once may succeed the second time with the data lost, so it is
 * never repeated; the file is cut back to what is durable, so that what was refused does not come back when the log is
 * opened anew. (A disk that refuses that too may bring it back: only then can a refused entry be in the log.)
 */
export class FileLogWriter implements FileLog {
  readonly recovery: Recovery | null;
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #lock: WriterLock;
  readonly #segments: Segment[];
  readonly #queue = new AppendQueue();
  readonly #arena = GroupBuffer.arena();
  readonly #recent = new RecentEntries();
  #handle: FileHandle;
  /** The durable length of the newest segment, and how long its file is: zeros may follow. */
  #offset: number;
  #room: number;
  #end: LogPosition;
  #durableStamp: Timestamp;
  #marked: boolean;
  #next: LogPosition;
  #lastStamp: Timestamp;
  #pendingBytes = 0;
  #group: Waiting[] = [];
  /** How long the last sync took, in milliseconds, and how many appends it had answered or made wait. */
  #syncTime = 0;
  #answered = 0;
  #work: Promise<void> | null = null;
  #dropping: Promise<void> = Promise.resolve();
  #failure: AsofError | null = null;
  #closing: Promise<void> | null = null;

  constructor(folder: string, segmentBytes: number, lock: WriterLock, recovered: Recovered) {
    const { segments, handle, tail, recovery } = recovered;
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#lock = lock;
    this.#segments = segments;
    this.#handle = handle;
    this.#offset = this.#room = tail.offset;
    this.#end = this.#next = tail.end;
    this.#durableStamp = this.#lastStamp = tail.lastStamp;
    this.#marked = tail.marked;
    this.recovery = recovery;
  }

  get start(): LogPosition {
    return this.#segments[0].first;
  }

  get end(): LogPosition {
    return this.#end;
  }

  get lastStamp(): Timestamp {
    return this.#lastStamp;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  append(entry: NewEntry): Promise<LogPosition> {
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    const { payload, count, stamp } = entry;
    checkEntry(entry, this.#lastStamp);
    if (payload.length > MAX_PAYLOAD) {
      const message = `an entry of ${payload.length} bytes; the log takes up to ${MAX_PAYLOAD}`;
      return Promise.reject(new AsofError("ASOF_TOO_LARGE", message, { bytes: payload.length, limit: MAX_PAYLOAD }));
    }
    const position = this.#next;
    this.#next += count;
    this.#lastStamp = stamp + count - 1;
    this.#pendingBytes += payload.length;
    return this.#enqueue(entry, position);
  }

  roll(): Promise<LogPosition> {
    const refusal = this.#refusal();
    return refusal === null ? this.#enqueue(null, this.#next) : Promise.reject(refusal);
  }

  read(from: LogPosition): AsyncIterable<LogEntry> {
    if (this.#closing !== null) return new EntryIterator(refusedSpan(from, this.#closed()));
    const recent = from >= this.start && from < this.#end ? this.#recent.from(from) : null;
    return recent === null
      ? new EntryIterator(spanOf(this.#segments, from, this.#end, this.#offset))
      : inMemory(recent);
  }

  async dropBefore(position: LogPosition): Promise<void> {
    assert(Number.isSafeInteger(position), `${position} is a log position`);
    if (this.#closing !== null) throw this.#closed();
    const dropped = this.#dropping.then(() => this.#drop(position));
    this.#dropping = dropped.catch(() => {});
    await dropped;
  }

  async bytes(): Promise<number> {
    if (this.#closing !== null) throw this.#closed();
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #enqueue(entry: NewEntry | null, position: LogPosition): Promise<LogPosition> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ entry, position, resolve, reject });
      this.#work ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        await this.#gather();
        const first = this.#queue.first;
        if (first === undefined) break;
        if (first.entry === null) await this.#roll();
        else await this.#writeGroup();
      }
    } catch (error) {
      await this.#fail(error);
    }
    this.#work = null;
  }

  /**
   * Appends of the same turn go together. Callers that the last group has answered often append again at once: where
   * the disk is slow they are waited for a little, by the measure of the sync that they would else wait for. Where it
   * is fast one group is better written while the next is read.
   */
  async #gather(): Promise<void> {
    const queue = this.#queue;
    await nextTurn();
    const expected = queue.length === 0 || this.#syncTime < SLOW_SYNC ? 0 : Math.min(this.#answered, GATHERED);
    if (queue.length >= expected) return;
    const until = performance.now() + this.#syncTime / 2;
    for (let idle = 0; idle < IDLE_TURNS && queue.length < expected && performance.now() < until;) {
      const before = queue.length;
      await nextTurn();
      idle = queue.length === before ? idle + 1 : 0;
    }
  }

  async #writeGroup(): Promise<void> {
    if (this.#offset >= this.#segmentBytes) await this.#beginSegment();
    const { seed, index } = this.#newest();
    const buffer = new GroupBuffer(this.#arena, seed, this.#offset);
    for (let item = this.#queue.first; item !== undefined && item.entry !== null; item = this.#queue.first) {
      const length = buffer.bytes;
      if (length > 0 && (length >= GROUP_BYTES || this.#offset + length >= this.#segmentBytes)) break;
      if (!buffer.add(item.entry, item.position)) break;
      index.add(item.position, this.#offset + length);
      this.#group.push(item);
      this.#queue.shift();
    }
    const end = this.#offset + buffer.bytes;
    const zeros = roomAhead(end, buffer.bytes, this.#room, this.#segmentBytes);
    const began = performance.now();
    await writeDurably(this.#handle, zeros === null ? buffer.pieces() : [...buffer.pieces(), zeros], this.#offset);
    this.#syncTime = performance.now() - began;
    // Those that gathered meanwhile are there already.
    this.#answered = this.#group.length + this.#queue.length;
    this.#offset = end;
    this.#room = Math.max(this.#room, end + (zeros?.length ?? 0));
    this.#newest().bytes = this.#offset;
    this.#marked = false;
    const last = this.#group.at(-1)!;
    this.#end = last.position + last.entry!.count;
    this.#durableStamp = last.entry!.stamp + last.entry!.count - 1;
    this.#recent.add(this.#group);
    for (const item of this.#group) {
      this.#pendingBytes -= item.entry!.payload.length;
      item.resolve(item.position);
    }
    this.#group = [];
  }

  async #roll(): Promise<void> {
    const item = this.#queue.shift()!;
    this.#group = [item];
    await this.#beginSegment();
    this.#group = [];
    item.resolve(this.#end);
  }

  /** What the new header says of the segment before it holds, since that one is durable to its end. */
  async #beginSegment(): Promise<void> {
    const { first } = this.#newest();
    if (first === this.#end) return;
    if (this.#room > this.#offset) await this.#cut(this.#offset);
    const { segment, handle } = await createSegment(this.#folder, {
      first: this.#end,
      lastStamp: this.#durableStamp,
      previous: { first, bytes: this.#offset },
    });
    const before = this.#handle;
    this.#handle = handle;
    this.#segments.push(segment);
    this.#offset = this.#room = HEADER_BYTES;
    this.#marked = false;
    await before.close();
  }

  async #fail(cause: unknown): Promise<void> {
    this.#failure = diskRefused("write", this.#newest().path, cause);
    await this.#cutBack();
    for (const item of this.#group) item.reject(this.#failure);
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) item.reject(this.#failure);
    this.#group = [];
    this.#pendingBytes = 0;
  }

  async #cutBack(): Promise<void> {
    try {
      await this.#cut(this.#offset);
    } catch {
      // The disk refuses all; what it refused first is what the caller learns.
    }
  }

  async #cut(length: number): Promise<void> {
    await this.#handle.truncate(length);
    await this.#handle.datasync();
    this.#room = length;
  }

  /** Oldest first, each durably, so that a crash leaves no gap. The newest stays: it remembers the last stamp. */
  async #drop(position: LogPosition): Promise<void> {
    for (;;) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined || next.first > position) return;
      try {
        await rm(oldest.path, { force: true });
        this.#segments.shift();
        await syncFolder(this.#folder);
      } catch (error) {
        throw diskRefused("delete", oldest.path, error);
      }
    }
  }

  async #close(): Promise<void> {
    // Appends refused from here on; those under way may still need several groups.
    while (this.#work !== null) await this.#work;
    await this.#dropping;
    try {
      if (this.#failure === null && !this.#marked && this.#offset > HEADER_BYTES) await this.#mark();
      await this.#handle.close();
    } finally {
      await this.#lock.release();
    }
  }

  /** Without its mark the log is as good; only damage of its last group could not be told from a torn tail. */
  async #mark(): Promise<void> {
    try {
      const mark = markFrame(this.#newest().seed, this.#end, this.#durableStamp, this.#offset);
      await writeDurably(this.#handle, [mark], this.#offset);
      if (this.#room > this.#offset + mark.length) await this.#cut(this.#offset + mark.length);
    } catch {
      await this.#cutBack();
    }
  }

  #newest(): Segment {
    return this.#segments.at(-1)!;
  }

  #refusal(): AsofError | null {
    return this.#closing === null ? this.#failure : this.#closed();
  }

  #closed(): AsofError {
    return new AsofError("ASOF_CLOSED", `the log in ${this.#folder} is closed`, { path: this.#folder });
  }
}

// Once for each record that comes alone: a text is made only of what is wrong.
function checkEntry({ stream, kind, count, stamp }: NewEntry, lastStamp: Timestamp): void {
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT)
    assert(false, `an entry holds 1 or more records, not ${count}`);
  if (!Number.isInteger(kind) || kind < 0 || kind > 255) assert(false, `a kind is a byte, not ${kind}`);
  if (!Number.isSafeInteger(stamp) || !Number.isSafeInteger(stamp + count - 1)) assert(false, `${stamp} is a stamp`);
  if (stamp <= lastStamp) assert(false, `stamps grow: ${stamp} follows ${lastStamp}`);
  // A code unit takes three bytes at most.
  const isShort = stream.length * 3 <= MAX_STREAM_BYTES || Buffer.byteLength(stream) <= MAX_STREAM_BYTES;
  assert(isShort && stream.isWellFormed(), "a stream's name is short Unicode");
}
