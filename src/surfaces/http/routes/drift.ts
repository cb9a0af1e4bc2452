import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, moment, objectOf, orNull, type Schema, text } from "../schema.ts";

const statistic: Schema = { type: "number", minimum: 0 };
const sample = objectOf({ rows: count, nulls: count });

export const modelDriftSchema: Schema = objectOf({
  model: text,
  version: count,
  since: { ...moment, description: "the start of the period that is looked at" },
  predictions: count,
  features: listOf(
    objectOf({
      feature: text,
      psi: { ...orNull(statistic), description: "the population stability index" },
      chance: { ...orNull(statistic), description: "the index to be expected without any drift" },
      ks: { ...orNull(statistic), description: "the Kolmogorov–Smirnov statistic" },
      trained: sample,
      served: sample,
    }),
  ),
});

/** How far what models are served with is from what they were trained on. */
export function driftRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/drift",
    id: "getDrift",
    access: { scope: "read" },
    summary: "Compares what each model is served with, feature by feature, with what it was trained on.",
    names: null,
    query: {},
    shapes: { body: null, answer: objectOf({ models: listOf(modelDriftSchema) }) },
    errors: [],
    async handle() {
      const { drift } = await store.monitoring();
      return writeJson({ models: drift.map((model) => withMoments(model, "since")) });
    },
  };
}
