import { setImmediate as nextTurn } from "node:timers/promises";
import { CHECKSUM_BYTES, isSound } from "./checked-value.ts";
import { checkFormat, hasChecksums } from "./format-marker.ts";
import { LAST_KEY } from "./key-range.ts";
import { openDatabase } from "./lmdb-database.ts";
import { codedError } from "./lmdb-error.ts";
import { OpenGuard } from "./open-guard.ts";

export interface ExaminedEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Whether the value is what was put there; true where the store keeps no checksums, as earlier versions did. */
  readonly sound: boolean;
}

/** Entries that one snapshot is held for. */
const PORTION = 1_000;

/**
 * Every entry of a store that `walkOnline` has passed, ascending, also where some are damaged. Changes nothing; what
 * another process writes meanwhile is seen or not. @throws ASOF_FORMAT, ASOF_CORRUPT
 */
export async function* examineLmdb(folder: string): AsyncGenerator<ExaminedEntry> {
  const database = openDatabase(folder, { readOnly: true }, new OpenGuard(folder));
  try {
    const checked = hasChecksums(checkFormat(database, folder, true));
    let start: Uint8Array = Uint8Array.of(0);
    for (let exclusiveStart = false; ; exclusiveStart = true) {
      const entries = [...database.getRange({ start, exclusiveStart, end: LAST_KEY, limit: PORTION })];
      for (const { key, value } of entries)
        if (checked) yield { key, value: value.subarray(0, -CHECKSUM_BYTES), sound: isSound(key, value) };
        else yield { key, value, sound: true };
      const last = entries.at(-1);
      if (last === undefined) return;
      start = last.key;
      await nextTurn();
      database.resetReadTxn();
    }
  } catch (cause) {
    throw codedError(cause, "read", folder);
  } finally {
    await database.close();
  }
}
