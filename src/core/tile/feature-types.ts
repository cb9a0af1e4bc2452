import type { FeatureType } from "../aggregation/aggregation.ts";
import type { ViewLayout } from "./view-layout.ts";

/** Feature types of a layout under their names, without the event time. */
export function featureTypes(layout: ViewLayout): Readonly<Record<string, FeatureType>> {
  return Object.fromEntries(layout.features.slice(0, -1).map(({ name, type }) => [name, type]));
}
