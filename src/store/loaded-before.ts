import { objectOf, text } from "../core/codec/shape.ts";
import { parseStored } from "../core/codec/stored-json.ts";
import { AsofError } from "../core/errors.ts";
import type { TablePosition } from "../ports/table-reader.ts";
import type { RegistryStore } from "../ports/registry-store.ts";
import type { Timestamp } from "../core/time/timestamp.ts";
import type { FileState } from "./store-parts.ts";

interface Asked {
  readonly registry: RegistryStore;
  readonly fileState: FileState;
  readonly source: string;
  readonly range: { readonly from: Timestamp | null; readonly until: Timestamp | null };
  /** Leaves out files that were loaded already. */
  readonly onlyNew: boolean;
}

interface Seen {
  /** The files to load. */
  readonly fresh: readonly string[];
  /** What to note with their load, so that it is known the next time. */
  readonly notes: Readonly<Record<string, string>>;
  /** What is said of those left out. */
  readonly warnings: readonly string[];
}

/**
 * Tells which files are new. What a load took is noted with its entry in the log, so after a crash at any moment a file
 * either was loaded and is known, or neither. A file is known by its path, and as the same by its size and its time.
 * @throws ASOF_LOADED_BEFORE where a file was loaded and has changed since
 */
export async function seenFiles(files: readonly string[], asked: Asked): Promise<Seen> {
  const { registry, fileState, source, range, onlyNew } = asked;
  const fresh: string[] = [];
  const notes: Record<string, string> = {};
  let known = 0;
  for (const file of files) {
    const state = await fileState(file);
    const name = `loaded.${source}.${range.from ?? ""}.${range.until ?? ""}.${file}`;
    const before = onlyNew ? await registry.note(name) : null;
    if (before !== null && state !== null && before !== state)
      throw new AsofError("ASOF_LOADED_BEFORE", `${file} was loaded into ${source} before, and has changed since`, {
        source,
        file,
      });
    if (before !== null && before === state) known++;
    else fresh.push(file);
    if (state !== null) notes[name] = state;
  }
  const [first] = files;
  const these = files.length === 1 ? first : `${known} of ${files.length} files`;
  return {
    fresh,
    notes,
    warnings: known === 0 ? [] : [`${these}: loaded before and unchanged since, so left out.`],
  };
}

const POSITION = objectOf({ column: text, at: text });

/** The note of how far a table was read into a source. */
export const positionNote = (source: string, table: string): string => `table.${source}.${table}`;

export function readPosition(note: string | null): TablePosition | null {
  return note === null ? null : (parseStored(note, "the note on a table", POSITION) as TablePosition);
}
