import { readdir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { openDurable } from "./durable-write.ts";
import { headOf, scanNewest, type Tail } from "./scan-segment.ts";
import { createSegment, listSegments, UNFINISHED, type Segment } from "./segment.ts";
import { corrupt } from "./storage-error.ts";

/** What a crash left half written at the end of the log, and the writer cut off when it opened. */
export interface Recovery {
  readonly file: string;
  readonly byte: number;
  readonly cutBytes: number;
}

/** A log as its writer finds it: durable up to its tail, with nothing behind it. */
export interface Recovered {
  readonly segments: Segment[];
  /** The newest segment, open for writing. */
  readonly handle: FileHandle;
  readonly tail: Tail;
  readonly recovery: Recovery | null;
}

/** Makes a folder's log ready for its writer. The caller holds the lock. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export async function recover(folder: string): Promise<Recovered> {
  for (const name of await readdir(folder)) if (name.endsWith(`.log${UNFINISHED}`)) await rm(join(folder, name));
  const segments = await listSegments(folder);
  const last = segments.at(-1);
  if (last === undefined) {
    const { segment, handle } = await createSegment(folder, { first: 0, lastStamp: -Infinity, previous: null });
    return { segments: [segment], handle, tail: headOf(segment), recovery: null };
  }
  const handle = await openDurable(last.path, false);
  try {
    const size = last.bytes;
    const { tail, torn, witness } = await scanNewest(handle, last, size, headOf(last));
    if (witness !== null) throw damagedBefore(last.path, tail.offset, witness);
    if (tail.offset < size) await handle.truncate(tail.offset);
    last.bytes = tail.offset;
    // What a killed process wrote may be in memory only; from here on it counts as durable.
    await handle.sync();
    const recovery = torn ? { file: last.path, byte: tail.offset, cutBytes: size - tail.offset } : null;
    return { segments, handle, tail, recovery };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export function damagedBefore(file: string, byte: number, witness: number): Error {
  return corrupt(
    file,
    byte,
    `no whole entry begins there, though what was written later, at byte ${witness}, is whole`,
  );
}
