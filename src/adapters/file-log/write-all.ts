import type { FileHandle } from "node:fs/promises";

/** Writes all the pieces, one behind the other, from `offset` on. */
export async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], offset: number): Promise<void> {
  let rest = [...pieces];
  let at = offset;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
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
