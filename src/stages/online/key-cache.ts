import type { KeyState } from "../../core/tile/key-state.ts";
import type { Value } from "../../core/schema/data-type.ts";

/** A key's values as one value that a map can tell from all others of its view. */
export type KeyName = Exclude<Value, null>;

/** A key of a view in memory, with its state where that is read already. */
export interface CachedKey {
  readonly name: KeyName;
  /** The key of its head record. */
  readonly head: Uint8Array;
  state: KeyState | null;
  /** The bytes of its head record in the store; 0 where there is none. */
  stored: number;
  /** The last batch that changed it. */
  batch: number;
  /** The batch in which it got its place among the others. */
  placed: number;
}

/** What a key in memory takes beside what it takes as bytes, roughly. */
const OVERHEAD = 512;
/** How many times more memory a state takes than its bytes, roughly. */
const EXPANSION = 4;

/**
 * Key states of a view that are kept decoded from batch to batch. They are what the store holds, or will hold once the
 * commit under way is done; so what a batch changes must stay until its commit is.
 */
export class KeyCache {
  private readonly keys = new Map<KeyName, CachedKey>();
  private memory = 0;

  get size(): number {
    return this.keys.size;
  }

  get(name: KeyName): CachedKey | undefined {
    return this.keys.get(name);
  }

  add(name: KeyName, head: Uint8Array, batch: number): CachedKey {
    const key: CachedKey = { name, head, state: null, stored: 0, batch: -1, placed: batch };
    this.keys.set(name, key);
    this.memory += OVERHEAD;
    return key;
  }

  /** Says what a key's head record takes in the store. */
  stored(key: CachedKey, bytes: number): void {
    this.memory += EXPANSION * (bytes - key.stored);
    key.stored = bytes;
  }

  delete(key: CachedKey): void {
    if (this.keys.delete(key.name)) this.memory -= OVERHEAD + EXPANSION * key.stored;
  }

  /** Lets go of keys, those that are longest unused first, down to so many bytes; what changed in `since` or later stays. */
  trim(bytes: number, since: number): void {
    let left = this.keys.size;
    for (const key of this.keys.values()) {
      if (this.memory <= bytes || left-- === 0) return;
      if (key.batch < since && key.batch <= key.placed) this.delete(key);
      else if (key.batch > key.placed) {
        // It was used since it got its place: it gets a new one, behind the others.
        this.keys.delete(key.name);
        key.placed = key.batch;
        this.keys.set(key.name, key);
      }
    }
  }
}
