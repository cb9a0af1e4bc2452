/** Bytes of a buffer at first, and the most that is kept for the next. */
const FIRST = 2 ** 18;
const LARGEST = 2 ** 22;
/** Buffers that are kept. */
const MOST = 16;

/** Large texts put together as bytes, in memory that is used again: strings of their size cost more than what is in them. */
export class TextBuffers {
  private readonly free: Buffer[] = [];

  /** Puts texts together. The bytes are lent until they are given back. */
  join(texts: Iterable<string>): Buffer {
    let buffer = this.free.pop() ?? Buffer.allocUnsafeSlow(FIRST);
    let length = 0;
    for (const text of texts) {
      // A code unit takes three bytes at most.
      if (length + text.length * 3 > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, length + text.length * 3));
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
      length += buffer.write(text, length);
    }
    return buffer.subarray(0, length);
  }

  /** Takes back what `join` gave, once nobody reads it any more. */
  giveBack(bytes: Buffer): void {
    if (this.free.length < MOST && bytes.buffer.byteLength <= LARGEST) this.free.push(Buffer.from(bytes.buffer));
  }
}
