import type { Timestamp } from "../core/time/timestamp.ts";

/**
 * The number of a record in the log, from 0, dense: an entry of n records takes n positions. A position is also
 * read as a cut: "the log up to p" is every record whose position is below p.
 */
export type LogPosition = number;

/** What is appended: `count` consecutive records of one stream, or one control entry (count 1). */
export interface NewEntry {
  /** The stream the entry belongs to, such as the name of a source. */
  readonly stream: string;
  /** What the payload is, as its stream's codec understands it: 0–255. */
  readonly kind: number;
  /** Records in the payload, ≥ 1. */
  readonly count: number;
  /** Arrival time of the first record; record i arrived at `stamp + i`. Strictly above all stamps before it. */
  readonly stamp: Timestamp;
  /** The log's own from the call on: nobody changes it any more. */
  readonly payload: Uint8Array;
}

export interface LogEntry extends NewEntry {
  /** The position of its first record. */
  readonly position: LogPosition;
}

/** The log as those who only read it see it. */
export type LogReader = Pick<EventLog, "start" | "end" | "lastStamp" | "read" | "bytes">;

/**
 * An append-only log of entries with one writer and many readers.
 *
 * - Order: entries are read in the order of their appends; positions are dense.
 * - Durability: an append's promise resolves once the entry is on stable storage; concurrent appends share one sync.
 *   A crash keeps every resolved entry whole and drops at most unresolved ones from the end.
 * - Damage: a torn tail (no entry behind it) is cut off when the writer opens; any other damage is
 *   `ASOF_CORRUPT`, naming the file and the byte.
 * - Failure: once an append has failed, its entry and those behind it are not in the log, and the log refuses
 *   appends until opened anew.
 */
export interface EventLog {
  /** The first position still kept (≥ 0). */
  readonly start: LogPosition;
  /** One past the last durable record. */
  readonly end: LogPosition;
  /** The greatest stamp ever appended, also where its entry has been dropped; −Infinity in a new log. */
  readonly lastStamp: Timestamp;

  /** Appends in the order of the calls. Rejects with ASOF_HOME where the disk refuses, ASOF_CLOSED after close. */
  append(entry: NewEntry): Promise<LogPosition>;

  /**
   * Durable entries from the one that holds `from`, up to the end at the time of the call. A yielded payload is
   * valid until the next step of the iteration; copy what must outlive it. @throws ASOF_CORRUPT
   */
  read(from: LogPosition): AsyncIterable<LogEntry>;

  /** Begins a new segment, so that what is in the log now can be dropped whole. Resolves to the end. */
  roll(): Promise<LogPosition>;

  /** Drops whole segments below `position`. `lastStamp` and positions survive. */
  dropBefore(position: LogPosition): Promise<void>;

  /** Bytes on disk. */
  bytes(): Promise<number>;

  /** Finishes appends under way, then releases the writer's hold. Idempotent. */
  close(): Promise<void>;
}
