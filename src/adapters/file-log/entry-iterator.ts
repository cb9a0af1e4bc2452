import { open, type FileHandle } from "node:fs/promises";
import { AsofError } from "../../core/errors.ts";
import { assert } from "../../core/assert.ts";
import type { LogEntry, LogPosition } from "../../ports/event-log.ts";
import { FrameCursor } from "./frame-cursor.ts";
import { HEADER_BYTES } from "./segment-header.ts";
import type { Segment } from "./segment.ts";
import { corrupt, diskRefused, systemCode } from "./storage-error.ts";

/** What an iteration covers, fixed when it was asked for: the log from the entry that holds `from` up to `end`. */
export interface Span {
  readonly segments: readonly { readonly segment: Segment; readonly limit: number }[];
  readonly from: LogPosition;
  readonly end: LogPosition;
  /** Why it cannot be read; the first step throws it. */
  readonly refusal: AsofError | null;
}

/** The span from `from` to `end`, where the last segment counts up to `limit`. */
export function spanOf(segments: readonly Segment[], from: LogPosition, end: LogPosition, limit: number): Span {
  assert(Number.isSafeInteger(from) && from >= 0, `${from} is a log position`);
  const start = segments[0]?.first ?? 0;
  if (from < start) return refusedSpan(from, dropped(from, start));
  if (from >= end) return { segments: [], from, end, refusal: null };
  const beyond = segments.findIndex((segment) => segment.first > from);
  const holder = beyond === -1 ? segments.length - 1 : beyond - 1;
  const last = segments.length - 1;
  const parts = segments.slice(holder).map((segment, i) => ({
    segment,
    limit: holder + i === last ? limit : segment.bytes,
  }));
  return { segments: parts, from, end, refusal: null };
}

export function refusedSpan(from: LogPosition, refusal: AsofError): Span {
  return { segments: [], from, end: from, refusal };
}

/**
 * Reads a span. An open segment is read to its end even where it is dropped meanwhile; one that was dropped before
 * it was reached ends the iteration with ASOF_BEFORE_RETENTION. Written out rather than as a generator, since a step
 * within the buffer then costs a third.
 */
export class EntryIterator implements AsyncIterableIterator<LogEntry> {
  readonly #span: Span;
  #part = -1;
  #handle: FileHandle | null = null;
  #cursor: FrameCursor | null = null;
  #expected: LogPosition = 0;

  constructor(span: Span) {
    this.#span = span;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<LogEntry, undefined>> {
    try {
      const entry = this.#fromBuffer();
      return entry === null ? this.#advance() : Promise.resolve({ done: false, value: entry });
    } catch (error) {
      return this.#fail(error);
    }
  }

  async return(): Promise<IteratorResult<LogEntry, undefined>> {
    this.#part = this.#span.segments.length;
    await this.#leave();
    return { done: true, value: undefined };
  }

  /** The next entry of the segment, as far as the buffer reaches. */
  #fromBuffer(): LogEntry | null {
    const cursor = this.#cursor;
    if (cursor === null) return null;
    while (cursor.step() === "frame") {
      if (cursor.position !== this.#expected) throw this.#outOfPlace(cursor);
      if (cursor.count > 0 && !cursor.isPlaced())
        throw corrupt(this.#path(), cursor.offset, `${cursor.stamp} is no stamp of ${cursor.count} records`);
      this.#expected += cursor.count;
      this.#span.segments[this.#part].segment.index.add(cursor.position, cursor.offset);
      if (this.#expected > this.#span.from && cursor.count > 0) return cursor.entry();
    }
    return null;
  }

  async #advance(): Promise<IteratorResult<LogEntry, undefined>> {
    try {
      for (;;) {
        const entry = this.#fromBuffer();
        if (entry !== null) return { done: false, value: entry };
        const step = this.#cursor?.step() ?? "end";
        if (step === "more") await this.#cursor!.fill();
        else if (step === "damaged") throw corrupt(this.#path(), this.#cursor!.offset, "no whole entry begins there");
        else if (!(await this.#enterNext())) return { done: true, value: undefined };
      }
    } catch (error) {
      return this.#fail(error);
    }
  }

  async #fail(error: unknown): Promise<never> {
    const failure = diskRefused("read", this.#path(), error);
    await this.return();
    throw failure;
  }

  /** Opens the next segment of the span; false after the last one. */
  async #enterNext(): Promise<boolean> {
    const { segments, from, end, refusal } = this.#span;
    if (refusal !== null) throw refusal;
    const reached = segments[this.#part + 1]?.segment.first ?? end;
    if (this.#cursor !== null && this.#expected !== reached)
      throw corrupt(this.#path(), this.#cursor.offset, `it ends at ${this.#expected} instead of ${reached}`);
    if (this.#cursor !== null) segments[this.#part].segment.index.ended(this.#expected, this.#cursor.next);
    await this.#leave();
    const part = segments[this.#part + 1];
    if (part === undefined) return false;
    const { segment, limit } = part;
    try {
      this.#handle = await open(segment.path, "r");
    } catch (error) {
      if (systemCode(error) === "ENOENT") throw dropped(Math.max(from, segment.first), null, error);
      throw diskRefused("read", segment.path, error);
    }
    this.#part++;
    const near = segment.index.before(from) ?? { position: segment.first, offset: HEADER_BYTES };
    this.#expected = near.position;
    this.#cursor = new FrameCursor(this.#handle, segment.seed, near.offset, limit);
    return true;
  }

  async #leave(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#cursor = null;
    await handle?.close();
  }

  #outOfPlace(cursor: FrameCursor): AsofError {
    const why = `an entry at ${cursor.position} stands where ${this.#expected} should`;
    return corrupt(this.#path(), cursor.offset, why);
  }

  #path(): string {
    return this.#span.segments[this.#part]?.segment.path ?? "the log";
  }
}

function dropped(from: LogPosition, start: LogPosition | null, cause?: unknown): AsofError {
  const kept = start === null ? "" : `; the log begins at ${start}`;
  const message = `position ${from} has been dropped from the log${kept}`;
  return new AsofError("ASOF_BEFORE_RETENTION", message, { position: from, start }, cause);
}
