import type { LogPosition, NewEntry } from "../../ports/event-log.ts";

/** What waits to be written: an entry with the position it will have, or the wish for a new segment. */
export interface Waiting {
  readonly entry: NewEntry | null;
  readonly position: LogPosition;
  readonly resolve: (position: LogPosition) => void;
  readonly reject: (error: Error) => void;
}

/** First in, first out, without moving what remains at each step. */
export class AppendQueue {
  #items: Waiting[] = [];
  #head = 0;

  get first(): Waiting | undefined {
    return this.#items[this.#head];
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Waiting): void {
    this.#items.push(item);
  }

  shift(): Waiting | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return item;
  }
}
