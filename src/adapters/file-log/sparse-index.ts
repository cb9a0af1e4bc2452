import type { LogPosition } from "../../ports/event-log.ts";

const SPACING = 256 * 1024;

interface Point {
  readonly position: LogPosition;
  readonly offset: number;
}

/**
 * Where some of a segment's frames begin, a point every 256 kB, so that reading from a position starts near it. Filled by whoever
 * passes over the frames in order; a part nobody has passed over has no points and is scanned. Beside these it has the
 * point where the last reading ended: who follows the log goes on there, mostly after a few frames.
 */
export class SparseIndex {
  readonly #positions: LogPosition[] = [];
  readonly #offsets: number[] = [];
  #ended: Point | null = null;

  add(position: LogPosition, offset: number): void {
    const last = this.#offsets.at(-1);
    if (last !== undefined && offset < last + SPACING) return;
    this.#positions.push(position);
    this.#offsets.push(offset);
  }

  /** A reading has ended between two frames, or behind the last. */
  ended(position: LogPosition, offset: number): void {
    this.#ended = { position, offset };
  }

  /** The last known place, at or before the position, between two frames, or null. */
  before(position: LogPosition): Point | null {
    const ended = this.#ended;
    if (ended !== null && ended.position === position) return ended;
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#positions[middle] <= position) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : { position: this.#positions[low - 1], offset: this.#offsets[low - 1] };
  }
}
