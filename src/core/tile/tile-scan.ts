import { DOUBLE_SUM, PAIR_SUM, WHOLE_SUM, ZERO_SUM } from "../aggregation/exact-sum.ts";
import type { ByteReader } from "../codec/bytes.ts";
import { BLOCK_TILES } from "./key-state.ts";
import { corrupt } from "./key-state-codec.ts";
import { COUNT, type LevelPlan, NEWEST, SUM } from "./reading-plan.ts";
import type { WindowTotals } from "./window-totals.ts";

/**
 * By place what the tiles of one stretch came to so far: the count, the whole sum, and two doubles whose exact sum is
 * that of the fractions. Shared by all scans: each starts by clearing it and none interrupts another.
 */
let sums = new Float64Array(4 * 32);

/**
 * Merges the tiles of a block into the totals of its slots. Counts and sums of whole numbers, of which there are the most
 * and the smallest, are read here byte by byte; everything else, and whatever is longer, by its own codec.
 * @param now the tile of the moment
 * @throws AsofError ASOF_CORRUPT
 */
export function scanTiles(
  { forms, cuts }: LevelPlan,
  totals: readonly WindowTotals[],
  now: number,
  block: number,
  input: ByteReader,
): void {
  const places = forms.length;
  if (sums.length < 4 * places) sums = new Float64Array(8 * places);
  const { array: bytes, data, limit: end } = input;
  const run = sums;
  for (let i = 4 * places - 1; i >= 0; i--) run[i] = 0;
  const newest = { at: -1, place: -1, tile: -1 };
  // Tiles from `from` until `until` are in the same stretch of each place as `from` is.
  let from = 0;
  let until = 0;
  let tiles = input.varint();
  let at = input.position;
  for (; tiles > 0; tiles--) {
    const offset = bytes[at++];
    // Behind the end anything may stand: it is noticed before it counts.
    if (at > end) break;
    if (offset >= BLOCK_TILES) throw corrupt(`a block has no tile ${offset}`);
    const tile = block * BLOCK_TILES + offset;
    if (tile < from || tile >= until) {
      if (from < until) settle(forms, totals, from, run);
      let next = 0;
      while (next < cuts.length && cuts[next] <= tile - now) next++;
      from = tile;
      until = next < cuts.length ? now + cuts[next] : Infinity;
    }
    for (let place = 0; place < places; place++) {
      const flag = bytes[at++];
      if (flag === 0) continue;
      if (at > end) break;
      if (flag !== 1) throw corrupt(`${flag} is neither 0 nor 1`);
      const form = forms[place];
      if (form === SUM) {
        const count = bytes[at];
        if (count > 0 && count < 0x80) {
          const head = bytes[at + 1];
          const sum = 4 * place;
          if (head === WHOLE_SUM) {
            const first = bytes[at + 2];
            if (first < 0x80) {
              if (first !== 0) {
                run[sum] += count;
                run[sum + 1] += (first >> 1) ^ -(first & 1);
                at += 3;
                continue;
              }
            } else {
              const low = bytes[at + 3];
              const high = low < 0x80 ? low : bytes[at + 4];
              if (high > 0 && high < 0x80) {
                const magnitude = ((first >> 1) & 63) + 64 * (low < 0x80 ? low : (low & 0x7f) + 128 * high);
                run[sum] += count;
                run[sum + 1] += magnitude ^ -(first & 1);
                at += low < 0x80 ? 4 : 5;
                continue;
              }
            }
          } else if (head === DOUBLE_SUM && at + 10 <= end) {
            const x = data.getFloat64(at + 2, true);
            const hi = run[sum + 2];
            const lo = run[sum + 3];
            // As in `ExactSum.add`: where both tests pass, no addition has lost anything.
            const s = hi + x;
            const x1 = s - hi;
            const e = hi - (s - x1) + (x - x1);
            const t = lo + e;
            if (t - lo === e && t - e === lo && Math.floor(x) !== x) {
              run[sum] += count;
              run[sum + 2] = s;
              run[sum + 3] = t;
              at += 10;
              continue;
            }
          } else if (head === PAIR_SUM && at + 18 <= end) {
            const x = data.getFloat64(at + 2, true);
            const y = data.getFloat64(at + 10, true);
            const hi = run[sum + 2];
            const lo = run[sum + 3];
            const s = hi + x;
            const x1 = s - hi;
            const e = hi - (s - x1) + (x - x1);
            const u = lo + y;
            const t = u + e;
            // As in `ExactSum.merge`.
            if (u - lo === y && u - y === lo && t - u === e && t - e === u && y !== 0 && x + y === x) {
              run[sum] += count;
              run[sum + 2] = s;
              run[sum + 3] = t;
              at += 18;
              continue;
            }
          } else if (head === ZERO_SUM) {
            run[sum] += count;
            at += 2;
            continue;
          }
        }
      } else if (form === COUNT) {
        const count = bytes[at];
        if (count < 0x80) {
          run[4 * place] += count;
          at++;
          continue;
        }
      } else if (form === NEWEST && bytes[at] === 1 && tile >= totals[place].first) {
        const total = totals[place];
        if (tile > total.newest) {
          total.newest = tile;
          newest.at = at;
          newest.place = place;
          newest.tile = tile;
        }
        at = behindVarint(bytes, at + 1);
        continue;
      }
      input.seek(at);
      totals[place].merge(totals[place].stretch(tile), input);
      at = input.position;
    }
    if (at > end) break;
  }
  if (newest.at >= 0) {
    input.seek(newest.at);
    const total = totals[newest.place];
    total.merge(total.stretch(newest.tile), input);
  }
  input.seek(at);
  if (from < until) settle(forms, totals, from, run);
}

/** Brings what the tiles of one stretch came to into the totals, and starts the next with nothing. */
function settle(forms: Uint8Array, totals: readonly WindowTotals[], tile: number, run: Float64Array): void {
  for (let place = 0; place < forms.length; place++) {
    const at = 4 * place;
    const count = run[at];
    if (count === 0) continue;
    const total = totals[place];
    const stretch = total.stretch(tile);
    if (stretch >= 0) {
      total.addWhole(stretch, count, run[at + 1]);
      if (run[at + 2] !== 0) total.addFraction(stretch, run[at + 2]);
      if (run[at + 3] !== 0) total.addFraction(stretch, run[at + 3]);
    }
    run[at] = run[at + 1] = run[at + 2] = run[at + 3] = 0;
  }
}

/** Where a varint ends. Most times take eight bytes. */
function behindVarint(bytes: Uint8Array, at: number): number {
  let to = at;
  while ((bytes[to] & bytes[to + 1] & bytes[to + 2] & bytes[to + 3]) >= 0x80) to += 4;
  while (bytes[to] >= 0x80) to++;
  return to + 1;
}
