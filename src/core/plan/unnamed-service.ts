import type { Catalog } from "../definition/catalog.ts";
import { viewNamed } from "../definition/catalog.ts";
import type { ServiceDefinition, ViewUseDefinition } from "../definition/data.ts";
import { featureService } from "../definition/feature-service.ts";
import type { Fields } from "../schema/data-type.ts";

/**
 * A service of views that are asked for together without one that is defined.
 * @throws ASOF_UNKNOWN_VIEW; ASOF_DEFINITION where an input would be of two types
 */
export function unnamedService(catalog: Catalog, uses: readonly ViewUseDefinition[]): ServiceDefinition {
  return featureService(
    "unnamed",
    uses.map((use) => {
      const view = viewNamed(catalog, use.view);
      const own: Fields = view.kind === "onDemandView" ? view.input : catalog.entities.get(view.entity)!.keys;
      const inputs = Object.fromEntries(Object.entries(own).map(([name, type]) => [use.inputs[name], type]));
      return { use, view, inputs };
    }),
  ).definition;
}
