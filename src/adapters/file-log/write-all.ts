import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** A piece below this is in the system's cache sooner than another thread is told of it: a third of the time. */
const AT_ONCE = 64 * 1024;

/** Writes all the pieces, one behind the other, from `offset` on. */
export async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], offset: number): Promise<void> {
  let rest = [...pieces];
  let at = offset;
  while (rest.length > 0) {
    const bytesWritten =
      rest.length === 1 && rest[0].length < AT_ONCE
        ? writeSync(handle.fd, rest[0], 0, rest[0].length, at)
        : (await handle.writev(rest, at)).bytesWritten;
    if (bytesWritten === 0) throw new Error("the system wrote nothing");
    at += bytesWritten;
    rest = behind(rest, bytesWritten);
  }
}

/** The system may write less than it was given. */
function behind(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  for (const [i, piece] of pieces.entries()) {
    if (skip < piece.length) return [piece.subarray(skip), ...pieces.slice(i + 1)];
    skip -= piece.length;
  }
  return [];
}
