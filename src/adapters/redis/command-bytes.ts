import { Command } from "ioredis";
import { assert } from "../../core/assert.ts";

/** Commands share memory of this many bytes: each with its own would cost more in garbage than in copying. */
const SLAB = 2 ** 18;
/** A larger command has its own. */
const LARGE = 2 ** 15;
/** Bytes that a word has beside its own: its length as text, and two ends of line. */
const FRAME = 16;
/** Up to this length a loop copies faster than a call. */
const SHORT = 64;

let slab = Buffer.allocUnsafeSlow(SLAB);
let used = 0;

/** Builds a command of Redis's protocol in one buffer. */
export class CommandBytes {
  #buffer: Buffer;
  #start: number;
  #at: number;
  readonly #end: number;

  /** `words`: how many the command has with its name; `size`: how many bytes these have together, at least. */
  constructor(words: number, size: number) {
    const bytes = size + FRAME * (words + 1);
    if (bytes < LARGE) {
      if (used + bytes > SLAB) {
        slab = Buffer.allocUnsafeSlow(SLAB);
        used = 0;
      }
      this.#buffer = slab;
      this.#start = used;
      // Nothing else is built before this one is finished.
      used += bytes;
    } else {
      this.#buffer = Buffer.allocUnsafeSlow(bytes);
      this.#start = 0;
    }
    this.#at = this.#start;
    this.#end = this.#start + bytes;
    this.#number(42, words);
  }

  text(word: string): this {
    return this.joined(EMPTY, Buffer.from(word, "latin1"));
  }

  bytes(word: Uint8Array): this {
    return this.joined(EMPTY, word);
  }

  /** One word of two parts. */
  joined(head: Uint8Array, tail: Uint8Array): this {
    this.#number(36, head.length + tail.length);
    this.#copy(head);
    this.#copy(tail);
    this.#buffer[this.#at++] = 13;
    this.#buffer[this.#at++] = 10;
    return this;
  }

  finish(): Buffer {
    assert(this.#at <= this.#end, "a command is as long as was said at the most");
    return this.#buffer.subarray(this.#start, this.#at);
  }

  #copy(bytes: Uint8Array): void {
    const buffer = this.#buffer;
    let at = this.#at;
    if (bytes.length <= SHORT) for (let i = 0; i < bytes.length; i++) buffer[at++] = bytes[i];
    else {
      buffer.set(bytes, at);
      at += bytes.length;
    }
    this.#at = at;
  }

  /** A number behind its sign of what it counts, and the end of the line. */
  #number(sign: number, value: number): void {
    const buffer = this.#buffer;
    buffer[this.#at++] = sign;
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    for (let rest = value, i = this.#at + digits - 1; i >= this.#at; i--, rest = Math.floor(rest / 10))
      buffer[i] = 48 + (rest % 10);
    this.#at += digits;
    buffer[this.#at++] = 13;
    buffer[this.#at++] = 10;
  }
}

const EMPTY = new Uint8Array(0);

/** A command whose bytes are built already: the driver's own way copies each word several times. */
export class BuiltCommand extends Command {
  readonly #built: Buffer;
  readonly #slot: number;

  constructor(name: string, built: Buffer, slot: number) {
    super(name);
    this.#built = built;
    this.#slot = slot;
  }

  override getSlot(): number {
    return this.#slot;
  }

  override toWritable(): Buffer {
    return this.#built;
  }
}
