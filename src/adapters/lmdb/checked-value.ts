import { crc32 } from "node:zlib";
import type { ByteWriter } from "../../core/codec/bytes.ts";

/** Bytes of the checksum behind each value: CRC-32 of the key, then of the value, little-endian. */
export const CHECKSUM_BYTES = 4;

/** A value as it is stored, cut off what `out` writes to. */
export function withChecksum(key: Uint8Array, value: Uint8Array, out: ByteWriter): Uint8Array {
  out.reset();
  out.ensure(value.length + CHECKSUM_BYTES);
  out.raw(value);
  out.u32(checksumOf(key, value));
  return out.cut();
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
