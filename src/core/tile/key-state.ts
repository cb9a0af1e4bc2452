import type { Contributed, OrderKey } from "../aggregation/aggregation.ts";
import { assert } from "../assert.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { floorTo } from "../time/window.ts";
import { type Level, levelStart, type ViewLayout } from "./view-layout.ts";

/** What one record contributes to a key: an argument for each slot of the layout, null where it contributes none. */
export interface Contribution {
  readonly event: Timestamp;
  readonly available: Timestamp;
  readonly values: readonly Contributed[];
  /** Only where the layout has ordered aggregations. */
  readonly order?: OrderKey;
}

/** A record that is not withdrawn is visible at t if and only if both its times lie before t. */
export function isVisible(record: { readonly event: number; readonly available: number }, t: Timestamp): boolean {
  return record.available < t && record.event < t;
}

/** The states of a level's slots for one tile; undefined where nothing was added. */
export type Tile = unknown[];

/** Consecutive tiles of a level that are kept together, by their index. */
export interface Block {
  readonly tiles: Map<number, Tile>;
  /** Changed since it was read. */
  dirty: boolean;
}

/** How many tiles a block spans. Part of the stored format. */
export const BLOCK_TILES = 32;

export const blockOf = (tile: number): number => Math.floor(tile / BLOCK_TILES);

/** The tile of a level that an event falls into. */
export const tileOf = (level: Level, event: Timestamp): number =>
  level.hop === null ? 0 : floorTo(event, level.hop) / level.hop;

/** One level of a key: its newest block is open and lives in the head record, the others are closed. */
export interface LevelState {
  /** The index of the open block; −Infinity while there is none. */
  open: number;
  openTiles: Map<number, Tile>;
  /** The tile of the open block that was added to last, as the next record mostly falls into it; null where it may be gone. */
  last: { readonly tile: number; readonly states: Tile } | null;
  /** Closed blocks that exist. */
  readonly closed: Set<number>;
  /** Closed blocks that are in memory. */
  readonly loaded: Map<number, Block>;
  /** Closed blocks that are no longer needed, to be removed from the store. */
  readonly dropped: number[];
}

/**
 * The state of one key of an aggregate view: tiles of everything visible at the watermark, and raw records that are
 * accepted but not yet due. Invariant: what is in tiles is visible at every later moment too.
 */
export class KeyState {
  readonly levels: LevelState[];
  pending: Contribution[];

  constructor(levels: LevelState[], pending: Contribution[]) {
    this.levels = levels;
    this.pending = pending;
  }

  static empty(layout: ViewLayout): KeyState {
    return new KeyState(
      layout.levels.map(() => ({
        open: -Infinity,
        openTiles: new Map(),
        last: null,
        closed: new Set(),
        loaded: new Map(),
        dropped: [],
      })),
      [],
    );
  }

  /**
   * Closed blocks that must be `loaded` before these records can be added or removed at watermark W: those that late
   * ones among them, or among the pending that have become due, fall into.
   */
  blocksWanted(
    layout: ViewLayout,
    records: readonly Contribution[],
    watermark: Timestamp,
  ): { level: number; block: number }[] {
    const wanted: { level: number; block: number }[] = [];
    layout.levels.forEach((level, l) => {
      const state = this.levels[l];
      if (state.closed.size === 0) return;
      const seen = new Set<number>();
      for (const record of [...this.pending, ...records]) {
        const block = blockOf(tileOf(level, record.event));
        if (block >= state.open || !state.closed.has(block) || state.loaded.has(block) || seen.has(block)) continue;
        if (!isVisible(record, watermark)) continue;
        seen.add(block);
        wanted.push({ level: l, block });
      }
    });
    return wanted;
  }

  /** Adds records as of watermark W: what is visible goes into tiles, the rest waits; what waited and is due goes in. */
  add(layout: ViewLayout, records: readonly Contribution[], watermark: Timestamp): void {
    const starts = levelStarts(layout, watermark);
    if (this.pending.length > 0) {
      const due = this.pending.filter((record) => isVisible(record, watermark));
      if (due.length > 0) this.pending = this.pending.filter((record) => !isVisible(record, watermark));
      for (const record of due) this.addToTiles(layout, record, starts);
    }
    for (const record of records)
      if (isVisible(record, watermark)) this.addToTiles(layout, record, starts);
      else this.pending.push(record);
  }

  /**
   * Adds a record that is visible at W, of which only the times and values are read and nothing is kept but its order
   * key. False, and nothing is done, where a closed block must be `loaded` first.
   * @param starts `levelStarts` at W
   */
  addVisible(layout: ViewLayout, record: Contribution, starts: readonly number[]): boolean {
    const { levels } = layout;
    for (let l = 0; l < levels.length; l++) {
      if (record.event < starts[l]) continue;
      const state = this.levels[l];
      const block = blockOf(tileOf(levels[l], record.event));
      if (block < state.open && state.closed.has(block) && !state.loaded.has(block)) return false;
    }
    this.addToTiles(layout, record, starts);
    return true;
  }

