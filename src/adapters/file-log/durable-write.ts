import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { writeAll } from "./write-all.ts";

/** Elsewhere the flag is not there, or promises less than the system's call for syncing does. */
const SYNCS_AS_IT_WRITES = process.platform === "linux";

/**
 * Opens a file for `writeDurably`. On Linux its writes end when they are on disk: one call of the system, and one
 * return to a busy event loop, in place of two for the write and for its sync.
 * @param isNew it is made, or emptied
 */
export function openDurable(path: string, isNew: boolean): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_TRUNC, O_DSYNC } = constants;
  return open(path, O_RDWR | (isNew ? O_CREAT | O_TRUNC : 0) | (SYNCS_AS_IT_WRITES ? O_DSYNC : 0));
}

/** Writes all the pieces, one behind the other, from `offset` on; resolves once they are on disk. */
export async function writeDurably(handle: FileHandle, pieces: readonly Uint8Array[], offset: number): Promise<void> {
  await writeAll(handle, pieces, offset);
  if (!SYNCS_AS_IT_WRITES) await handle.datasync();
}
