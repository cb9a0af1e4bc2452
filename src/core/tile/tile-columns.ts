import { NumberSum } from "../aggregation/number-sum.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { AsofError } from "../errors.ts";
import { BLOCK_TILES, type Tile } from "./key-state.ts";
import { COUNT, formOf, NEWEST, SUM } from "./slot-form.ts";
import type { Slot, ViewLayout } from "./view-layout.ts";

// The tiles of a block are stored by column: a bit for each tile that there is, then the states of slot after slot.
// Counts, sums and times, which most slots are, lie side by side in numbers of one width. Counts and sums that are whole
// are running: each is of its tile and of those before it in the block, so that what any of them come to together is a
// difference of two. A tile without a state has a count of 0.

/** How a column is written: the low bits of its first byte. */
export const EMPTY = 0;
/** By the slot's own codec, after a bit for each tile that has a state and how many bytes they take. */
export const STATES = 1;
export const COUNTS = 2;
/** Counts, then sums that are whole. */
export const WHOLES = 3;
/** Counts, then sums that are a double each. */
export const DOUBLES = 4;
/** Counts, then for each sum the nearest double, then for each what it is off by. */
export const PAIRS = 5;
/** Times, as doubles: they are whole and within ±2^53. */
export const TIMES = 6;
const FORM_BITS = 7;

/** Where the first byte says how wide counts and whole sums are: 1, 2 or 4 bytes. */
const COUNT_SHIFT = 3;
const VALUE_SHIFT = 5;

/** Of which slots a form holds the states. */
const SLOTS = Uint8Array.of(255, 255, COUNT, SUM, SUM, SUM, NEWEST, 255);

/** @throws AsofError ASOF_CORRUPT where a column of numbers is of no such slot */
export function checkForm(form: number, slot: number): void {
  if (SLOTS[form] !== slot) throw corrupt(`a column of form ${form} is none of its slot`);
}

export const formOfColumn = (kind: number): number => kind & FORM_BITS;
/** In bytes; 8 where there is no such width. */
export const countWidth = (kind: number): number => 1 << ((kind >> COUNT_SHIFT) & 3);
export const valueWidth = (kind: number): number => 1 << ((kind >> VALUE_SHIFT) & 3);

/** A column on its way in or out, by tile that there is. Shared: one column at a time. */
const counts = new Float64Array(BLOCK_TILES);
const values = new Float64Array(BLOCK_TILES);
const lows = new Float64Array(BLOCK_TILES);

/** Writes tiles of a block. Equal states have equal bytes. */
export function encodeColumns(
  layout: ViewLayout,
  level: number,
  block: number,
  tiles: Map<number, Tile>,
  out: ByteWriter,
): void {
  const { slots } = layout.levels[level];
  let bits = 0;
  for (const index of tiles.keys()) bits |= 1 << (index - block * BLOCK_TILES);
  out.u32(bits >>> 0);
  const rows = inOrder(tiles);
  for (let place = 0; place < slots.length; place++) encodeColumn(layout.slots[slots[place]], rows, place, out);
}

/**
 * Reads what `encodeColumns` wrote into `tiles`.
 * @param running whether counts and whole sums are running, as they are written now
 * @throws AsofError ASOF_CORRUPT
 */
export function decodeColumns(
  layout: ViewLayout,
  level: number,
  block: number,
  input: ByteReader,
  tiles: Map<number, Tile>,
  running: boolean,
): void {
  const { slots } = layout.levels[level];
  const rows: Tile[] = [];
  let offset = block * BLOCK_TILES;
  for (let bits = input.u32(); bits !== 0; bits >>>= 1, offset++) {
    if ((bits & 1) === 0) continue;
    const tile = slots.map(() => undefined);
    tiles.set(offset, tile);
    rows.push(tile);
  }
  for (let place = 0; place < slots.length; place++)
    decodeColumn(layout.slots[slots[place]], rows, place, input, running);
}

function inOrder(tiles: Map<number, Tile>): Tile[] {
  const rows = [...tiles.values()];
  if (rows.length < 2) return rows;
  const indices = [...tiles.keys()];
  // Mostly they come in order.
  for (let i = 1; i < indices.length; i++)
    if (indices[i] < indices[i - 1]) return indices.sort((a, b) => a - b).map((index) => tiles.get(index)!);
  return rows;
}

function encodeColumn(slot: Slot, rows: readonly Tile[], place: number, out: ByteWriter): void {
  const kind = planColumn(slot, rows, place, true);
  const n = rows.length;
  out.u8(kind);
  const form = kind & FORM_BITS;
  if (form === EMPTY) return;
  if (form === STATES) {
    let bits = 0;
    for (let i = 0; i < n; i++) if (rows[i][place] !== undefined) bits |= 1 << i;
    out.u32(bits >>> 0);
    out.u32(0);
    const from = out.length;
    for (let i = 0; i < n; i++) if (rows[i][place] !== undefined) slot.tiled.encode(rows[i][place], out);
    out.patchU32(from - 4, out.length - from);
    return;
  }
  if (form !== TIMES) writeRunning(counts, n, countWidth(kind), out);
  if (form === WHOLES) writeRunning(values, n, valueWidth(kind), out);
  if (form >= DOUBLES) for (let i = 0; i < n; i++) out.f64(values[i]);
  if (form === PAIRS) for (let i = 0; i < n; i++) out.f64(lows[i]);
}

