import { link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { diskRefused, systemCode } from "./storage-error.ts";

/** How often it is looked for new segments, in milliseconds: far shorter than one lives. */
const EVERY = 25;

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

  /** Ends with what is there now; resolves to the names of the segments, oldest first. @throws ASOF_HOME */
  async end(): Promise<string[]> {
    this.stop();
    await this.#looking;
    try {
      if (this.#failure !== null) throw this.#failure;
      await this.#look();
      return (await readdir(this.#pins)).sort();
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
