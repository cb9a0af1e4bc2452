import type { Put } from "../../ports/online-store.ts";

/** Keys written in one commit while a state is built. */
export const COMMIT_KEYS = 2_000;

/** What was written of a state, counted up as it is built. */
export interface Counted {
  keys: number;
  records: number;
  /** Written to the online store, keys and values. */
  bytes: number;
}

export function sizeOf(changes: readonly Put[]): number {
  return changes.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0);
}
