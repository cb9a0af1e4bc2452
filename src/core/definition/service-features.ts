import { layoutOf } from "../tile/view-layout.ts";
import { featureTypes } from "../tile/feature-types.ts";
import type { FeatureType } from "../aggregation/feature-type.ts";
import type { DataType } from "../schema/data-type.ts";
import type { Catalog } from "./catalog.ts";
import type { ServiceDefinition, ViewDefinition, ViewUseDefinition } from "./data.ts";

/** Features by their names, with their types. */
export type Features = Readonly<Record<string, FeatureType>>;

/** The features of a view with their types. Those of a batch view are nullable: there may be no row. */
export function viewFeatures(catalog: Catalog, view: ViewDefinition): Features {
  switch (view.kind) {
    case "aggregateView":
      return featureTypes(layoutOf(view, catalog.sources.get(view.source)!.fields));
    case "batchView":
      return Object.fromEntries(
        Object.entries(view.features).map(([name, type]): [string, DataType] => [name, { ...type, nullable: true }]),
      );
    case "onDemandView":
      return view.features;
    default:
      return view satisfies never;
  }
}

/** The features that a service takes of a view, in order. */
export function usedFeatures(catalog: Catalog, use: ViewUseDefinition): Features {
  const all = viewFeatures(catalog, catalog.views.get(use.view)!);
  return use.features === null ? all : Object.fromEntries(use.features.map((name) => [name, all[name]]));
}

export const featureName = (alias: string, feature: string): string => `${alias}__${feature}`;

/** All features of a service under the names `alias__feature`, in the order of its views. */
export function serviceFeatures(catalog: Catalog, service: ServiceDefinition): Features {
  const features: Record<string, FeatureType> = {};
  for (const use of service.uses)
    for (const [name, type] of Object.entries(usedFeatures(catalog, use)))
      features[featureName(use.alias, name)] = type;
  return features;
}
