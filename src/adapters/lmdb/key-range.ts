import { assert } from "../../core/assert.ts";

export const MAX_KEY = 511;

/** A key of the store's own, above every key that a caller can use, which ends each range that has no other end. */
export const LAST_KEY: Uint8Array = new Uint8Array(MAX_KEY + 1).fill(0xff);

export function assertKey({ length }: Uint8Array): void {
  if (length < 1 || length > MAX_KEY) assert(false, `a key has 1 to ${MAX_KEY} bytes, not ${length}`);
}

/** The keys that begin with `prefix`: from `start`, included, to `end`, excluded. */
export function keyRange(prefix: Uint8Array): { readonly start: Uint8Array; readonly end: Uint8Array } {
  assert(prefix.length <= MAX_KEY, `a prefix has at most ${MAX_KEY} bytes, not ${prefix.length}`);
  return { start: prefix.length === 0 ? Uint8Array.of(0) : prefix, end: successor(prefix) };
}

/** The least key above all that begin with `prefix`. */
function successor(prefix: Uint8Array): Uint8Array {
  const last = prefix.findLastIndex((byte) => byte !== 0xff);
  if (last === -1) return LAST_KEY;
  // A copy: the `slice` of a Buffer is not.
  const end = Uint8Array.from(prefix.subarray(0, last + 1));
  end[last]++;
  return end;
}
