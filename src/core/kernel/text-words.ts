import { assert } from "../assert.ts";

/** Texts of at most so many bytes of UTF-8 are whole in their four words. */
export const INLINE_BYTES = 12;

/**
 * Texts as four words each, the form of `Column.words`: the length in bytes, then the bytes of a text that is short
 * enough, zeros behind them. A longer one has its length alone.
 */
export function textWords(texts: readonly string[], rows: number): Uint32Array {
  const words = new Uint32Array(rows * 4);
  const bytes = new Uint8Array(words.buffer);
  for (let i = 0; i < rows; i++) {
    const at = i * 16 + 4;
    const { read, written } = encoder.encodeInto(texts[i], bytes.subarray(at, at + INLINE_BYTES));
    if (read === texts[i].length) {
      words[i * 4] = written;
      continue;
    }
    assert(texts[i].isWellFormed(), "a string with a lone surrogate");
    words.fill(0, i * 4 + 1, i * 4 + 4);
    words[i * 4] = encoder.encode(texts[i]).length;
  }
  return words;
}

const encoder = new TextEncoder();
