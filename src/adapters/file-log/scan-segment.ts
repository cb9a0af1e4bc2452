import type { FileHandle } from "node:fs/promises";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import { FRAME_HEAD, isFrame } from "./frame.ts";
import { FrameCursor } from "./frame-cursor.ts";
import { isRoom } from "./room-ahead.ts";
import { HEADER_BYTES } from "./segment-header.ts";
import type { Segment } from "./segment.ts";
import { corrupt } from "./storage-error.ts";

/** How far a segment has been passed over and found good. */
export interface Tail {
  readonly offset: number;
  readonly end: LogPosition;
  readonly lastStamp: Timestamp;
  /** Its last frame is a mark. */
  readonly marked: boolean;
  /** The tail before the last frame, or null where none has been passed. */
  readonly before: Tail | null;
}

export function headOf(segment: Segment): Tail {
  return { offset: HEADER_BYTES, end: segment.first, lastStamp: segment.lastStampBefore, marked: false, before: null };
}

/**
 * Passes over a segment's frames from `from` up to `size`, and stops before the first bytes that are no frame.
 * @throws AsofError ASOF_CORRUPT where a whole frame is out of place.
 */
export async function scanSegment(handle: FileHandle, segment: Segment, size: number, from: Tail): Promise<Tail> {
  const cursor = new FrameCursor(handle, segment.seed, from.offset, size);
  let tail = from;
  for (;;) {
    const step = cursor.step();
    if (step === "more") {
      await cursor.fill();
      continue;
    }
    if (step !== "frame") return tail;
    checkFrame(cursor, segment, tail);
    segment.index.add(cursor.position, cursor.offset);
    tail = behind(cursor, tail);
  }
}

function behind(cursor: FrameCursor, tail: Tail): Tail {
  const before = { ...tail, before: null };
  const marked = cursor.count === 0;
  if (marked) return { ...before, offset: cursor.next, marked, before };
  const lastStamp = cursor.stamp + cursor.count - 1;
  return { offset: cursor.next, end: cursor.position + cursor.count, lastStamp, marked, before };
}

/** A whole frame that does not continue the log: not torn, but put there. */
function checkFrame(cursor: FrameCursor, segment: Segment, { end, lastStamp }: Tail): void {
  if (cursor.position !== end)
    throw corrupt(segment.path, cursor.offset, `an entry at ${cursor.position} follows what ends at ${end}`);
  if (cursor.count > 0 && !(cursor.stamp > lastStamp))
    throw corrupt(segment.path, cursor.offset, `stamp ${cursor.stamp} follows ${lastStamp}`);
  if (cursor.count > 0 && !cursor.isPlaced())
    throw corrupt(segment.path, cursor.offset, `${cursor.stamp} is no stamp of ${cursor.count} records`);
}

/** The newest segment, as far as it is whole, and what lies behind. */
export interface Scanned {
  readonly tail: Tail;
  /** Behind the tail there is something else than room. */
  readonly torn: boolean;
  /** Where it is proved that what is torn had been durable, and so is damaged; null where it is not. */
  readonly witness: number | null;
}

/** Passes over the newest segment from `from` to where no whole frame begins. @throws AsofError ASOF_CORRUPT */
export async function scanNewest(handle: FileHandle, segment: Segment, size: number, from: Tail): Promise<Scanned> {
  let tail = await scanSegment(handle, segment, size, from);
  for (;;) {
    if (await isRoom(handle, tail.offset, size)) return { tail, torn: false, witness: null };
    const witness = await findWitness(handle, segment.seed, tail, size);
    if (witness === null) return { tail, torn: true, witness };
    // A writer at work may have written there since it was looked at, and the witness behind that.
    const again = await scanSegment(handle, segment, size, tail);
    if (again.offset === tail.offset) return { tail, torn: true, witness };
    tail = again;
  }
}

/**
 * Looks behind damaged bytes for a frame that proves they had been durable, and so are damage, not a torn tail.
 * Returns where the witness is, or null.
 */
async function findWitness(handle: FileHandle, seed: number, damage: Tail, size: number): Promise<number | null> {
  const start = damage.offset;
  const chunk = Buffer.allocUnsafeSlow(Math.max(FRAME_HEAD, Math.min(CHUNK, size - start)));
  for (let base = start; base + FRAME_HEAD <= size; base += chunk.length - FRAME_HEAD + 1) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, size - base), base);
    for (let at = 0; at + FRAME_HEAD <= bytesRead; at++) {
      const offset = base + at;
      const synced = chunk.readUInt32LE(at + 24);
      if (synced <= start || synced > offset) continue;
      // Checked before the checksum, or a payload of one repeated pattern would have it taken at every byte.
      const position = chunk.readDoubleLE(at + 8);
      if (position < damage.end || !Number.isSafeInteger(position) || chunk[at + 33] !== 0) continue;
      const length = chunk.readUInt32LE(at + 4);
      if (length < FRAME_HEAD + chunk.readUInt16LE(at + 34) || length > size - offset) continue;
      const frame = Buffer.allocUnsafeSlow(length);
      const read = await handle.read(frame, 0, length, offset);
      if (read.bytesRead === length && isFrame(frame, 0, length, seed)) return offset;
    }
    if (bytesRead < chunk.length) return null;
  }
  return null;
}

const CHUNK = 1024 * 1024;
