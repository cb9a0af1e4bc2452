import type { FeatureType } from "../aggregation/aggregation.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { blockOf, tileOf } from "./key-state.ts";
import { levelStart, type ViewLayout } from "./view-layout.ts";

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

/** Feature types of a layout under their names, without the event time. */
export function featureTypes(layout: ViewLayout): Readonly<Record<string, FeatureType>> {
  return Object.fromEntries(layout.features.slice(0, -1).map(({ name, type }) => [name, type]));
}
