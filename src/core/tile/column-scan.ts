import type { ByteReader } from "../codec/bytes.ts";
import { BLOCK_TILES } from "./key-state.ts";
import type { LevelPlan, PlacePlan } from "./reading-plan.ts";
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
 * the cut that it lies behind. Each begins where the one before ends. Shared by all scans, none of which interrupts another.
 */
const begins = new Uint8Array(BLOCK_TILES);
const ends = new Uint8Array(BLOCK_TILES);
const cutsOf = new Uint32Array(BLOCK_TILES);

/**
 * Merges the tiles of a block, as `encodeColumns` wrote them, into the totals of its slots, and passes over those of which
 * nothing is wanted. Counts, sums and times are read by hand, run by run; everything else by its own codec.
 * @param now the tile of the moment
 * @param running whether counts and whole sums are running totals, as they are written now
 * @throws AsofError ASOF_CORRUPT
 */
export function scanColumns(
  { cuts, forms, places, stretches }: LevelPlan,
  totals: WindowTotals,
  now: number,
  block: number,
  input: ByteReader,
  running: boolean,
): void {
  const bits = input.u32();
  const n = ones(bits);
  const runs = findRuns(cuts, now, block, bits);
  const { array: bytes, data, limit } = input;
  // Most blocks lie in one stretch of each place as a whole, and most columns are of whole sums: what they come to is last.
  const isWhole = running && runs === 1 && ends[0] - begins[0] === n;
  const onlyCut = cutsOf[0];
  let at = input.position;
  // Where the stretches of a place are: of one of which nothing is wanted all are −1.
  let own = 0;
  for (let place = 0; place < forms.length; place++, own += cuts.length) {
    const kind = bytes[at++];
    const form = formOfColumn(kind);
    // Behind the end anything may stand: it is noticed below.
    if (form === EMPTY) continue;
    if (form === STATES) {
      input.seek(at);
      scanStates(places[place], stretches, own, totals, runs, n, input);
      at = input.position;
      continue;
    }
    checkForm(form, forms[place]);
    if (form === TIMES) {
      const next = at + 8 * n;
      if (next > limit) throw corrupt("cut short");
      for (let run = 0; run < runs; run++) {
        const stretch = stretches[own + cutsOf[run]];
        if (stretch >= 0) totals.addNewest(stretch, data.getFloat64(at + 8 * (ends[run] - 1), true));
      }
      at = next;
      continue;
    }
    const width = countWidth(kind);
    const valuesAt = at + width * n;
    const valueBytes = form === WHOLES ? valueWidth(kind) : form === COUNTS ? 0 : form === DOUBLES ? 8 : 16;
    const next = valuesAt + valueBytes * n;
    if (next > limit) throw corrupt("cut short");
    if (isWhole && form === WHOLES) {
      const stretch = stretches[own + onlyCut];
      if (stretch >= 0) {
        totals.addCount(stretch, countBefore(data, valuesAt, width));
        totals.addWhole(stretch, wholeBefore(data, next, valueBytes));
      }
      at = next;
      continue;
    }
    for (let run = 0; run < runs; run++) {
      const stretch = stretches[own + cutsOf[run]];
      if (stretch < 0) continue;
      const begin = begins[run];
      const end = ends[run];
      if (running) {
        let count = countBefore(data, at + width * end, width);
        if (begin > 0) count -= countBefore(data, at + width * begin, width);
        totals.addCount(stretch, count);
      } else totals.addCount(stretch, addIntegers(data, at, width, begin, end, false));
      if (form === WHOLES) {
        if (running) {
          let whole = wholeBefore(data, valuesAt + valueBytes * end, valueBytes);
          if (begin > 0) whole -= wholeBefore(data, valuesAt + valueBytes * begin, valueBytes);
          totals.addWhole(stretch, whole);
        } else totals.addWhole(stretch, addIntegers(data, valuesAt, valueBytes, begin, end, true));
      } else if (form === DOUBLES) addDoubles(totals, stretch, data, valuesAt, begin, end);
      else if (form === PAIRS) addPairs(totals, stretch, data, valuesAt, 8 * n, begin, end);
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
  for (; ; next++) {
    const until = next < cuts.length ? Math.min(now + cuts[next] - first, BLOCK_TILES) : BLOCK_TILES;
    const end = until === BLOCK_TILES ? ones(bits) : ones(bits & ((1 << until) - 1));
    if (end > from && next > 0) {
      begins[runs] = from;
      ends[runs] = end;
      cutsOf[runs++] = next - 1;
    }
    if (until === BLOCK_TILES) return runs;
    from = end;
  }
}

/** How many bits of a word are set. */
function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** @param first where the stretches of the place are */
function scanStates(
  { algebra, windows }: PlacePlan,
  stretches: Int32Array,
  first: number,
  totals: WindowTotals,
  runs: number,
  n: number,
  input: ByteReader,
): void {
  let states = input.u32();
  const end = input.u32() + input.position;
  if (windows.length === 0) return input.seek(end);
  let run = 0;
  for (let tile = 0; tile < n; tile++, states >>>= 1) {
    if ((states & 1) === 0) continue;
    while (run < runs && ends[run] <= tile) run++;
    const isIn = run < runs && begins[run] <= tile;
    totals.merge(algebra, isIn ? stretches[first + cutsOf[run]] : -1, input);
  }
  if (input.position !== end) throw corrupt("the states of a column have another length than it says");
}

/** The running count that ends at a position. */
function countBefore(data: DataView, at: number, width: number): number {
  if (width === 1) return data.getUint8(at - 1);
  return width === 2 ? data.getUint16(at - 2, true) : data.getUint32(at - 4, true);
}

/** The running sum that ends at a position. */
function wholeBefore(data: DataView, at: number, width: number): number {
  if (width === 1) return data.getInt8(at - 1);
  return width === 2 ? data.getInt16(at - 2, true) : data.getInt32(at - 4, true);
}

/** The sum of the whole numbers of tiles [begin, end) in a column that begins at a position, where each is its tile's own. */
function addIntegers(
  data: DataView,
  position: number,
  width: number,
  begin: number,
  end: number,
  signed: boolean,
): number {
  let sum = 0;
  for (let at = position + width * (begin + 1); at <= position + width * end; at += width)
    sum += signed ? wholeBefore(data, at, width) : countBefore(data, at, width);
  return sum;
}

/** Adds doubles exactly: as in `ExactSum.add`, where both tests pass no addition has lost anything. */
function addDoubles(
  totals: WindowTotals,
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
    } else totals.addFraction(stretch, x);
  }
  totals.addFraction(stretch, hi);
  if (lo !== 0) totals.addFraction(stretch, lo);
}

/** Adds pairs of doubles exactly, as `ExactSum.merge` does. @param apart how far the second of a pair lies from the first */
function addPairs(
  totals: WindowTotals,
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
      totals.addFraction(stretch, x);
      totals.addFraction(stretch, y);
    }
  }
  totals.addFraction(stretch, hi);
  if (lo !== 0) totals.addFraction(stretch, lo);
}
