import { open } from "node:fs/promises";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogEntry, LogPosition } from "../../ports/event-log.ts";
import { EntryIterator, spanOf } from "./entry-iterator.ts";
import { damagedBefore } from "./recover.ts";
import { headOf, scanNewest, type Tail } from "./scan-segment.ts";
import { listSegments, type Segment } from "./segment.ts";
import { diskRefused, systemCode } from "./storage-error.ts";

/**
 * A log as another process sees it: it takes no lock, changes nothing, and shows one cut of the log until `refresh`
 * looks again. The cut holds all that was durable, and may hold entries that are whole but not yet synced.
 */
export interface FileLogReader {
  readonly start: LogPosition;
  readonly end: LogPosition;
  readonly lastStamp: Timestamp;
  /** As `EventLog.read`, up to `end`; a part that the writer has dropped meanwhile is ASOF_BEFORE_RETENTION. */
  read(from: LogPosition): AsyncIterable<LogEntry>;
  /** Bytes of the cut. */
  bytes(): Promise<number>;
  /** Moves the cut to what is there now; reads only what is new. Resolves to the new end. @throws AsofError */
  refresh(): Promise<LogPosition>;
}

/** Opens the log of a folder for reading only. @throws AsofError ASOF_HOME, ASOF_CORRUPT, ASOF_FORMAT */
export async function readFileLog(folder: string): Promise<FileLogReader> {
  const reader = new FolderReader(folder);
  await reader.refresh();
  return reader;
}

const ATTEMPTS = 10;

class FolderReader implements FileLogReader {
  readonly #folder: string;
  #segments: Segment[] = [];
  #tail: Tail | null = null;
  #refreshing: Promise<LogPosition> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get start(): LogPosition {
    return this.#segments[0]?.first ?? 0;
  }

  get end(): LogPosition {
    return this.#tail?.end ?? 0;
  }

  get lastStamp(): Timestamp {
    return this.#tail?.lastStamp ?? -Infinity;
  }

  read(from: LogPosition): AsyncIterable<LogEntry> {
    return new EntryIterator(spanOf(this.#segments, from, this.end, this.#tail?.offset ?? 0));
  }

  async bytes(): Promise<number> {
    return this.#segments.slice(0, -1).reduce((sum, segment) => sum + segment.bytes, this.#tail?.offset ?? 0);
  }

  refresh(): Promise<LogPosition> {
    return (this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    }));
  }

  async #refresh(): Promise<LogPosition> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#look();
      } catch (error) {
        // The writer dropped a segment between the listing and the opening.
        if (systemCode(error) === "ENOENT" && attempt < ATTEMPTS) continue;
        throw diskRefused("read the log in", this.#folder, error);
      }
    }
  }

  async #look(): Promise<LogPosition> {
    const before = this.#segments.at(-1);
    const segments = await listSegments(this.#folder, this.#segments);
    const last = segments.at(-1);
    if (last !== undefined) {
      const known = last === before && this.#tail !== null ? this.#tail : headOf(last);
      this.#tail = await tailOf(last, known);
    }
    this.#segments = segments;
    return this.end;
  }
}

/** How far the newest segment is whole. A frame the writer is just writing is the end; damage is not. */
async function tailOf(segment: Segment, known: Tail): Promise<Tail> {
  const handle = await open(segment.path, "r");
  try {
    const { size } = await handle.stat();
    let scanned = await scanNewest(handle, segment, size, known.before ?? known);
    // What had been seen last is gone: a writer whose disk failed has cut it off.
    if (scanned.tail.offset < known.offset) scanned = await scanNewest(handle, segment, size, headOf(segment));
    const { tail, witness } = scanned;
    if (witness !== null) throw damagedBefore(segment.path, tail.offset, witness);
    return tail;
  } finally {
    await handle.close();
  }
}
