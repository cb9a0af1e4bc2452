import { ByteReader } from "../../core/codec/bytes.ts";
import { blockKey, entityOfHead, headKey, headPrefix } from "../../core/codec/online-keys.ts";
import { type KeyState, levelStarts } from "../../core/tile/key-state.ts";
import { decodeHead } from "../../core/tile/key-state-codec.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import type { ViewState } from "./view-state.ts";

/** Keys that are removed in one commit at the most. */
const PORTION = 1_000;
/** Keys of one sweep at the most: what is left is swept the next time. */
const MOST = 100_000;

/** Does work while nothing is folded, given the watermark; undefined where the state may not be swept any more. */
export type Undisturbed = (work: (watermark: Timestamp) => Promise<number>) => Promise<number | undefined>;

/**
 * Removes what a state holds of idle keys: those whose tiles all lie before what any window reaches at the watermark
 * or later,
 * with nothing that waits. Reading finds such a key as empty as one that it never saw. Candidates are found
 * beside the fold, and looked at once more while it stands still.
 */
export async function sweepState(
  view: ViewState,
  store: OnlineStore,
  watermark: Timestamp,
  undisturbed: Undisturbed,
): Promise<number> {
  const input = new ByteReader(new Uint8Array(0));
  const idle = (bytes: Uint8Array, at: Timestamp): KeyState | null => {
    input.reset(bytes);
    const state = decodeHead(view.layout, input);
    state.trim(view.layout, levelStarts(view.layout, at));
    return state.isEmpty() ? state : null;
  };
  const remove = async (candidates: readonly Uint8Array[], at: Timestamp): Promise<number> => {
    const changes: Put[] = [];
    let keys = 0;
    await store.read(
      candidates.map((entity) => headKey(view.state, entity)),
      (i, bytes) => {
        const state = bytes === undefined ? null : idle(bytes, at);
        if (state === null) return;
        keys++;
        changes.push([headKey(view.state, candidates[i]), null]);
        state.levels.forEach(({ dropped }, level) => {
          for (const block of dropped) changes.push([blockKey(view.state, candidates[i], level, block), null]);
        });
      },
    );
    if (changes.length > 0) await store.commit(changes);
    return keys;
  };

  const candidates: Uint8Array[] = [];
  for await (const [key, bytes] of store.scan(headPrefix(view.state)))
    if (idle(bytes, watermark) !== null && candidates.push(entityOfHead(key)) === MOST) break;
  let swept = 0;
  for (let from = 0; from < candidates.length; from += PORTION) {
    const portion = candidates.slice(from, from + PORTION);
    const removed = await undisturbed((at) => remove(portion, at));
    if (removed === undefined) break;
    swept += removed;
  }
  return swept;
}
