import type { FeatureType } from "../../../core/aggregation/feature-type.ts";
import type { ServiceDefinition, ViewUseDefinition } from "../../../core/definition/data.ts";
import { AsofError } from "../../../core/errors.ts";
import type { FeatureAnswer } from "../../../core/result/answers.ts";
import type { Fields } from "../../../core/schema/data-type.ts";
import type { Store } from "../../../store.ts";
import { type Definitions, inputsOf, viewOf } from "../feature-types.ts";
import type { RequestRow } from "../row-reader.ts";
import { viewShape } from "./view-shape.ts";

/** A feature that is asked for. */
export interface SelectedFeature {
  /** The view as the request knows it, and what Feast's clients call the feature. */
  readonly alias: string;
  readonly name: string;
  /** Where it is among an answer's values. */
  readonly place: string;
  readonly type: FeatureType;
}

/** What a request asks for. */
export interface Selection {
  /** What a row must have. */
  readonly inputs: Fields;
  /** Inputs that are keys of entities: an answer repeats them. */
  readonly keys: ReadonlySet<string>;
  /** In the order of the answer, a view's features together. */
  readonly features: readonly SelectedFeature[];
  read(rows: readonly RequestRow[]): Promise<FeatureAnswer[]>;
}

/** Works out the selection of a service once. The function it gives throws ASOF_UNKNOWN_SERVICE. */
export function serviceSelections(store: Store): (name: string) => Selection {
  const known = new WeakMap<ServiceDefinition, Selection>();
  return (name) => {
    const service = store.definition("service", name) as ServiceDefinition;
    let found = known.get(service);
    if (found === undefined) {
      const parts = selected(store, service.uses);
      found = { ...parts, inputs: service.inputs, read: (rows) => store.features(name, rows) };
      known.set(service, found);
    }
    return found;
  };
}

/**
 * The selection of features by references `view:feature`, each view for its own keys.
 * @throws ASOF_REQUEST, ASOF_UNKNOWN_VIEW, ASOF_UNKNOWN_FEATURE; ASOF_NAME_COLLISION where one is named twice
 */
export function selectFeatures(store: Store, references: readonly string[]): Selection {
  if (references.length === 0)
    throw new AsofError("ASOF_REQUEST", "no features are asked for: give `features` or `feature_service`");
  const views = new Map<string, string[]>();
  for (const reference of references) {
    const at = reference.indexOf(":");
    if (at <= 0 || at === reference.length - 1)
      throw new AsofError("ASOF_REQUEST", `${JSON.stringify(reference)} is no feature: write view:feature`, {
        feature: reference,
      });
    const view = reference.slice(0, at);
    const names = views.get(view) ?? [];
    views.set(view, names);
    const feature = featureOf(store, view, reference.slice(at + 1));
    if (names.includes(feature)) throw collision([reference]);
    names.push(feature);
  }
  const inputs: Record<string, Fields[string]> = {};
  const uses = [...views].map(([name, features]): ViewUseDefinition => {
    const own = inputsOf(store, viewOf(store, name));
    Object.assign(inputs, own);
    return { view: name, alias: name, inputs: Object.fromEntries(Object.keys(own).map((key) => [key, key])), features };
  });
  return { ...selected(store, uses), inputs, read: (rows) => store.featuresOf(uses, rows) };
}

/** A feature by the name that a client has for it. */
function featureOf(store: Definitions, name: string, asked: string): string {
  const { features, types, called } = viewShape(store, viewOf(store, name));
  const found = features.get(asked);
  if (found !== undefined) return found;
  throw new AsofError(
    "ASOF_UNKNOWN_FEATURE",
    `view ${name} has no feature ${JSON.stringify(asked)}; it has ${Object.keys(types).map(called).join(", ")}`,
    { view: name, feature: asked },
  );
}

function selected(store: Definitions, uses: readonly ViewUseDefinition[]): Pick<Selection, "keys" | "features"> {
  const keys = new Set<string>();
  const features = uses.flatMap((use): SelectedFeature[] => {
    const view = viewOf(store, use.view);
    if (view.kind !== "onDemandView") for (const input of Object.values(use.inputs)) keys.add(input);
    const { types, called } = viewShape(store, view);
    return (use.features ?? Object.keys(types)).map((feature) => ({
      alias: use.alias,
      name: called(feature),
      place: `${use.alias}__${feature}`,
      type: types[feature],
    }));
  });
  return { keys, features };
}

export function collision(names: readonly string[]): AsofError {
  return new AsofError("ASOF_NAME_COLLISION", `duplicate features named ${names.join(", ")}`, { features: names });
}
