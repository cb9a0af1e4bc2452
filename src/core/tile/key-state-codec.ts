import type { OrderKey } from "../aggregation/aggregation.ts";
import { assert } from "../assert.ts";
import { decodeTagged, encodeTagged } from "../codec/tagged-value.ts";
import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeContributed, encodeContributed } from "./contributed-codec.ts";
import { BLOCK_TILES, type Contribution, KeyState, type LevelState, type Tile } from "./key-state.ts";
import type { ViewLayout } from "./view-layout.ts";

/** The version that every head and block begins with. */
export const TILE_FORMAT = 1;

/**
 * Head record: version; for each level the open block (absent or index), its tiles and the list of closed blocks;
 * then the records that wait, with the `order` value and the bytes of each where the view is ordered. Tiles ascend, so equal states give equal bytes.
 */
export function encodeHead(layout: ViewLayout, state: KeyState, out: ByteWriter): void {
  out.u8(TILE_FORMAT);
  for (let l = 0; l < state.levels.length; l++) {
    const level = state.levels[l];
    out.u8(level.open === -Infinity ? 0 : 1);
    if (level.open === -Infinity) continue;
    out.zigzag(level.open);
    encodeTiles(layout, l, level.open, level.openTiles, out);
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
  const { levels, pending } = visitHead(layout, input, (level, block) =>
    decodeTiles(layout, level, block, input, openTiles[level]),
  );
  return new KeyState(
    levels.map(({ open, closed }, l): LevelState => {
      return { open, openTiles: openTiles[l], closed, loaded: new Map(), dropped: [] };
    }),
    pending,
  );
}

/** What a head holds beside its tiles. */
export interface HeadContent {
  readonly levels: readonly { readonly open: number; readonly closed: Set<number> }[];
  readonly pending: Contribution[];
}

/**
 * Reads what `encodeHead` wrote, to the end, but leaves the tiles of each level's open block to the caller, who must
 * take them from the input. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function visitHead(
  layout: ViewLayout,
  input: ByteReader,
  openTiles: (level: number, block: number) => void,
): HeadContent {
  checkVersion(input);
  const levels = layout.levels.map((_, l) => {
    const closed = new Set<number>();
    if (!readFlag(input)) return { open: -Infinity, closed };
    const open = input.zigzag();
    openTiles(l, open);
    for (let n = input.varint(); n > 0; n--) {
      const back = input.varint();
      if (back === 0) throw corrupt("its open block is among the closed ones");
      closed.add(open - back);
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
  encodeTiles(layout, level, block, tiles, out);
}

/** Reads what `encodeBlock` wrote, to the end. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeBlock(layout: ViewLayout, level: number, block: number, input: ByteReader): Map<number, Tile> {
  const tiles = new Map<number, Tile>();
  visitBlock(input, () => decodeTiles(layout, level, block, input, tiles));
  return tiles;
}

/** Reads what `encodeBlock` wrote, but leaves its tiles to the caller. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function visitBlock(input: ByteReader, tiles: () => void): void {
  checkVersion(input);
  tiles();
  input.end();
}

function encodeTiles(
  layout: ViewLayout,
  level: number,
  block: number,
  tiles: Map<number, Tile>,
  out: ByteWriter,
): void {
  const { slots } = layout.levels[level];
  out.varint(tiles.size);
  const encodeTile = (tile: Tile, index: number): void => {
    out.u8(index - block * BLOCK_TILES);
    for (let place = 0; place < slots.length; place++) {
      const state = tile[place];
      out.u8(state === undefined ? 0 : 1);
      if (state !== undefined) layout.slots[slots[place]].tiled.encode(state, out);
    }
  };
  // Most blocks that are written often have one tile yet.
  if (tiles.size === 1) tiles.forEach(encodeTile);
  else for (const index of ascending(tiles.keys())) encodeTile(tiles.get(index)!, index);
}

function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function decodeTiles(
  layout: ViewLayout,
  level: number,
  block: number,
  input: ByteReader,
  tiles: Map<number, Tile>,
): void {
  const { slots } = layout.levels[level];
  visitTiles(slots.length, block, input, (index, place) => {
    let tile = tiles.get(index);
    if (tile === undefined) tiles.set(index, (tile = slots.map(() => undefined)));
    if (place >= 0) tile[place] = layout.slots[slots[place]].tiled.decode(input);
  });
}

/**
 * Reads tiles of a block with so many slots: calls `visit` for each tile with the place −1, then for each state in it,
 * which the caller must take from the input. @throws AsofError ASOF_CORRUPT
 */
export function visitTiles(
  slots: number,
  block: number,
  input: ByteReader,
  visit: (index: number, place: number) => void,
): void {
  for (let n = input.varint(); n > 0; n--) {
    const offset = input.u8();
    if (offset >= BLOCK_TILES) throw corrupt(`a block has no tile ${offset}`);
    const index = block * BLOCK_TILES + offset;
    visit(index, -1);
    for (let place = 0; place < slots; place++) if (readFlag(input)) visit(index, place);
  }
}

function checkVersion(input: ByteReader): void {
  const version = input.u8();
  if (version !== TILE_FORMAT)
    throw new AsofError("ASOF_FORMAT", `a tile record has format ${version}; this version reads ${TILE_FORMAT}`, {
      version,
    });
}

function readFlag(input: ByteReader): boolean {
  const flag = input.u8();
  if (flag > 1) throw corrupt(`${flag} is neither 0 nor 1`);
  return flag === 1;
}

export function corrupt(why: string): AsofError {
  return new AsofError("ASOF_CORRUPT", `a tile record is damaged: ${why}`);
}
