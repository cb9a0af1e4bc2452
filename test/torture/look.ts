import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { META_KEY } from "../../src/core/codec/online-keys.ts";

/**
 * Opens the online store of a server at work from this process, reads its position and closes it, again and again until
 * it is told to stop. Resolves to how often.
 */
export async function lookAgainAndAgain(home: string, stop: AbortSignal): Promise<number> {
  let looked = 0;
  while (!stop.aborted) {
    const store = await openLmdb(path.join(home, "online"), { readOnly: true });
    try {
      await store.read([META_KEY], () => looked++);
    } finally {
      await store.close();
    }
    await sleep(1);
  }
  return looked;
}
