import type { NewEntry, LogPosition } from "../../ports/event-log.ts";
import { frameBytes, MAX_STREAM_BYTES, writeFrame } from "./frame.ts";

/** From here on a payload is written from where it is instead of being copied. */
const COPY_BELOW = 16 * 1024;
const ARENA_BYTES = 1024 * 1024;

/**
 * The frames of one group as few buffers for one write. Small frames are copied one behind the other into an arena,
 * which is used again for the next group: `take` only when the last group has been written.
 */
export class GroupBuffer {
  readonly #seed: number;
  readonly #synced: number;
  readonly #arena: Buffer;
  #used = 0;
  #pieceStart = 0;
  #pieces: Uint8Array[] = [];
  bytes = 0;

  /** `synced` is how much of the segment is durable, which is also where the group will begin. */
  constructor(arena: Buffer, seed: number, synced: number) {
    this.#arena = arena;
    this.#seed = seed;
    this.#synced = synced;
  }

  static arena(): Buffer {
    return Buffer.allocUnsafeSlow(ARENA_BYTES);
  }

  /** False where there is no room left: the entry belongs to the next group. An empty group has room for any. */
  add(entry: NewEntry, position: LogPosition): boolean {
    const copied = entry.payload.length < COPY_BELOW;
    const room = frameBytes(MAX_STREAM_BYTES, copied ? entry.payload.length : 0);
    if (this.#used + room > this.#arena.length) return false;
    const frame = { position, stamp: entry.stamp, synced: this.#synced, count: entry.count, kind: entry.kind };
    const start = this.#used;
    this.#used = writeFrame(this.#arena, start, this.#seed, frame, entry.stream, entry.payload, copied);
    this.bytes += this.#used - start;
    if (!copied) {
      this.bytes += entry.payload.length;
      this.#cut();
      this.#pieces.push(entry.payload);
    }
    return true;
  }

  /** What is to be written, in order. */
  pieces(): Uint8Array[] {
    this.#cut();
    return this.#pieces;
  }

  #cut(): void {
    if (this.#used > this.#pieceStart) this.#pieces.push(this.#arena.subarray(this.#pieceStart, this.#used));
    this.#pieceStart = this.#used;
  }
}
