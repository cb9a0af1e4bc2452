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
  state.levels.forEach((level, l) => {
    out.u8(level.open === -Infinity ? 0 : 1);
    if (level.open === -Infinity) return;
    out.zigzag(level.open);
    encodeTiles(layout, l, level.open, level.openTiles, out);
    const closed = [...level.closed].sort((a, b) => a - b);
    out.varint(closed.length);
    for (const block of closed) out.varint(level.open - block);
  });
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
  checkVersion(input);
  const levels = layout.levels.map((_, l): LevelState => {
    const present = readFlag(input);
    const open = present ? input.zigzag() : -Infinity;
    const openTiles = present ? decodeTiles(layout, l, open, input) : new Map<number, Tile>();
    const closed = new Set<number>();
    if (present)
      for (let n = input.varint(); n > 0; n--) {
        const back = input.varint();
        if (back === 0) throw corrupt("its open block is among the closed ones");
        closed.add(open - back);
      }
    return { open, openTiles, closed, loaded: new Map(), dropped: [] };
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
  return new KeyState(levels, pending);
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
  checkVersion(input);
  const tiles = decodeTiles(layout, level, block, input);
  input.end();
  return tiles;
}

function encodeTiles(
  layout: ViewLayout,
  level: number,
  block: number,
  tiles: Map<number, Tile>,
  out: ByteWriter,
): void {
  const { slots } = layout.levels[level];
  const indices = [...tiles.keys()].sort((a, b) => a - b);
  out.varint(indices.length);
  for (const index of indices) {
    const tile = tiles.get(index)!;
    out.u8(index - block * BLOCK_TILES);
    slots.forEach((slot, place) => {
      const state = tile[place];
      out.u8(state === undefined ? 0 : 1);
      if (state !== undefined) layout.slots[slot].tiled.encode(state, out);
    });
  }
}

function decodeTiles(layout: ViewLayout, level: number, block: number, input: ByteReader): Map<number, Tile> {
  const { slots } = layout.levels[level];
  const tiles = new Map<number, Tile>();
  for (let n = input.varint(); n > 0; n--) {
    const offset = input.u8();
    if (offset >= BLOCK_TILES) throw corrupt(`a block has no tile ${offset}`);
    const tile: Tile = slots.map(() => undefined);
    for (let place = 0; place < slots.length; place++)
      if (readFlag(input)) tile[place] = layout.slots[slots[place]].tiled.decode(input);
    tiles.set(block * BLOCK_TILES + offset, tile);
  }
  return tiles;
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

function corrupt(why: string): AsofError {
  return new AsofError("ASOF_CORRUPT", `a tile record is damaged: ${why}`);
}
