import { columnTypes } from "../codec/collection-text.ts";
import { AsofError } from "../errors.ts";
import { type Catalog, fingerprintOf } from "../definition/catalog.ts";
import type {
  AggregateViewDefinition,
  BatchViewDefinition,
  OnDemandViewDefinition,
  ServiceDefinition,
  ViewUseDefinition,
} from "../definition/data.ts";
import type { OnDemandFunction } from "../definition/on-demand-view.ts";
import { type Features, featureName, usedFeatures } from "../definition/service-features.ts";
import { batchStream, sourceStream, type Stream } from "../definition/stream.ts";
import type { Fields } from "../schema/data-type.ts";
import { layoutOf, type ViewLayout } from "../tile/view-layout.ts";

interface PlannedUse {
  readonly alias: string;
  /** The service's input for each key, or each input, of the view. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  /** The features used, by their names in the view. */
  readonly features: Features;
}

export interface AggregateUse extends PlannedUse {
  readonly view: AggregateViewDefinition;
  readonly keys: Fields;
  readonly source: Stream;
  readonly layout: ViewLayout;
}

export interface BatchUse extends PlannedUse {
  readonly view: BatchViewDefinition;
  readonly keys: Fields;
  readonly stream: Stream;
  readonly features: Fields;
}

export interface OnDemandUse extends PlannedUse {
  readonly view: OnDemandViewDefinition;
  readonly compute: OnDemandFunction<never, unknown>;
  readonly features: Fields;
}

export type ViewUsePlan = AggregateUse | BatchUse | OnDemandUse;

/** A feature service with everything it rests on: what both the offline and the online side execute. */
export interface ServicePlan {
  readonly service: ServiceDefinition;
  readonly uses: readonly ViewUsePlan[];
  readonly aggregates: readonly AggregateUse[];
  readonly batches: readonly BatchUse[];
  readonly onDemand: readonly OnDemandUse[];
  /** All features as `alias__feature`, in the order of the uses. */
  readonly features: Features;
}

export function planService(catalog: Catalog, service: ServiceDefinition): ServicePlan {
  const uses = service.uses.map((use) => planUse(catalog, use));
  return {
    service,
    uses,
    aggregates: uses.filter(isAggregate),
    batches: uses.filter(isBatch),
    onDemand: uses.filter(isOnDemand),
    features: Object.fromEntries(
      uses.flatMap(({ alias, features }) =>
        Object.entries(features).map(([name, type]) => [featureName(alias, name), type]),
      ),
    ),
  };
}

export const isAggregate = (use: ViewUsePlan): use is AggregateUse => use.view.kind === "aggregateView";
export const isBatch = (use: ViewUsePlan): use is BatchUse => use.view.kind === "batchView";
export const isOnDemand = (use: ViewUsePlan): use is OnDemandUse => use.view.kind === "onDemandView";

function planUse(catalog: Catalog, use: ViewUseDefinition): ViewUsePlan {
  const view = catalog.views.get(use.view)!;
  const fingerprint = fingerprintOf(catalog, view);
  const features = usedFeatures(catalog, use);
  const common = { alias: use.alias, inputs: use.inputs, fingerprint, features };
  switch (view.kind) {
    case "aggregateView": {
      const source = sourceStream(catalog.sources.get(view.source)!);
      const keys = catalog.entities.get(view.entity)!.keys;
      return { ...common, view, keys, source, layout: layoutOf(view, source.fields) };
    }
    case "batchView":
      return {
        ...common,
        features: columnTypes(features),
        view,
        keys: catalog.entities.get(view.entity)!.keys,
        stream: batchStream(catalog, view, fingerprint),
      };
    case "onDemandView": {
      const compute = catalog.functions.get(view.name);
      if (compute === undefined)
        throw new AsofError(
          "ASOF_DEFINITION",
          `view ${view.name} has no function here: its definition must be loaded as code`,
          { view: view.name },
        );
      return { ...common, features: columnTypes(features), view, compute };
    }
  }
}
