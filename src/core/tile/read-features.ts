import type { FeatureType, FeatureValue } from "../aggregation/aggregation.ts";
import type { Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { type Window, windowEnd, windowStart } from "../time/window.ts";
import { BLOCK_TILES, blockOf, isVisible, type KeyState, type Tile, tileOf } from "./key-state.ts";
import { type LayoutFeature, levelStart, type ViewLayout } from "./view-layout.ts";

/** The blocks, closed or open, that windows of a level may touch at t: [from, until). */
export function blocksAt(
  layout: ViewLayout,
  level: number,
  t: Timestamp,
): { readonly from: number; readonly until: number } {
  const { hop } = layout.levels[level];
  if (hop === null) return { from: 0, until: 0 };
  return {
    from: blockOf(levelStart(layout.levels[level], t) / hop),
    until: blockOf(tileOf(layout.levels[level], t)) + 1,
  };
}

/**
 * The view's features at t, in the layout's order: tiles merged, what waits and is visible at t added, then
 * finished. The state must be one whose watermark is ≤ t, with the closed blocks of `blocksAt` that exist loaded;
 * it is left as it was.
 */
export function readFeatures(layout: ViewLayout, state: KeyState | null, t: Timestamp): FeatureValue[] {
  return layout.features.map((feature) => {
    const { elements } = feature;
    if (elements === null) return readWindow(layout, state, feature, feature.window, t);
    // A series is of single values.
    return elements.map((window) => readWindow(layout, state, feature, window, t) as Value);
  });
}

function readWindow(
  layout: ViewLayout,
  state: KeyState | null,
  feature: LayoutFeature,
  window: Window,
  t: Timestamp,
): FeatureValue {
  const { tiled: algebra } = layout.slots[feature.slot];
  let total = algebra.empty();
  if (state !== null) {
    const { hop } = layout.levels[feature.level];
    const level = state.levels[feature.level];
    const start = windowStart(window, t);
    const end = windowEnd(window, t);
    const from = hop === null ? 0 : start / hop;
    const until = hop === null ? 1 : window.offset === 0 ? Infinity : end / hop;
    const mergeTiles = (tiles: Map<number, Tile>): void => {
      for (const [index, tile] of tiles) {
        if (index < from || index >= until) continue;
        const part = tile[feature.place];
        if (part !== undefined) total = algebra.merge(total, part);
      }
    };
    mergeTiles(level.openTiles);
    for (const [block, { tiles }] of level.loaded)
      if ((block + 1) * BLOCK_TILES > from && block * BLOCK_TILES < until) mergeTiles(tiles);
    for (const record of state.pending) {
      const value = record.values[feature.slot];
      if (value !== null && isVisible(record, t) && record.event >= start && record.event < end)
        total = algebra.add(total, value, record.order);
    }
  }
  return algebra.finish(total);
}

/** Feature types of a layout under their names, without the event time. */
export function featureTypes(layout: ViewLayout): Readonly<Record<string, FeatureType>> {
  return Object.fromEntries(layout.features.slice(0, -1).map(({ name, type }) => [name, type]));
}
