import { Command } from "ioredis";
import { assert } from "../../core/assert.ts";

/** Bytes that a word has beside its own: its length as text, and two ends of line. */
const FRAME = 16;
/** Up to this length a loop copies faster than a call. */
const SHORT = 64;

/** Builds a command of Redis's protocol in one buffer. */
export class CommandBytes {
  readonly #buffer: Buffer;
  #at = 0;

  /** `words`: how many the command has with its name; `size`: how many bytes these have together, at the most. */
  constructor(words: number, size: number) {
    this.#buffer = Buffer.allocUnsafeSlow(size + FRAME * (words + 1));
    this.#number(42, words);
  }

  text(word: string): this {
    return this.bytes(Buffer.from(word, "latin1"));
  }

  bytes(word: Uint8Array): this {
    this.#number(36, word.length);
    this.#copy(word);
    this.#buffer[this.#at++] = 13;
    this.#buffer[this.#at++] = 10;
    return this;
  }

  finish(): Buffer {
    assert(this.#at <= this.#buffer.length, "a command is as long as was said at the most");
    return this.#buffer.subarray(0, this.#at);
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
