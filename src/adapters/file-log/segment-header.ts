import { crc32 } from "node:zlib";
import { randomFillSync } from "node:crypto";
import { AsofError } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import { corrupt } from "./storage-error.ts";

/**
 * The first 64 bytes of a segment file, little-endian:
 *
 *    0  magic "asof.log"         8  u32 CRC-32 of bytes 12–63     12  u32 format version
 *   16  f64 first position      24  f64 last stamp before it
 *   32  f64 first position of the segment before (−1: none)       40  f64 length of that segment's file
 *   48  8 random bytes          56  zero
 *
 * Magic, checksum, version and length stay where they are in every version. The random bytes make the checksum a
 * name: every frame's checksum starts from it, so that a frame proves that it was written into this very segment.
 */
export interface SegmentHeader {
  readonly first: LogPosition;
  readonly lastStamp: Timestamp;
  readonly previous: { readonly first: LogPosition; readonly bytes: number } | null;
}

export const HEADER_BYTES = 64;
export const FORMAT_VERSION = 1;
const MAGIC = Buffer.from("asof.log", "latin1");

export function encodeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(FORMAT_VERSION, 12);
  bytes.writeDoubleLE(header.first, 16);
  bytes.writeDoubleLE(header.lastStamp, 24);
  bytes.writeDoubleLE(header.previous?.first ?? -1, 32);
  bytes.writeDoubleLE(header.previous?.bytes ?? 0, 40);
  randomFillSync(bytes, 48, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
  return bytes;
}

/**
 * Reads a header; `seed` is what the checksums of the segment's frames start from.
 * @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function decodeHeader(bytes: Buffer, file: string): SegmentHeader & { readonly seed: number } {
  if (bytes.length < HEADER_BYTES) throw corrupt(file, 0, `its header ends after ${bytes.length} bytes`);
  if (!bytes.subarray(0, 8).equals(MAGIC)) throw corrupt(file, 0, "it is not a segment of an event log");
  const seed = bytes.readUInt32LE(8);
  if (crc32(bytes.subarray(12, HEADER_BYTES)) !== seed) throw corrupt(file, 0, "its header's checksum does not match");
  const version = bytes.readUInt32LE(12);
  if (version > FORMAT_VERSION)
    throw new AsofError("ASOF_FORMAT", `${file} has format ${version}; this asof reads up to ${FORMAT_VERSION}`, {
      file,
      version,
      supported: FORMAT_VERSION,
    });
  const [first, lastStamp] = [bytes.readDoubleLE(16), bytes.readDoubleLE(24)];
  const [previousFirst, previousBytes] = [bytes.readDoubleLE(32), bytes.readDoubleLE(40)];
  // A checksum says that nothing has changed, not that it ever was a header.
  const isHeader =
    (lastStamp === -Infinity || Number.isSafeInteger(lastStamp)) &&
    [first, previousFirst, previousBytes].every(Number.isSafeInteger);
  if (!isHeader) throw corrupt(file, 0, "its header holds what is no position, stamp or length");
  return {
    seed,
    first,
    lastStamp,
    previous: previousFirst < 0 ? null : { first: previousFirst, bytes: previousBytes },
  };
}
