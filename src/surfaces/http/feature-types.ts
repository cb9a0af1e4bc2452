import type { FeatureType } from "../../core/aggregation/feature-type.ts";
import type { Definition, ServiceDefinition, ViewDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { featureTypeOf } from "../../core/tile/view-layout.ts";
import type { Store } from "../../store.ts";

export type Definitions = Pick<Store, "definition">;

/** The definition of a kind and name. @throws ASOF_UNKNOWN_… */
export function definitionOf<K extends Definition["kind"]>(
  store: Definitions,
  kind: K,
  name: string,
): Extract<Definition, { kind: K }> {
  return store.definition(kind, name) as Extract<Definition, { kind: K }>;
}

/** The type of each feature of a service, by the name it has in answers. */
export function featureTypes(store: Definitions, service: ServiceDefinition): Readonly<Record<string, FeatureType>> {
  return Object.assign({}, ...useFeatures(store, service).map(({ types }) => types)) as Record<string, FeatureType>;
}

/** What one use of a view gives to a service, by the names it has in answers. */
export interface UseFeatures {
  readonly alias: string;
  readonly types: Readonly<Record<string, FeatureType>>;
}

/** The same by use of the service's views. */
export function useFeatures(store: Definitions, service: ServiceDefinition): readonly UseFeatures[] {
  return service.uses.map(({ view, alias, features }) => {
    const all = viewFeatureTypes(store, viewOf(store, view));
    const names = features ?? Object.keys(all);
    return { alias, types: Object.fromEntries(names.map((name) => [`${alias}__${name}`, all[name]])) };
  });
}

/** The type of each feature of a view, by its own name. */
export function viewFeatureTypes(store: Definitions, view: ViewDefinition): Readonly<Record<string, FeatureType>> {
  if (view.kind !== "aggregateView") return view.features;
  const { fields } = definitionOf(store, "source", view.source);
  return Object.fromEntries(view.features.map((feature) => [feature.name, featureTypeOf(feature, fields)]));
}

/** What a view is asked for by: the keys of its entity, or its inputs. */
export function inputsOf(store: Definitions, view: ViewDefinition): Fields {
  return view.kind === "onDemandView" ? view.input : definitionOf(store, "entity", view.entity).keys;
}

/** A service names its views without saying of which kind they are. */
export function viewOf(store: Definitions, name: string): ViewDefinition {
  for (const kind of ["aggregateView", "batchView", "onDemandView"] as const)
    try {
      return definitionOf(store, kind, name);
    } catch (error) {
      if (!(error instanceof AsofError) || error.code !== "ASOF_UNKNOWN_VIEW") throw error;
    }
  throw new AsofError("ASOF_UNKNOWN_VIEW", `there is no view ${name}`, { view: name });
}
