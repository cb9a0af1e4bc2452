import { DOUBLE_SUM, WHOLE_SUM } from "../aggregation/exact-sum.ts";
import type { ByteReader } from "../codec/bytes.ts";
import { BLOCK_TILES } from "./key-state.ts";
import { corrupt } from "./key-state-codec.ts";
import type { WindowTotals } from "./window-totals.ts";

/**
 * Merges the tiles of a block into the totals of its slots. Counts and sums of whole numbers, of which there are the most
 * and the smallest, are read here byte by byte; everything else, and whatever is longer, by its own codec.
 * @throws AsofError ASOF_CORRUPT
 */
export function scanTiles(totals: readonly WindowTotals[], block: number, input: ByteReader): void {
  let tiles = input.varint();
  const { array: bytes, limit: end } = input;
  const newest = { at: -1, place: -1, stretch: -1 };
  let at = input.position;
  for (; tiles > 0; tiles--) {
    const offset = bytes[at++];
    // Behind the end anything may stand: it is noticed before it counts.
    if (at <= end && offset >= BLOCK_TILES) throw corrupt(`a block has no tile ${offset}`);
    const tile = block * BLOCK_TILES + offset;
    for (let place = 0; place < totals.length; place++) {
      const flag = bytes[at++];
      if (flag === 0) continue;
      if (at > end) break;
      if (flag !== 1) throw corrupt(`${flag} is neither 0 nor 1`);
      const total = totals[place];
      const stretch = total.stretch(tile);
      const { form } = total.plan;
      const read =
        stretch < 0 || form === null
          ? 0
          : form === "count"
            ? scanCount(bytes, at, total, stretch)
            : form === "sum"
              ? scanSum(bytes, at, total, stretch, input)
              : skipTime(bytes, at);
      if (read > 0) {
        if (form === "newest" && tile > total.newest) {
          total.newest = tile;
          [newest.at, newest.place, newest.stretch] = [at, place, stretch];
        }
        at += read;
        continue;
      }
      input.seek(at);
      total.merge(stretch, input);
      at = input.position;
    }
    if (at > end) break;
  }
  if (newest.at >= 0) {
    input.seek(newest.at);
    totals[newest.place].merge(newest.stretch, input);
  }
  input.seek(at);
}

/** A count of one byte; how many bytes were read, 0 where it is longer. */
function scanCount(bytes: Uint8Array, at: number, total: WindowTotals, stretch: number): number {
  const count = bytes[at];
  if (!(count < 0x80)) return 0;
  total.counts[stretch] += count;
  return 1;
}

/** A count of one byte, and a whole sum of up to three or one that is a fraction; how many bytes were read, 0 where it is longer. */
function scanSum(bytes: Uint8Array, at: number, total: WindowTotals, stretch: number, input: ByteReader): number {
  const count = bytes[at];
  if (!(count > 0 && count < 0x80)) return 0;
  if (bytes[at + 1] === DOUBLE_SUM) {
    const sum = input.f64At(at + 2);
    if (sum - sum !== 0 || Math.floor(sum) === sum) return 0;
    total.counts[stretch] += count;
    total.sumOf(stretch).add(sum);
    return 10;
  }
  if (bytes[at + 1] !== WHOLE_SUM) return 0;
  const first = bytes[at + 2];
  let magnitude = (first >> 1) & 63;
  let read = 3;
  if (first >= 0x80) {
    const low = bytes[at + 3];
    const high = low < 0x80 ? low : bytes[at + 4];
    if (!(high > 0 && high < 0x80)) return 0;
    magnitude += 64 * (low < 0x80 ? low : (low & 0x7f) + 128 * high);
    read = low < 0x80 ? 4 : 5;
  } else if (first === 0) return 0;
  total.counts[stretch] += count;
  total.wholes[stretch] += (first & 1) === 1 ? -magnitude - 1 : magnitude;
  return read;
}

/** How many bytes a time takes; 0 where there is none. */
function skipTime(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 1) return 0;
  let to = at + 1;
  while (bytes[to] >= 0x80) to++;
  return to + 1 - at;
}
