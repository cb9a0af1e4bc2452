import { AsofError } from "../../../core/errors.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, objectOf, orNull, text } from "../schema.ts";

const counts = listOf(count);

const answer = objectOf({
  model: text,
  feature: text,
  version: { ...orNull(count), description: "the version that serves; null where none does" },
  histogram: {
    ...orNull(objectOf({ edges: listOf({ type: "number" }), trained: counts, served: counts })),
    description: "null of what is no number, or where nothing is known of it",
  },
});

/** How a feature is spread in training and in serving. */
export function distributionRoute({ store }: RouteContext): Route {
  const shapes = { body: null, answer };
  return {
    method: "GET",
    path: "/v1/distribution/{model}",
    id: "getDistribution",
    access: { scope: "read" },
    summary: "Tells how a feature of a model is spread in training and in what is served, over the same bins.",
    names: { parameter: "model", kind: "model" },
    query: { feature: { description: "the feature, as it is called in the service", schema: text, required: true } },
    shapes,
    shapesOf: () => shapes,
    errors: ["ASOF_UNKNOWN_MODEL", "ASOF_REQUEST"],
    async handle({ name, query }) {
      const { feature } = query;
      if (feature === undefined) throw new AsofError("ASOF_REQUEST", "`feature` is missing", { field: "feature" });
      return writeJson({ model: name, feature, ...(await store.distribution(name, feature)) });
    },
  };
}
