import { existsSync, renameSync, rmSync } from "node:fs";
import { ByteWriter, PIECE } from "../../core/codec/bytes.ts";
import { withChecksum } from "./checked-value.ts";
import { marker } from "./format-marker.ts";
import { LAST_KEY } from "./key-range.ts";
import { type LmdbDatabase, type LmdbOptions, openDatabase } from "./lmdb-database.ts";

/** Entries of one transaction of the copy. */
const PORTION = 5_000;

/** Where a copy is being written, where it is once whole, and where the store is that it replaces. */
const BUILDING = ".building";
const WHOLE = ".new";
const REPLACED = ".old";

/**
 * Copies a store beside its folder, entry by entry: a copy of pages, compacted or not, would keep what lies in their
 * unused parts. With `upgrade` a store of an earlier version becomes one of this.
 */
export async function copyAside(
  database: LmdbDatabase,
  folder: string,
  options: LmdbOptions,
  upgrade: boolean,
): Promise<void> {
  const out = new ByteWriter(PIECE);
  const stored = (key: Uint8Array, value: Uint8Array): Uint8Array =>
    !upgrade ? value : Buffer.compare(key, LAST_KEY) === 0 ? marker() : withChecksum(key, value, out);
  const building = folder + BUILDING;
  rmSync(building, { recursive: true, force: true });
  const copy = openDatabase(building, options, null);
  try {
    let start: Uint8Array = Uint8Array.of(0);
    for (let exclusiveStart = false; ; exclusiveStart = true) {
      const portion = [...database.getRange({ start, exclusiveStart, limit: PORTION })];
      if (portion.length === 0) break;
      await copy.batch(() => {
        for (const { key, value } of portion) void copy.put(key, stored(key, value));
      });
      start = portion.at(-1)!.key;
    }
    await copy.flushed;
  } finally {
    await copy.close();
  }
  rmSync(folder + WHOLE, { recursive: true, force: true });
  renameSync(building, folder + WHOLE);
}

/** Puts a whole copy in the place of a store that nobody of this process has open. */
export function moveIn(folder: string): void {
  rmSync(folder + REPLACED, { recursive: true, force: true });
  if (existsSync(folder)) renameSync(folder, folder + REPLACED);
  renameSync(folder + WHOLE, folder);
  rmSync(folder + REPLACED, { recursive: true, force: true });
}

/** Finishes what a crash interrupted: a copy counts only once the store has left its place for it. */
export function finishMove(folder: string): void {
  if (existsSync(folder + WHOLE) && !existsSync(folder)) renameSync(folder + WHOLE, folder);
  for (const left of [BUILDING, WHOLE, REPLACED]) rmSync(folder + left, { recursive: true, force: true });
}
