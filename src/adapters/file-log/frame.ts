import { crc32 } from "node:zlib";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";

/**
 * One entry as it lies in a segment, little-endian:
 *
 *    0  u32 CRC-32 of all that follows, started from the segment's seed
 *    4  u32 length of the frame     8  f64 position     16  f64 stamp
 *   24  u32 synced: how much of the segment was on stable storage when the frame was written
 *   28  u32 count     32  u8 kind     33  zero     34  u16 length of the stream's name
 *   36  the stream's name, UTF-8; then the payload
 *
 * `synced` tells damage from a torn tail. Frames of one group are written together and synced once; a power cut may
 * leave any part of the last group, its end without its beginning too. But a frame whose `synced` lies beyond a
 * damaged byte is a witness that the byte had been on the disk.
 *
 * A frame of count 0 is a mark: no entry, but a witness for all before it. A writer leaves one when it closes.
 */
export interface Frame {
  readonly position: LogPosition;
  readonly stamp: Timestamp;
  readonly synced: number;
  readonly count: number;
  readonly kind: number;
}

export const FRAME_HEAD = 36;
export const MAX_STREAM_BYTES = 0xffff;
export const MAX_COUNT = 0xffff_ffff;
/** Keeps every offset within a segment below 2^32. */
export const MAX_PAYLOAD = 2 ** 30;

export function frameBytes(streamBytes: number, payloadBytes: number): number {
  return FRAME_HEAD + streamBytes + payloadBytes;
}

/**
 * Writes a frame, all of it, or all but its payload where that is to stay where it is. Returns the end of what was
 * written.
 */
export function writeFrame(
  into: Buffer,
  at: number,
  seed: number,
  frame: Frame,
  stream: string,
  payload: Uint8Array,
  withPayload: boolean,
): number {
  const streamBytes = into.write(stream, at + FRAME_HEAD, "utf8");
  const end = at + FRAME_HEAD + streamBytes;
  into.writeUInt32LE(frameBytes(streamBytes, payload.length), at + 4);
  into.writeDoubleLE(frame.position, at + 8);
  into.writeDoubleLE(frame.stamp, at + 16);
  into.writeUInt32LE(frame.synced, at + 24);
  into.writeUInt32LE(frame.count, at + 28);
  into.writeUInt8(frame.kind, at + 32);
  into.writeUInt8(0, at + 33);
  into.writeUInt16LE(streamBytes, at + 34);
  if (!withPayload) {
    into.writeUInt32LE(crc32(payload, crc32(into.subarray(at + 4, end), seed)), at);
    return end;
  }
  into.set(payload, end);
  into.writeUInt32LE(crc32(into.subarray(at + 4, end + payload.length), seed), at);
  return end + payload.length;
}

/** A mark as bytes. */
export function markFrame(seed: number, position: LogPosition, stamp: Timestamp, synced: number): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD);
  writeFrame(bytes, 0, seed, { position, stamp, synced, count: 0, kind: 0 }, "", new Uint8Array(0), true);
  return bytes;
}

/** Whether the `length` bytes at `at` are a frame of the segment. */
export function isFrame(bytes: Buffer, at: number, length: number, seed: number): boolean {
  return crc32(bytes.subarray(at + 4, at + length), seed) === bytes.readUInt32LE(at);
}
