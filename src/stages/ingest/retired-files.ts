import { HISTORY } from "../../core/plan/folders.ts";
import type { FileStore } from "../../ports/file-store.ts";

/**
 * Files of history that the list has no more, and that somebody may still be reading: a reader lists files first and
 * opens them as it goes. What is left of them when the process ends is removed at the next start.
 */
export class RetiredFiles {
  private readonly files: FileStore;
  private readonly readers: () => Promise<void>;
  /** Whether nobody of this process can still be reading them. */
  private retired: { readonly path: string; free: boolean }[] = [];

  /** @param readers resolves once all who read history now are done */
  constructor(files: FileStore, readers: () => Promise<void>) {
    this.files = files;
    this.readers = readers;
  }

  /** Takes paths within history that have just left the list. */
  add(paths: readonly string[]): void {
    const added = paths.map((path) => ({ path, free: false }));
    this.retired.push(...added);
    void this.free(added);
  }

  /**
   * Removes those that nobody of this process reads any more. Another process has until the next call, or until the store
   * closes, to open them.
   */
  async clear(): Promise<void> {
    const gone = this.retired.filter(({ free }) => free);
    this.retired = this.retired.filter((one) => !gone.includes(one));
    for (const { path } of gone) await this.files.remove(`${HISTORY}/${path}`);
  }

  private async free(added: { free: boolean }[]): Promise<void> {
    await this.readers();
    for (const one of added) one.free = true;
  }
}
