import { crc32 } from "node:zlib";

/** Bytes of the checksum behind each value: CRC-32 of the key, then of the value, little-endian. */
export const CHECKSUM_BYTES = 4;

/** A value as it is stored. */
export function withChecksum(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.length + CHECKSUM_BYTES);
  stored.set(value);
  new DataView(stored.buffer).setUint32(value.length, checksumOf(key, value), true);
  return stored;
}

/** Whether a stored value is what was put under its key. */
export function isSound(key: Uint8Array, stored: Uint8Array): boolean {
  const length = stored.length - CHECKSUM_BYTES;
  if (length < 0) return false;
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  return view.getUint32(length, true) === checksumOf(key, stored.subarray(0, length));
}

function checksumOf(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}
