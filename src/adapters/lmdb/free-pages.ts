import { LAST_KEY } from "./key-range.ts";
import type { LmdbDatabase } from "./lmdb-database.ts";

/**
 * Has a store without free pages, as a compacted copy is, free some, by writing its marker again. The driver (lmdb 3.5.6)
 * ends the process in a commit that frees so many pages that their list takes pages of its own while there is no list
 * yet: it looks for free pages in the tree that it is about to make (`mdb_freelist_save`, `mdb_page_alloc`).
 */
export function freeSome(database: LmdbDatabase): void {
  const { free } = database.getStats() as { readonly free: { readonly entryCount: number } };
  const marker = free.entryCount === 0 ? database.get(LAST_KEY) : undefined;
  if (marker !== undefined) database.putSync(LAST_KEY, marker);
}
