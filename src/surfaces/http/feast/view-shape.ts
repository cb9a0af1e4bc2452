import type { FeatureType } from "../../../core/aggregation/feature-type.ts";
import type { ViewDefinition } from "../../../core/definition/data.ts";
import { type Definitions, viewFeatureTypes } from "../feature-types.ts";
import { latestView } from "./latest-view.ts";

/** The features of a view as Feast's clients know them. */
export interface ViewShape {
  readonly types: Readonly<Record<string, FeatureType>>;
  /** What clients call a feature. */
  readonly called: (feature: string) => string;
  /** The feature for the name that a client has for it, or for its own. */
  readonly features: ReadonlyMap<string, string>;
}

const known = new WeakMap<ViewDefinition, ViewShape>();

/** Works out the shape of a view once. Features of a view of last values go by the names of their fields. */
export function viewShape(store: Definitions, view: ViewDefinition): ViewShape {
  const found = known.get(view);
  if (found !== undefined) return found;
  const types = viewFeatureTypes(store, view);
  const fields = latestView(view)?.fields;
  const called = (feature: string): string => fields?.get(feature) ?? feature;
  const all = Object.keys(types);
  // Where a field is called as another's feature, the field's name wins.
  const features = new Map([
    ...all.map((own) => [own, own] as const),
    ...all.map((own) => [called(own), own] as const),
  ]);
  const shape = { types, called, features };
  known.set(view, shape);
  return shape;
}
