import type { FileHandle } from "node:fs/promises";

/** Zeros are written ahead of a segment's entries up to so many bytes. */
const MOST = 1024 * 1024;
/** A segment this short gets none yet, nor does a group this long: it writes enough to be worth making a file longer. */
const LEAST_SEGMENT = 64 * 1024;
const LARGE_GROUP = 256 * 1024;

const ZEROS = Buffer.alloc(MOST);

/**
 * The zeros to write behind a group, so that the next ones overwrite what the file has already. A write that makes a
 * file longer is on disk only once its inode, or the file system's journal, is too (`npm run bench -- log` shows what
 * that costs). As many as the segment has bytes, up to 1 MB, and within the segment's length.
 *
 * What follows the last entry of the newest segment may so be zeros. They are no torn tail, and no entry.
 * @param end where the group will end in the segment
 * @param room how long the file is
 */
export function roomAhead(end: number, bytes: number, room: number, segmentBytes: number): Uint8Array | null {
  if (end <= room || end < LEAST_SEGMENT || bytes >= LARGE_GROUP) return null;
  const length = Math.min(end, MOST, segmentBytes - end);
  return length > 0 ? ZEROS.subarray(0, length) : null;
}

/** Whether a file holds nothing but zeros between `from` and `size`. */
export async function isRoom(handle: FileHandle, from: number, size: number): Promise<boolean> {
  const chunk = Buffer.allocUnsafeSlow(Math.max(1, Math.min(CHUNK, size - from)));
  for (let base = from; base < size; base += chunk.length) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, size - base), base);
    if (!chunk.subarray(0, bytesRead).equals(ZEROS.subarray(0, bytesRead))) return false;
  }
  return true;
}

const CHUNK = 64 * 1024;
