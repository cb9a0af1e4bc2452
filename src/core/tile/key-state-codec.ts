import type { OrderKey } from "../aggregation/aggregation.ts";
import { assert } from "../assert.ts";
import { decodeTagged, encodeTagged } from "../codec/tagged-value.ts";
import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeContributed, encodeContributed } from "./contributed-codec.ts";
import { type Contribution, KeyState, type LevelState, type Tile } from "./key-state.ts";
import { corrupt, decodeColumns, encodeColumns } from "./tile-columns.ts";
import { decodeRows } from "./tile-rows.ts";
import type { ViewLayout } from "./view-layout.ts";

/** The version that every head and block begins with: of tiles by column, with running counts and whole sums. */
export const TILE_FORMAT = 3;
/** Those before, which are read for ever: of tiles by column, each with its own numbers; of tiles one after the other. */
export const COLUMNS_FORMAT = 2;
export const ROWS_FORMAT = 1;

/**
 * Head record: version; for each level the open block (absent or index), its tiles and the list of closed blocks;
 * then the records that wait, with the `order` value and the bytes of each where the view is ordered. Equal states give equal bytes.
 */
export function encodeHead(layout: ViewLayout, state: KeyState, out: ByteWriter): void {
  out.u8(TILE_FORMAT);
  for (let l = 0; l < state.levels.length; l++) {
    const level = state.levels[l];
    out.u8(level.open === -Infinity ? 0 : 1);
    if (level.open === -Infinity) continue;
    out.zigzag(level.open);
    encodeColumns(layout, l, level.open, level.openTiles, out);
    out.varint(level.closed.size);
    if (level.closed.size > 0) for (const block of ascending(level.closed)) out.varint(level.open - block);
  }
  out.varint(state.pending.length);
  for (const record of state.pending) {
    out.zigzag(record.event);
    out.zigzag(record.available);
    layout.slots.forEach((slot, i) => encodeContributed(out, slot, record.values[i]));
    if (layout.orderColumns === null) continue;
    const { order } = record;
    assert(order !== undefined, "a record of an ordered view has its order key");
    encodeTagged(out, order.order);
    out.bytes(order.bytes);
  }
}

/** Reads what `encodeHead` wrote, to the end. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeHead(layout: ViewLayout, input: ByteReader): KeyState {
  const openTiles = layout.levels.map(() => new Map<number, Tile>());
  const { levels, pending } = visitHead(layout, input, (level, block, version) =>
    decodeTiles(layout, level, block, version, input, openTiles[level]),
  );
  return new KeyState(
    levels.map(({ open, closed }, l): LevelState => {
      return { open, openTiles: openTiles[l], last: null, closed: new Set(closed), loaded: new Map(), dropped: [] };
    }),
    pending,
  );
}

/** What a head holds beside its tiles. */
export interface HeadContent {
  readonly levels: readonly { readonly open: number; readonly closed: readonly number[] }[];
  readonly pending: Contribution[];
}

/**
 * Reads what `encodeHead` wrote, to the end, but leaves the tiles of each level's open block to the caller, who must
 * take them from the input. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function visitHead(
  layout: ViewLayout,
  input: ByteReader,
  openTiles: (level: number, block: number, version: number) => void,
): HeadContent {
  const version = readVersion(input);
  const levels = layout.levels.map((_, l) => {
    const closed: number[] = [];
    if (!readFlag(input)) return { open: -Infinity, closed };
    const open = input.zigzag();
    openTiles(l, open, version);
    for (let n = input.varint(); n > 0; n--) {
      const back = input.varint();
      if (back === 0) throw corrupt("its open block is among the closed ones");
      closed.push(open - back);
    }
    return { open, closed };
  });
  const pending: Contribution[] = [];
  for (let n = input.varint(); n > 0; n--) {
    const event = input.zigzag();
    const available = input.zigzag();
    const values = layout.slots.map((slot) => decodeContributed(input, slot));
    if (layout.orderColumns === null) pending.push({ event, available, values });
    else pending.push({ event, available, values, order: decodeOrder(input, event, available) });
  }
  input.end();
  return { levels, pending };
}

function decodeOrder(input: ByteReader, event: number, available: number): OrderKey {
  const order = decodeTagged(input);
  return { event, available, order, bytes: input.bytes() };
}

/** Block record: version, then its tiles. */
export function encodeBlock(
  layout: ViewLayout,
  level: number,
  block: number,
  tiles: Map<number, Tile>,
  out: ByteWriter,
): void {
  out.u8(TILE_FORMAT);
  encodeColumns(layout, level, block, tiles, out);
}

/** Reads what `encodeBlock` wrote, to the end. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeBlock(layout: ViewLayout, level: number, block: number, input: ByteReader): Map<number, Tile> {
  const tiles = new Map<number, Tile>();
  decodeTiles(layout, level, block, readVersion(input), input, tiles);
  input.end();
  return tiles;
}

/** Reads the tiles of a block as the version of their record has them, into `tiles`. */
function decodeTiles(
  layout: ViewLayout,
  level: number,
  block: number,
  version: number,
  input: ByteReader,
  tiles: Map<number, Tile>,
): void {
  if (version === ROWS_FORMAT) decodeRows(layout, level, block, input, tiles);
  else decodeColumns(layout, level, block, input, tiles, version !== COLUMNS_FORMAT);
}

function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** The version of a head or a block, which it begins with. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function readVersion(input: ByteReader): number {
  const version = input.u8();
  if (version < ROWS_FORMAT || version > TILE_FORMAT)
    throw new AsofError("ASOF_FORMAT", `a tile record has format ${version}; this version reads up to ${TILE_FORMAT}`, {
      version,
    });
  return version;
}

function readFlag(input: ByteReader): boolean {
  const flag = input.u8();
  if (flag > 1) throw corrupt(`${flag} is neither 0 nor 1`);
  return flag === 1;
}
