/** Bytes of a buffer at first, and the most that is kept for the next. */
const FIRST = 2 ** 18;
const LARGEST = 2 ** 22;
/** Buffers that are kept. */
const MOST = 16;

/** Large texts put together as bytes, in memory that is used again: strings of their size cost more than what is in them. */
export class TextBuffers {
  private readonly free: Buffer[] = [];

  /** Puts texts together that take so many bytes as UTF-8. The bytes are lent until they are given back. */
  join(texts: Iterable<string>, bytes: number): Buffer {
    let buffer = this.free.pop() ?? Buffer.allocUnsafeSlow(Math.max(FIRST, bytes));
    if (buffer.length < bytes) buffer = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, bytes));
    let length = 0;
    for (const text of texts) length += buffer.write(text, length);
    return buffer.subarray(0, length);
  }

  /** Takes back what `join` gave, once nobody reads it any more. */
  giveBack(bytes: Buffer): void {
    if (this.free.length < MOST && bytes.buffer.byteLength <= LARGEST) this.free.push(Buffer.from(bytes.buffer));
  }
}
