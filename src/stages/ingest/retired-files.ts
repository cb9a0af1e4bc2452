import { HISTORY } from "../../core/plan/folders.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FileStore } from "../../ports/file-store.ts";

/** For how long files stay that another process may have listed, in seconds: answers take less, unless they are told otherwise. */
const GRACE = 60;

/**
 * Files of history that the list has no more, and that somebody may still be reading: a reader lists files first and
 * opens them as it goes. What is left of them when the process ends is removed at the next start.
 */
export class RetiredFiles {
  private readonly files: FileStore;
  private readonly clock: Pick<Clock, "elapsed">;
  private readonly readers: () => Promise<void>;
  /** `free`: whether nobody of this process can still be reading it; `since`: when it left the list. */
  private retired: { readonly path: string; readonly since: number; free: boolean }[] = [];

  /** @param readers resolves once all who read history now are done */
  constructor(files: FileStore, clock: Pick<Clock, "elapsed">, readers: () => Promise<void>) {
    this.files = files;
    this.clock = clock;
    this.readers = readers;
  }

  /** Takes paths within history that have just left the list. */
  add(paths: readonly string[]): void {
    const since = this.clock.elapsed();
    const added = paths.map((path) => ({ path, since, free: false }));
    this.retired.push(...added);
    void this.free(added);
  }

  /** Removes those that nobody of this process reads any more, and that others have had time to read. */
  async clear(): Promise<void> {
    await this.remove(this.clock.elapsed() - GRACE);
  }

  /** Removes those that nobody of this process reads any more, as the store is closed: others may find them gone. */
  async clearAll(): Promise<void> {
    await this.remove(Infinity);
  }

  private async remove(until: number): Promise<void> {
    const gone = this.retired.filter(({ free, since }) => free && since <= until);
    this.retired = this.retired.filter((one) => !gone.includes(one));
    for (const { path } of gone) await this.files.remove(`${HISTORY}/${path}`);
  }

  private async free(added: { free: boolean }[]): Promise<void> {
    await this.readers();
    for (const one of added) one.free = true;
  }
}
