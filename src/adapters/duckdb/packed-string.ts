import { Buffer } from "node:buffer";
import { assert } from "../../core/assert.ts";

/**
 * Writes a string of at most 12 bytes of UTF-8 into its zeroed slot of 16: the length, then the bytes. Returns the
 * bytes it takes; a longer one is left to the caller.
 */
export function packString(text: string, data: Buffer, slot: number): number {
  if (text.length <= 12) {
    let i = 0;
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) break;
      data[slot + 4 + i] = unit;
    }
    if (i === text.length) return (data[slot] = i);
    data.fill(0, slot, slot + 16);
  }
  assert(text.isWellFormed(), "a string with a lone surrogate");
  const length = Buffer.byteLength(text, "utf8");
  if (length > 12) return length;
  data.write(text, slot + 4, "utf8");
  return (data[slot] = length);
}