  /**
   * Takes away a record that is withdrawn, as of the watermark up to which records were added last: out of the tiles
   * where it is visible, out of what waits where it is not. One that no window reaches any more is forgotten already.
   */
  remove(layout: ViewLayout, record: Contribution, watermark: Timestamp): void {
    if (isVisible(record, watermark)) return this.removeFromTiles(layout, record, watermark);
    const at = this.pending.findIndex((other) => isSameContribution(record, other));
    if (at >= 0) return void this.pending.splice(at, 1);
    // A state that is built from history never had what no window reaches.
    const isReached = layout.levels.some((level) => record.event >= levelStart(level, watermark));
    assert(!isReached, "a record that is withdrawn before it is due waits");
  }

  /** Whether nothing is in it: it is then as the state of a key that was never seen. Blocks that are loaded count by their list. */
  isEmpty(): boolean {
    return (
      this.pending.length === 0 &&
      this.levels.every(({ openTiles, closed }) => openTiles.size === 0 && closed.size === 0)
    );
  }

  /** Forgets tiles that no window can reach at W or later. @param starts `levelStarts` at W */
  trim(layout: ViewLayout, starts: readonly number[]): void {
    for (let l = 0; l < this.levels.length; l++) {
      const { hop } = layout.levels[l];
      if (hop === null) continue;
      const state = this.levels[l];
      const first = starts[l] / hop;
      // Only an open block that reaches back so far may have any.
      if (state.open * BLOCK_TILES < first)
        for (const tile of state.openTiles.keys())
          if (tile < first) {
            state.openTiles.delete(tile);
            state.last = null;
          }
      if (state.closed.size === 0) continue;
      for (const block of state.closed)
        if ((block + 1) * BLOCK_TILES <= first) {
          state.closed.delete(block);
          state.loaded.delete(block);
          state.dropped.push(block);
        }
    }
  }

  // The hottest path of the fold: plain loops.
  private addToTiles(layout: ViewLayout, { event, values, order }: Contribution, starts: readonly number[]): void {
    const { levels, slots: all } = layout;
    for (let l = 0; l < levels.length; l++) {
      if (event < starts[l]) continue;
      const level = levels[l];
      const { slots } = level;
      let states: Tile | undefined;
      for (let place = 0; place < slots.length; place++) {
        const slot = slots[place];
        const value = values[slot];
        if (value === null) continue;
        states ??= this.tileFor(this.levels[l], tileOf(level, event), slots.length);
        const { tiled } = all[slot];
        states[place] = tiled.add(states[place] ?? tiled.empty(), value, order);
      }
    }
  }

  private removeFromTiles(layout: ViewLayout, record: Contribution, watermark: Timestamp): void {
    layout.levels.forEach((level, l) => {
      if (record.event < levelStart(level, watermark)) return;
      if (level.slots.every((slot) => record.values[slot] === null)) return;
      const tile = tileOf(level, record.event);
      this.levels[l].last = null;
      const tiles = this.tilesFor(this.levels[l], blockOf(tile));
      const states = tiles.get(tile);
      assert(states !== undefined, "a record that is withdrawn is in its tile");
      level.slots.forEach((slot, place) => {
        const value = record.values[slot];
        if (value === null) return;
        const { tiled } = layout.slots[slot];
        assert(tiled.remove !== null, "tiles of records that can be withdrawn can remove");
        const state = tiled.remove(states[place], value, record.order);
        states[place] = tiled.isEmpty(state) ? undefined : state;
      });
      if (states.every((state) => state === undefined)) tiles.delete(tile);
    });
  }

  /** A tile of so many slots, new where it is not there yet. */
  private tileFor(state: LevelState, tile: number, slots: number): Tile {
    if (state.last !== null && state.last.tile === tile) return state.last.states;
    const block = blockOf(tile);
    const tiles = this.tilesFor(state, block);
    let states = tiles.get(tile);
    if (states === undefined) tiles.set(tile, (states = Array.from({ length: slots }, () => undefined)));
    if (block === state.open) state.last = { tile, states };
    return states;
  }

  /** The tiles of a block, which is opened, or found among the closed ones. */
  private tilesFor(state: LevelState, block: number): Map<number, Tile> {
    if (block === state.open) return state.openTiles;
    if (block > state.open) {
      if (state.openTiles.size > 0) {
        state.closed.add(state.open);
        state.loaded.set(state.open, { tiles: state.openTiles, dirty: true });
      }
      state.open = block;
      state.openTiles = new Map();
      state.last = null;
      return state.openTiles;
    }
    let found = state.loaded.get(block);
    if (found === undefined) {
      assert(!state.closed.has(block), `block ${block} is not loaded`);
      found = { tiles: new Map(), dirty: true };
      state.closed.add(block);
      state.loaded.set(block, found);
    }
    found.dirty = true;
    return found.tiles;
  }
}

/** For each level the first event time that any moment from W on still needs. */
export function levelStarts(layout: ViewLayout, watermark: Timestamp): number[] {
  return layout.levels.map((level) => levelStart(level, watermark));
}

/** Whether records contribute the same: which of them is taken away makes no difference. */
function isSameContribution(a: Contribution, b: Contribution): boolean {
  return (
    a.event === b.event &&
    a.available === b.available &&
    a.values.every((value, slot) => isSameValue(value, b.values[slot])) &&
    // The bytes are those of the whole record.
    (a.order === undefined || isSame(a.order.bytes, b.order!.bytes))
  );
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function isSameValue(a: Contributed, b: Contributed): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return Object.is(a, b);
  return Object.is(a.key, b.key) && Object.is(a.value, b.value);
}
