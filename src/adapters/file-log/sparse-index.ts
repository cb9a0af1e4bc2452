import type { LogPosition } from "../../ports/event-log.ts";

const SPACING = 256 * 1024;

/**
 * Where some of a segment's frames begin, a point every 256 kB, so that reading from a position starts near it. Filled by whoever
 * passes over the frames in order; a part nobody has passed over has no points and is scanned.
 */
export class SparseIndex {
  readonly #positions: LogPosition[] = [];
  readonly #offsets: number[] = [];

  add(position: LogPosition, offset: number): void {
    const last = this.#offsets.at(-1);
    if (last !== undefined && offset < last + SPACING) return;
    this.#positions.push(position);
    this.#offsets.push(offset);
  }

  /** The last known frame that begins at or before the position, or null. */
  before(position: LogPosition): { readonly position: LogPosition; readonly offset: number } | null {
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
