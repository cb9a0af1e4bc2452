import { canonicalize } from "../codec/canonicalize.ts";
import { canonicalKey } from "../codec/key-text.ts";
import type { FeatureType } from "../aggregation/aggregation.ts";
import type { Catalog } from "../definition/catalog.ts";
import type { ServiceDefinition } from "../definition/data.ts";
import { featureName } from "../definition/service-features.ts";
import { AsofError } from "../errors.ts";
import { planService, type ServicePlan, type ViewUsePlan } from "../plan/service-plan.ts";
import type { Fields, Row, Value } from "../schema/data-type.ts";
import { suggest } from "./suggest.ts";

/** One feature of one view, as a service of its own would have it. */
export interface ExplainedFeature {
  readonly plan: ServicePlan;
  readonly use: ViewUsePlan;
  readonly feature: string;
  /** What the feature is called in answers of the plan. */
  readonly name: string;
  readonly type: FeatureType;
  /** The types of the view's keys; of a request-time view, of its input. */
  readonly keys: Fields;
}

/** Finds a feature by its names. @throws ASOF_UNKNOWN_VIEW, ASOF_UNKNOWN_FEATURE */
export function explainedFeature(catalog: Catalog, view: string, feature: string): ExplainedFeature {
  const found = catalog.views.get(view);
  if (found === undefined)
    throw new AsofError(
      "ASOF_UNKNOWN_VIEW",
      `there is no view ${JSON.stringify(view)}; ${suggest(view, [...catalog.views.keys()])}`,
      { view, known: [...catalog.views.keys()] },
    );
  const known = found.kind === "aggregateView" ? found.features.map(({ name }) => name) : Object.keys(found.features);
  if (!known.includes(feature))
    throw new AsofError(
      "ASOF_UNKNOWN_FEATURE",
      `view ${view} has no feature ${JSON.stringify(feature)}; ${suggest(feature, known)}`,
      { view, feature, known },
    );
  const keys = found.kind === "onDemandView" ? found.input : catalog.entities.get(found.entity)!.keys;
  const service: ServiceDefinition = {
    kind: "service",
    name: view,
    uses: [
      {
        view,
        alias: view,
        inputs: Object.fromEntries(Object.keys(keys).map((key) => [key, key])),
        features: [feature],
      },
    ],
    inputs: keys,
  };
  const plan = planService(catalog, service);
  const name = featureName(view, feature);
  return { plan, use: plan.uses[0], feature, name, type: plan.features[name], keys };
}

/** The key that is asked about: all parts of it, and nothing else. @throws ASOF_MISSING_KEY, ASOF_UNKNOWN_FIELD, ASOF_TYPE … */
export function explainedKeys({ use, keys }: ExplainedFeature, given: Readonly<Record<string, unknown>>): Row {
  const view = use.view.name;
  const names = Object.keys(keys);
  for (const name of Object.keys(given))
    if (!Object.hasOwn(keys, name))
      throw new AsofError("ASOF_UNKNOWN_FIELD", `view ${view} has no key ${name}; ${suggest(name, names)}`, {
        view,
        field: name,
        known: names,
      });
  const row: Record<string, Value> = {};
  for (const name of names) {
    if (given[name] === undefined)
      throw new AsofError("ASOF_MISSING_KEY", `view ${view} is asked by ${names.join(", ")}: ${name} is missing`, {
        view,
        field: name,
      });
    if (use.view.kind === "onDemandView") row[name] = canonicalize(keys[name], given[name], name);
    else row[name] = given[name] === null ? null : canonicalKey(keys[name], given[name], name);
  }
  return row;
}
