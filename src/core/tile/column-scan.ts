import type { ByteReader } from "../codec/bytes.ts";
import { BLOCK_TILES } from "./key-state.ts";
import type { LevelPlan } from "./reading-plan.ts";
import {
  checkForm,
  corrupt,
  COUNTS,
  countWidth,
  DOUBLES,
  EMPTY,
  formOfColumn,
  PAIRS,
  STATES,
  TIMES,
  valueWidth,
  WHOLES,
} from "./tile-columns.ts";
import type { WindowTotals } from "./window-totals.ts";

/**
 * The runs of a block's tiles that no place's stretches part: where each begins and ends among the tiles that there are, and
 * a tile of it. Shared by all scans, none of which interrupts another.
 */
const begins = new Uint8Array(BLOCK_TILES);
const ends = new Uint8Array(BLOCK_TILES);
const tiles = new Float64Array(BLOCK_TILES);

/**
 * Merges the tiles of a block, as `encodeColumns` wrote them, into the totals of its slots, and passes over those that have
 * none. Counts, sums and times are read by hand, run by run; everything else by its own codec.
 * @param now the tile of the moment
 * @throws AsofError ASOF_CORRUPT
 */
export function scanColumns(
  { cuts, places }: LevelPlan,
  totals: readonly (WindowTotals | null)[],
  now: number,
  block: number,
  input: ByteReader,
): void {
  const bits = input.u32();
  const n = ones(bits);
  const runs = findRuns(cuts, now, block, bits);
  const { array: bytes, data } = input;
  let at = input.position;
  for (let place = 0; place < places.length; place++) {
    const total = totals[place];
    const kind = bytes[at++];
    const form = formOfColumn(kind);
    // Behind the end anything may stand: it is noticed below.
    if (form === EMPTY) continue;
    if (form === STATES) {
      input.seek(at);
      scanStates(total, block, bits, input);
      at = input.position;
      continue;
    }
    checkForm(form, places[place].form);
    const counted = form === TIMES ? 0 : countWidth(kind);
    const summed = form === COUNTS ? 0 : form === WHOLES ? valueWidth(kind) : 8;
    const valuesAt = at + counted * n;
    const next = valuesAt + summed * n * (form === PAIRS ? 2 : 1);
    input.seek(next);
    if (total === null) {
      at = next;
      continue;
    }
    if (form === TIMES) {
      if (runs > 0) total.addNewest(tiles[runs - 1], data.getFloat64(at + 8 * (ends[runs - 1] - 1), true));
    } else
      for (let run = 0; run < runs; run++) {
        const stretch = total.stretch(tiles[run]);
        if (stretch < 0) continue;
        const begin = begins[run];
        const end = ends[run];
        const count = addIntegers(data, at, counted, begin, end, false);
        const whole = form === WHOLES ? addIntegers(data, valuesAt, summed, begin, end, true) : 0;
        total.addWhole(stretch, count, whole);
        if (form === DOUBLES) addDoubles(total, stretch, data, valuesAt, begin, end);
        else if (form === PAIRS) addPairs(total, stretch, data, valuesAt, 8 * n, begin, end);
      }
    at = next;
  }
  input.seek(at);
}

/** Finds the runs of a block, of which those are left out that no window reaches. How many there are. */
function findRuns(cuts: readonly number[], now: number, block: number, bits: number): number {
  const first = block * BLOCK_TILES;
  let next = 0;
  while (next < cuts.length && now + cuts[next] <= first) next++;
  let runs = 0;
  let from = 0;
  for (let tile = first; ; next++) {
    const until = next < cuts.length ? Math.min(now + cuts[next] - first, BLOCK_TILES) : BLOCK_TILES;
    const end = until === BLOCK_TILES ? ones(bits) : ones(bits & ((1 << until) - 1));
    if (end > from && next > 0) {
      begins[runs] = from;
      ends[runs] = end;
      tiles[runs++] = tile;
    }
    if (until === BLOCK_TILES) return runs;
    from = end;
    tile = first + until;
  }
}

