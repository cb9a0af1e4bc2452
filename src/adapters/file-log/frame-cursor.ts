import type { FileHandle } from "node:fs/promises";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogEntry, LogPosition } from "../../ports/event-log.ts";
import { FRAME_HEAD, isFrame } from "./frame.ts";

const BUFFER_BYTES = 1024 * 1024;

/**
 * - `frame`: the cursor stands on a whole frame.
 * - `more`: call `fill`, then step again.
 * - `end`: the limit is reached.
 * - `damaged`: at `offset` there are bytes, but no frame.
 */
export type Step = "frame" | "more" | "end" | "damaged";

/**
 * Passes over the frames of one segment in order. Stepping is synchronous while the buffer lasts. What `entry` gives is
 * valid until the next step or fill.
 */
export class FrameCursor {
  /** Where the current frame begins in the file, or the damage. */
  offset: number;
  /** One past the current frame. */
  next: number;
  position: LogPosition = 0;
  stamp: Timestamp = 0;
  synced = 0;
  count = 0;

  readonly #handle: FileHandle;
  readonly #seed: number;
  readonly #home: Buffer;
  #limit: number;
  #buffer: Buffer;
  #view: DataView;
  /** The file's offset of the buffer's first byte. */
  #base: number;
  #filled = 0;
  #stream = "";
  #streamBytes = Buffer.alloc(0);

  /** Reads frames from `offset`, which must be the beginning of one, up to `limit`. */
  constructor(handle: FileHandle, seed: number, offset: number, limit: number) {
    this.#handle = handle;
    this.#seed = seed;
    this.#limit = limit;
    this.offset = offset;
    this.next = offset;
    this.#base = offset;
    this.#home = Buffer.allocUnsafeSlow(Math.max(FRAME_HEAD, Math.min(BUFFER_BYTES, limit - offset)));
    this.#buffer = this.#home;
    this.#view = new DataView(this.#buffer.buffer);
  }

  step(): Step {
    this.offset = this.next;
    const remaining = this.#limit - this.offset;
    if (remaining <= 0) return "end";
    if (remaining < FRAME_HEAD) return "damaged";
    const at = this.offset - this.#base;
    const there = this.#filled - at;
    if (there < FRAME_HEAD) return "more";
    const view = this.#view;
    const length = view.getUint32(at + 4, true);
    if (length < FRAME_HEAD + view.getUint16(at + 34, true) || length > remaining) return "damaged";
    if (there < length) return "more";
    if (!isFrame(this.#buffer, at, length, this.#seed)) return "damaged";
    this.next = this.offset + length;
    this.position = view.getFloat64(at + 8, true);
    this.stamp = view.getFloat64(at + 16, true);
    this.synced = view.getUint32(at + 24, true);
    this.count = view.getUint32(at + 28, true);
    return "frame";
  }

  /** Whether the current frame's records have positions and stamps that are exact: its checksum does not say so. */
  isPlaced(): boolean {
    const { position, stamp, count } = this;
    return Number.isSafeInteger(stamp) && Number.isSafeInteger(stamp + count) && Number.isSafeInteger(position + count);
  }

  /** Reads on, enough for the next step. A file shorter than the limit becomes the limit. */
  async fill(): Promise<void> {
    const at = this.next - this.#base;
    const there = this.#filled - at;
    const length = there < FRAME_HEAD ? FRAME_HEAD : this.#view.getUint32(at + 4, true);
    const from = this.#buffer;
    if (length > this.#home.length) this.#use(Buffer.allocUnsafeSlow(length));
    else this.#use(this.#home);
    from.copy(this.#buffer, 0, at, this.#filled);
    this.#base = this.next;
    this.#filled = there;
    while (this.#filled < length) {
      const wanted = Math.min(this.#buffer.length - this.#filled, this.#limit - this.#base - this.#filled);
      const { bytesRead } = await this.#handle.read(this.#buffer, this.#filled, wanted, this.#base + this.#filled);
      if (bytesRead === 0) {
        this.#limit = this.#base + this.#filled;
        return;
      }
      this.#filled += bytesRead;
    }
  }

  /** The entry of the current frame, which is no mark. */
  entry(): LogEntry {
    const at = this.offset - this.#base;
    const kind = this.#view.getUint8(at + 32);
    const name = at + FRAME_HEAD;
    const payload = name + this.#view.getUint16(at + 34, true);
    return {
      position: this.position,
      stream: this.#nameOf(name, payload),
      kind,
      count: this.count,
      stamp: this.stamp,
      // Not a Buffer: its `slice` would not copy.
      payload: new Uint8Array(this.#buffer.buffer, payload, this.next - this.#base - payload),
    };
  }

  /** Neighbours are mostly of one stream, so the last name is kept. */
  #nameOf(start: number, end: number): string {
    const last = this.#streamBytes;
    if (last.length !== end - start || this.#buffer.compare(last, 0, last.length, start, end) !== 0) {
      this.#streamBytes = Buffer.from(this.#buffer.subarray(start, end));
      this.#stream = this.#streamBytes.toString("utf8");
    }
    return this.#stream;
  }

  #use(buffer: Buffer): void {
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }
}
