/**
 * The folder of a store: files by paths relative to it, with `/`. Nothing outside it can be named.
 * All failures of the disk are ASOF_HOME; a file that is not there is ASOF_FILE.
 */
export interface FileStore {
  /** The path as the engine and other processes know it. */
  path(file: string): string;
  read(file: string): Promise<Uint8Array>;
  /** CRC-32 of a file's bytes. */
  checksum(file: string): Promise<number>;
  /** Writes aside, syncs and renames: the file appears whole and durable, or not at all. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Makes a folder, with those above it. */
  makeFolder(folder: string): Promise<void>;
  /** All files below a folder, ascending; none where the folder does not exist. */
  list(folder: string): Promise<{ readonly file: string; readonly bytes: number }[]>;
  /** The files of the whole store, hidden ones and those of other parts too, that hold any of these texts as UTF-8. */
  search(texts: readonly string[]): Promise<{ readonly bytes: number; readonly found: readonly string[] }>;
  /** Moves files within the store, each with its contents durable at its new place when this resolves. */
  move(moves: readonly { readonly from: string; readonly to: string }[]): Promise<void>;
  /** Removes a file, or a folder with all it holds; nothing where it does not exist. */
  remove(path: string): Promise<void>;
}
