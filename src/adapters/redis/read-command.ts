import { assertKey, MAX_KEY } from "./key-space.ts";

/** Bytes of what most reads ask for. */
const ROOM = 2 ** 14;
/** What a key has beside its own bytes and the head, at the most: its length as text, and two ends of line. */
const FRAME = 10;

/**
 * Builds `MGET` of a partition's marker and of keys in it, in memory that is used again: what reads ask for would be
 * much garbage. As much of it is kept as reads were under way at once.
 */
export class ReadCommand {
  readonly #head: Buffer;
  /** What goes before a key, by the key's length: the length of the whole name, and the head. */
  readonly #frames: (Buffer | undefined)[] = Array.from({ length: MAX_KEY + 1 });
  readonly #rooms: Buffer[] = [];
  /** What a command for as many keys as the last one begins with. */
  #start: { readonly keys: number; readonly bytes: Buffer } = { keys: -1, bytes: Buffer.alloc(0) };
  /** What looking at keys has found, so that it has an effect. */
  touched = 0;

  /** @param head what the names of all keys of the partition begin with, which is the marker's own name */
  constructor(head: Buffer) {
    this.#head = head;
  }

  /** The bytes are the caller's until they are released. @param keys of 1 to MAX_KEY bytes each */
  build(keys: readonly Uint8Array[]): Buffer {
    const start = this.#startFor(keys.length);
    const most = start.length + this.#bytesOf(keys) + 2;
    let buffer = this.#rooms.pop() ?? Buffer.allocUnsafeSlow(ROOM);
    if (buffer.length < most) buffer = Buffer.allocUnsafeSlow(most);
    buffer.set(start);
    // Loops: for what is as short as most keys are, a call takes longer than the copy.
    let at = start.length;
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k];
      const frame = this.#frames[key.length] ?? this.#frameOf(key.length);
      for (let i = 0; i < frame.length; i++) buffer[at++] = frame[i];
      for (let i = 0; i < key.length; i++) buffer[at++] = key[i];
    }
    buffer[at++] = 13;
    buffer[at++] = 10;
    return buffer.subarray(0, at);
  }

  /** Once nobody will read the bytes of a command any more. */
  release(command: Buffer): void {
    this.#rooms.push(Buffer.from(command.buffer));
  }

  #startFor(keys: number): Buffer {
    if (this.#start.keys !== keys) {
      const bytes = Buffer.concat([Buffer.from(`*${keys + 2}\r\n$4\r\nMGET\r\n`), this.#frameOf(0)]);
      this.#start = { keys, bytes };
    }
    return this.#start.bytes;
  }

  /**
   * How many bytes keys take in a command, at the most. A byte of each is looked at: those that are not at hand are fetched side
   * by side then, while copying one would wait for it before it came to the next.
   */
  #bytesOf(keys: readonly Uint8Array[]): number {
    let bytes = 0;
    let touched = 0;
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k];
      assertKey(key);
      bytes += FRAME + this.#head.length + key.length;
      touched ^= key[0];
    }
    this.touched = touched;
    return bytes;
  }

  #frameOf(length: number): Buffer {
    const line = Buffer.from(`\r\n$${this.#head.length + length}\r\n`);
    return (this.#frames[length] ??= Buffer.concat([length === 0 ? line.subarray(2) : line, this.#head]));
  }
}
