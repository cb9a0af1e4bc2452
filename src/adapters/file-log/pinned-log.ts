import { link, mkdir, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AsofError } from "../../core/errors.ts";
import { headOf, scanNewest } from "./scan-segment.ts";
import { readSegmentHead } from "./segment.ts";
import { diskRefused, systemCode } from "./storage-error.ts";

/** How often it is looked for new segments, in milliseconds: far shorter than one lives. */
const EVERY = 25;

/** A segment that is kept, and its length as far as it was whole when it was looked at. */
export interface PinnedSegment {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Keeps the segments of a log that another process may be writing to and dropping: each gets a second name in a
 * folder of the same file system as soon as it is seen, and is there under it whole, with what is still appended.
 */
export class PinnedLog {
  readonly #folder: string;
  readonly #pins: string;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #failure: Error | null = null;

  private constructor(folder: string, pins: string) {
    this.#folder = folder;
    this.#pins = pins;
  }

  /** Begins with what is there now. @throws ASOF_HOME */
  static async begin(folder: string, pins: string): Promise<PinnedLog> {
    const pinned = new PinnedLog(folder, pins);
    try {
      await mkdir(pins, { recursive: true });
      await pinned.#look();
    } catch (error) {
      throw diskRefused("pin the log of", folder, error);
    }
    pinned.#timer = setInterval(() => {
      pinned.#looking = pinned.#looking
        .then(() => pinned.#look())
        .catch((error: unknown) => {
          pinned.#failure ??= diskRefused("pin the log of", folder, error);
        });
    }, EVERY);
    return pinned;
  }

  /** Ends with what is there now; resolves to the segments, oldest first. @throws ASOF_HOME */
  async end(): Promise<PinnedSegment[]> {
    this.stop();
    await this.#looking;
    try {
      if (this.#failure !== null) throw this.#failure;
      await this.#look();
      const names = (await readdir(this.#pins)).sort();
      return await Promise.all(
        names.map(async (name, i) => {
          const file = join(this.#pins, name);
          const bytes = i < names.length - 1 ? (await stat(file)).size : await wholeLength(file);
          return { name, bytes };
        }),
      );
    } catch (error) {
      throw diskRefused("pin the log of", this.#folder, error);
    }
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    for (const name of (await readdir(this.#folder)).filter((name) => /^\d{20}\.log$/.test(name)).sort())
      try {
        await link(join(this.#folder, name), join(this.#pins, name));
      } catch (error) {
        // It has its second name already; or it was dropped since the folder was listed.
        if (systemCode(error) !== "EEXIST" && systemCode(error) !== "ENOENT") throw error;
      }
  }
}

/**
 * How much of the newest segment is whole. What is behind that may be written while it is copied, into room that was
 * copied before: later entries without earlier ones, which would be damage. Of a damaged one it is all, so that whoever
 * opens the copy is told.
 */
async function wholeLength(file: string): Promise<number> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    try {
      const { segment } = await readSegmentHead(file);
      const { tail, witness } = await scanNewest(handle, segment, size, headOf(segment));
      return witness === null ? tail.offset : size;
    } catch (error) {
      if (error instanceof AsofError) return size;
      throw error;
    }
  } finally {
    await handle.close();
  }
}
