/** Longer values are copied by the driver into memory of their own. */
const LONGEST = 4096;

/**
 * The values that the driver lends, as they are: its buffer overstates its `length` to JavaScript, and is longer than that
 * to every native method. All short values stand at the beginning of one buffer, so views of the same length are one.
 */
export class LentViews {
  #buffer: ArrayBufferLike | null = null;
  #offset = 0;
  #byLength: (Uint8Array | undefined)[] = [];

  /** All but the last `less` bytes of a value. */
  view(lent: Uint8Array, less: number): Uint8Array {
    const { buffer, byteOffset } = lent;
    const length = lent.length - less;
    if (length > LONGEST) return new Uint8Array(buffer, byteOffset, length);
    if (buffer !== this.#buffer || byteOffset !== this.#offset) {
      this.#buffer = buffer;
      this.#offset = byteOffset;
      this.#byLength = [];
    }
    return (this.#byLength[length] ??= new Uint8Array(buffer, byteOffset, length));
  }
}
