import { join } from "node:path";
import type { FileLog } from "./file-log.ts";
import { FileLogWriter } from "./file-log-writer.ts";
import { recover } from "./recover.ts";
import { diskRefused } from "./storage-error.ts";
import { makeFolder } from "./sync-folder.ts";
import { takeWriterLock } from "./writer-lock.ts";

export interface FileLogOptions {
  /** A new segment begins once the newest is this long, in bytes. Default 64 MB. */
  readonly segmentBytes?: number;
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * Opens the log of a folder for writing, and makes the folder where it is missing. Opening reads the newest segment
 * whole and the headers of the others.
 * @throws AsofError ASOF_HOME_LOCKED, ASOF_HOME, ASOF_CORRUPT, ASOF_FORMAT
 */
export async function openFileLog(folder: string, options: FileLogOptions = {}): Promise<FileLog> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw diskRefused("make the folder", folder, error);
  }
  const lock = await takeWriterLock(join(folder, "writer.lock"));
  try {
    const recovered = await recover(folder);
    return new FileLogWriter(folder, options.segmentBytes ?? DEFAULT_SEGMENT_BYTES, lock, recovered);
  } catch (error) {
    await lock.release();
    throw diskRefused("open the log in", folder, error);
  }
}
