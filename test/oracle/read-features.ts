import type { FeatureValue } from "../../src/core/aggregation/aggregation.ts";
import type { Value } from "../../src/core/schema/data-type.ts";
import { BLOCK_TILES, isVisible, type KeyState, type Tile } from "../../src/core/tile/key-state.ts";
import type { LayoutFeature, ViewLayout } from "../../src/core/tile/view-layout.ts";
import type { Timestamp } from "../../src/core/time/timestamp.ts";
import { type Window, windowEnd, windowStart } from "../../src/core/time/window.ts";

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
