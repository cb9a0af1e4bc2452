import { Command } from "ioredis";

/** Builds a command of Redis's protocol in one buffer. */
export class CommandBytes {
  #buffer: Buffer;
  #at = 0;

  /** `args`: how many words the command has with its name; `size`: about how many bytes. */
  constructor(args: number, size: number) {
    this.#buffer = Buffer.allocUnsafe(size + 24 * args + 64);
    this.#write(`*${args}\r\n`);
  }

  text(word: string): this {
    return this.joined(EMPTY, Buffer.from(word, "latin1"));
  }

  bytes(word: Uint8Array): this {
    return this.joined(EMPTY, word);
  }

  /** One word of two parts. */
  joined(head: Uint8Array, tail: Uint8Array): this {
    const length = head.length + tail.length;
    this.#reserve(length + 24);
    this.#write(`$${length}\r\n`);
    this.#buffer.set(head, this.#at);
    this.#buffer.set(tail, this.#at + head.length);
    this.#at += length;
    this.#buffer[this.#at++] = 13;
    this.#buffer[this.#at++] = 10;
    return this;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #write(text: string): void {
    this.#at += this.#buffer.write(text, this.#at, "latin1");
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(2 * (this.#at + bytes));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
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
