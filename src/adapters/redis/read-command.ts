import { MAX_KEY } from "./key-space.ts";

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

  /** @param head what the names of all keys of the partition begin with, which is the marker's own name */
  constructor(head: Buffer) {
    this.#head = head;
  }

  /** The bytes are the caller's until they are released. @param keys of at most MAX_KEY bytes each */
  build(keys: readonly Uint8Array[]): Buffer {
    const first = Buffer.concat([Buffer.from(`*${keys.length + 2}\r\n$4\r\nMGET\r\n`), this.#frameOf(0)]);
    let most = first.length + 2;
    for (const key of keys) most += FRAME + this.#head.length + key.length;
    let buffer = this.#rooms.pop() ?? Buffer.allocUnsafeSlow(ROOM);
    if (buffer.length < most) buffer = Buffer.allocUnsafeSlow(most);
    // Loops: for what is as short as most keys are, a call takes longer than the copy.
    let at = 0;
    for (let i = 0; i < first.length; i++) buffer[at++] = first[i];
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

  #frameOf(length: number): Buffer {
    const line = Buffer.from(`\r\n$${this.#head.length + length}\r\n`);
    return (this.#frames[length] ??= Buffer.concat([length === 0 ? line.subarray(2) : line, this.#head]));
  }
}