function decodeColumn(slot: Slot, rows: readonly Tile[], place: number, input: ByteReader, running: boolean): void {
  const kind = input.u8();
  const n = rows.length;
  const form = kind & FORM_BITS;
  if (form === EMPTY) {
    if (kind !== EMPTY) throw corrupt(`no column is of kind ${kind}`);
    return;
  }
  if (form === STATES) {
    let bits = input.u32();
    const end = input.u32() + input.position;
    for (let i = 0; bits !== 0; bits >>>= 1, i++) {
      if (i === n) throw corrupt("a column has more states than its block has tiles");
      if ((bits & 1) !== 0) rows[i][place] = slot.tiled.decode(input);
    }
    if (input.position !== end) throw corrupt("the states of a column have another length than it says");
  } else {
    checkForm(form, formOf(slot));
    if (form !== TIMES) readIntegers(input, n, countWidth(kind), false, running, counts);
    if (form === WHOLES) readIntegers(input, n, valueWidth(kind), true, running, values);
    if (form >= DOUBLES) for (let i = 0; i < n; i++) values[i] = input.f64();
    for (let i = 0; i < n; i++) {
      const low = form === PAIRS ? input.f64() : 0;
      if (form !== TIMES && counts[i] < 0) throw corrupt("a running count falls");
      if (form === TIMES || form === COUNTS) rows[i][place] = form === TIMES ? values[i] : counts[i] || undefined;
      else if (counts[i] === 0 ? values[i] !== 0 || low !== 0 : values[i] + low !== values[i] || !isFinite(values[i]))
        throw corrupt("a stored sum is not in its canonical form");
      else if (counts[i] > 0) rows[i][place] = sumOf(counts[i], values[i], low);
    }
  }
  // What is written in another form than it would be is not what the writer wrote.
  if (planColumn(slot, rows, place, running) !== kind) throw corrupt(`a column is not written in kind ${kind}`);
}

function sumOf(count: number, high: number, low: number): NumberSum {
  const state = new NumberSum();
  state.count = count;
  state.sum.add(high);
  if (low !== 0) state.sum.add(low);
  return state;
}

function writeRunning(numbers: Float64Array, n: number, width: number, out: ByteWriter): void {
  let total = 0;
  for (let i = 0; i < n; i++) out.integer((total += numbers[i]), width);
}

/** Reads whole numbers, of running ones what each adds to the one before. */
function readIntegers(
  input: ByteReader,
  n: number,
  width: number,
  signed: boolean,
  running: boolean,
  into: Float64Array,
): void {
  let before = 0;
  for (let i = 0; i < n; i++) {
    const number = input.integer(width, signed);
    into[i] = number - before;
    if (running) before = number;
  }
}

/** How the states of a place are written: the column's first byte. Numbers are left in `counts`, `values` and `lows`. */
function planColumn(slot: Slot, rows: readonly Tile[], place: number, running: boolean): number {
  switch (formOf(slot)) {
    case COUNT:
      return planCounts(rows, place, running);
    case SUM:
      return planSums(rows, place, running);
    case NEWEST:
      return planTimes(rows, place);
    default:
      return planStates(rows, place);
  }
}

function planStates(rows: readonly Tile[], place: number): number {
  for (let i = 0; i < rows.length; i++) if (rows[i][place] !== undefined) return STATES;
  return EMPTY;
}

function planCounts(rows: readonly Tile[], place: number, running: boolean): number {
  let most = 0;
  for (let i = 0; i < rows.length; i++) {
    const count = (rows[i][place] as number | undefined) ?? 0;
    counts[i] = count;
    if (running) most += count;
    else if (count > most) most = count;
  }
  return most === 0 || most > 0xffff_ffff ? planStates(rows, place) : COUNTS | countBits(most);
}

function planSums(rows: readonly Tile[], place: number, running: boolean): number {
  let most = 0;
  let whole = 0;
  let least = 0;
  let greatest = 0;
  let isWhole = true;
  let isDouble = true;
  for (let i = 0; i < rows.length; i++) {
    const state = rows[i][place] as NumberSum | undefined;
    counts[i] = values[i] = lows[i] = 0;
    if (state === undefined) continue;
    const { count, sum } = state;
    if (count === 0 || !sum.isFinite() || !sum.canonicalise()) return STATES;
    const value = sum.high;
    counts[i] = count;
    values[i] = value;
    lows[i] = sum.low;
    if (running) most += count;
    else if (count > most) most = count;
    if (sum.low !== 0) isDouble = isWhole = false;
    whole = running ? whole + value : value;
    // A fraction may be lost beside a running sum.
    if ((whole | 0) !== whole || (value | 0) !== value) isWhole = false;
    else if (whole < least) least = whole;
    else if (whole > greatest) greatest = whole;
  }
  if (most === 0) return EMPTY;
  if (most > 0xffff_ffff) return STATES;
  const form = isWhole ? WHOLES | wholeBits(least, greatest) : isDouble ? DOUBLES : PAIRS;
  return form | countBits(most);
}

function planTimes(rows: readonly Tile[], place: number): number {
  for (let i = 0; i < rows.length; i++) {
    const time = rows[i][place];
    if (typeof time !== "number") return planStates(rows, place);
    values[i] = time;
  }
  return rows.length === 0 ? EMPTY : TIMES;
}

const countBits = (most: number): number => (most < 0x100 ? 0 : most < 0x1_0000 ? 1 : 2) << COUNT_SHIFT;

function wholeBits(least: number, greatest: number): number {
  const width = least >= -0x80 && greatest < 0x80 ? 0 : least >= -0x8000 && greatest < 0x8000 ? 1 : 2;
  return width << VALUE_SHIFT;
}

export function corrupt(why: string): AsofError {
  return new AsofError("ASOF_CORRUPT", `a tile record is damaged: ${why}`);
}