/** How many bits of a word are set. */
function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

function scanStates(total: WindowTotals | null, block: number, present: number, input: ByteReader): void {
  const states = input.u32();
  const end = input.u32() + input.position;
  if (total === null) return input.seek(end);
  let rank = 0;
  for (let offset = 0, bits = present; bits !== 0; offset++, bits >>>= 1) {
    if ((bits & 1) === 0) continue;
    if (((states >>> rank++) & 1) === 1) total.merge(total.stretch(block * BLOCK_TILES + offset), input);
  }
  if (input.position !== end) throw corrupt("the states of a column have another length than it says");
}

/** The sum of the whole numbers at [begin, end) of those from a position on: small ones four or two at a time. */
function addIntegers(
  data: DataView,
  position: number,
  width: number,
  begin: number,
  end: number,
  signed: boolean,
): number {
  let at = position + width * begin;
  const until = position + width * end;
  let sum = 0;
  if (width === 1) {
    // Two sums side by side in sixteen bits each, which at most sixteen numbers do not fill; signed ones 128 too great.
    const flip = signed ? 0x8080_8080 : 0;
    let pair = 0;
    for (; at + 4 <= until; at += 4) {
      const four = data.getInt32(at, true) ^ flip;
      pair += (four & 0x00ff_00ff) + ((four >>> 8) & 0x00ff_00ff);
    }
    for (; at < until; at++) pair += data.getUint8(at) ^ (flip & 0xff);
    sum = (pair & 0xffff) + (pair >>> 16);
    return signed ? sum - 0x80 * (end - begin) : sum;
  }
  if (width === 2) {
    if (signed) for (; at < until; at += 2) sum += data.getInt16(at, true);
    else for (; at < until; at += 2) sum += data.getUint16(at, true);
    return sum;
  }
  if (signed) for (; at < until; at += 4) sum += data.getInt32(at, true);
  else for (; at < until; at += 4) sum += data.getUint32(at, true);
  return sum;
}

/** Adds doubles exactly: as in `ExactSum.add`, where both tests pass no addition has lost anything. */
function addDoubles(
  total: WindowTotals,
  stretch: number,
  data: DataView,
  position: number,
  begin: number,
  end: number,
): void {
  let hi = 0;
  let lo = 0;
  for (let at = position + 8 * begin; at < position + 8 * end; at += 8) {
    const x = data.getFloat64(at, true);
    const s = hi + x;
    const x1 = s - hi;
    const e = hi - (s - x1) + (x - x1);
    const t = lo + e;
    if (t - lo === e && t - e === lo) {
      hi = s;
      lo = t;
    } else total.addFraction(stretch, x);
  }
  total.addFraction(stretch, hi);
  if (lo !== 0) total.addFraction(stretch, lo);
}

/** Adds pairs of doubles exactly, as `ExactSum.merge` does. @param apart how far the second of a pair lies from the first */
function addPairs(
  total: WindowTotals,
  stretch: number,
  data: DataView,
  position: number,
  apart: number,
  begin: number,
  end: number,
): void {
  let hi = 0;
  let lo = 0;
  for (let at = position + 8 * begin; at < position + 8 * end; at += 8) {
    const x = data.getFloat64(at, true);
    const y = data.getFloat64(at + apart, true);
    const s = hi + x;
    const x1 = s - hi;
    const e = hi - (s - x1) + (x - x1);
    const u = lo + y;
    const t = u + e;
    if (u - lo === y && u - y === lo && t - u === e && t - e === u) {
      hi = s;
      lo = t;
    } else {
      total.addFraction(stretch, x);
      total.addFraction(stretch, y);
    }
  }
  total.addFraction(stretch, hi);
  if (lo !== 0) total.addFraction(stretch, lo);
}
