import { AsofError } from "../../src/core/errors.ts";

/**
 * Attacks a decoder: beginnings of the bytes, the bytes and one more, and bytes changed at random. The first two
 * must be refused; the last may be refused or, where they are bytes of another value, read. Nothing else may come of
 * it: no other error, no endless loop.
 */
export function refusesDamage(bytes: Uint8Array, random: Iterator<number>, decode: (bytes: Uint8Array) => void): void {
  const next = (below: number): number => Number(random.next().value) % below;
  const step = Math.max(1, Math.floor(bytes.length / 20));
  for (let end = bytes.length - 1; end >= 0; end -= 1 + next(step))
    if (!isRefused(bytes.subarray(0, end), decode))
      throw new Error(`${end} of ${bytes.length} bytes were read as a whole`);
  if (!isRefused(Uint8Array.of(...bytes, 0), decode)) throw new Error("a byte too many was passed over");
  for (let i = 0; i < 30; i++) {
    const damaged = bytes.slice();
    for (let n = 1 + next(2); n > 0; n--) damaged[next(bytes.length)] = [0, 1, 0x7f, 0x80, 0xff, next(256)][next(6)];
    isRefused(damaged, decode);
  }
}

function isRefused(bytes: Uint8Array, decode: (bytes: Uint8Array) => void): boolean {
  try {
    decode(bytes);
    return false;
  } catch (error) {
    if (error instanceof AsofError && (error.code === "ASOF_CORRUPT" || error.code === "ASOF_FORMAT")) return true;
    throw error;
  }
}
