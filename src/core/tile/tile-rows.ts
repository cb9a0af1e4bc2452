import type { ByteReader } from "../codec/bytes.ts";
import { BLOCK_TILES, type Tile } from "./key-state.ts";
import { corrupt } from "./tile-columns.ts";
import { cutBefore, type LevelPlan } from "./reading-plan.ts";
import type { ViewLayout } from "./view-layout.ts";
import type { WindowTotals } from "./window-totals.ts";

// The tiles of a block as format 1 has them, which is read for ever: their number, then for each its place in the block
// and its states, each behind a flag that says whether it is there.

/** Reads tiles of a block into `tiles`. @throws AsofError ASOF_CORRUPT */
export function decodeRows(
  layout: ViewLayout,
  level: number,
  block: number,
  input: ByteReader,
  tiles: Map<number, Tile>,
): void {
  const { slots } = layout.levels[level];
  visitRows(slots.length, block, input, (index, place) => {
    let tile = tiles.get(index);
    if (tile === undefined) tiles.set(index, (tile = slots.map(() => undefined)));
    if (place >= 0) tile[place] = layout.slots[slots[place]].tiled.decode(input);
  });
}

/**
 * Merges the tiles of a block into the totals of those slots of which something is wanted.
 * @param now the tile of the moment
 * @throws AsofError ASOF_CORRUPT
 */
export function scanRows(plan: LevelPlan, totals: WindowTotals, now: number, block: number, input: ByteReader): void {
  const { cuts, places, stretches } = plan;
  let cut = -1;
  visitRows(places.length, block, input, (tile, place) => {
    if (place < 0) cut = cutBefore(plan, tile - now);
    else totals.merge(places[place].algebra, cut < 0 ? -1 : stretches[place * cuts.length + cut], input);
  });
}

/**
 * Reads tiles of a block with so many slots: calls `visit` for each tile with the place −1, then for each state in it,
 * which the caller must take from the input. @throws AsofError ASOF_CORRUPT
 */
function visitRows(
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
    for (let place = 0; place < slots; place++) {
      const flag = input.u8();
      if (flag > 1) throw corrupt(`${flag} is neither 0 nor 1`);
      if (flag === 1) visit(index, place);
    }
  }
}
