import { AsofError } from "../../../core/errors.ts";
import { comparedMetrics } from "../../../core/metrics/estimate.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, objectOf, orNull, type Schema, text } from "../schema.ts";

const number: Schema = { type: "number" };

const roc: Schema = orNull(
  objectOf({
    positives: count,
    negatives: count,
    points: {
      ...listOf(objectOf({ threshold: number, truePositives: count, falsePositives: count })),
      description: "by falling threshold; a hundred at the most",
    },
  }),
);

const importance: Schema = orNull(
  objectOf({
    metric: { enum: [comparedMetrics.classification[0], comparedMetrics.regression[0]] },
    value: { ...number, description: "with all features as they are" },
    rows: { ...count, description: "held-out rows it was measured on" },
    features: {
      ...listOf(objectOf({ feature: text, worse: number, standardError: orNull(number) })),
      description: "how much worse the metric is where the feature's values are those of other rows",
    },
  }),
);

const answer: Schema = objectOf({
  model: text,
  version: count,
  findings: {
    ...orNull(objectOf({ roc, baselineRoc: roc, importance })),
    description: "null for a version that was trained before they were kept",
  },
});

/** What training found of a version on its held-out time. */
export function evaluationRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/models/{model}/evaluation",
    id: "getEvaluation",
    access: { scope: "read" },
    summary: "Tells what training found of a version on held-out time: ROC curves, and which features matter.",
    names: { parameter: "model", kind: "model" },
    query: { version: { description: "the one that serves if absent", schema: { type: "integer", minimum: 1 } } },
    shapes: { body: null, answer },
    shapesOf: () => ({ body: null, answer }),
    errors: ["ASOF_UNKNOWN_MODEL", "ASOF_UNKNOWN_MODEL_VERSION", "ASOF_NO_MODEL", "ASOF_REQUEST"],
    async handle({ name, query }) {
      return writeJson(await store.evaluation(name, versionIn(query["version"])));
    },
  };
}

function versionIn(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given);
  throw new AsofError("ASOF_REQUEST", `\`version\` must be a whole number from 1 on, not ${given}`, {
    field: "version",
  });
}
