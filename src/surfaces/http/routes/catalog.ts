import type { ViewDefinition } from "../../../core/definition/data.ts";
import { featureWords } from "../../../core/explain/feature-words.ts";
import type { CatalogEntry } from "../../../core/result/status.ts";
import type { Store } from "../../../store.ts";
import { viewFeatureTypes, viewOf } from "../feature-types.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, flag, listOf, mapOf, objectOf, orNull, type Schema, text } from "../schema.ts";

const feature = objectOf({
  name: text,
  type: mapOf(anything),
  words: { ...orNull(text), description: "what it is, in words; null where its view says it all" },
});

const entry: Schema = objectOf(
  {
    kind: text,
    name: text,
    fingerprint: text,
    applied: { ...flag, description: "whether the store works by this very definition" },
    description: orNull(text),
    definition: { ...mapOf(anything), description: "as it is fingerprinted: times and durations are microseconds" },
    features: { ...listOf(feature), description: "of a view" },
  },
  ["features"],
);

/** Every definition. */
export function catalogRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/catalog",
    id: "getCatalog",
    access: { scope: "read" },
    anywhere: true,
    summary: "Lists the definitions.",
    names: null,
    query: {},
    shapes: { body: null, answer: objectOf({ definitions: listOf(entry) }) },
    errors: [],
    handle: async () =>
      writeJson({ definitions: (await store.catalog()).map((one) => ({ ...one, features: featuresOf(store, one) })) }),
  };
}

function featuresOf(store: Store, { kind, name }: CatalogEntry): object[] | undefined {
  if (!kind.endsWith("View")) return undefined;
  const view: ViewDefinition = viewOf(store, name);
  const words = new Map(
    view.kind === "aggregateView" ? view.features.map((one) => [one.name, featureWords(one)] as const) : [],
  );
  return Object.entries(viewFeatureTypes(store, view)).map(([feature, type]) => ({
    name: feature,
    type,
    words: words.get(feature) ?? null,
  }));
}
