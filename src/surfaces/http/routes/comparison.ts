import { AsofError } from "../../../core/errors.ts";
import { comparedMetrics } from "../../../core/metrics/estimate.ts";
import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, count, flag, listOf, mapOf, moment, objectOf, orNull, type Schema, text } from "../schema.ts";

const number: Schema = { type: "number" };
const role: Schema = { enum: ["current", "canary", "shadow"] };
const metricNames = [...comparedMetrics.classification, ...comparedMetrics.regression];

/** What is said of some of the metrics that versions are compared by. */
const byMetric = (schema: Schema): Schema =>
  objectOf(Object.fromEntries(metricNames.map((name) => [name, schema])), metricNames);

const pairOf = (schema: Schema): Schema => ({
  ...listOf(schema, { minItems: 2, maxItems: 2 }),
  description: "of the version, and of the one that it is set against",
});

const counts = {
  predictions: count,
  withOutcome: count,
  seen: { ...count, description: "the only examples so near were visible already when the prediction was made" },
  far: { ...count, description: "there are examples of the same inputs, but none so near" },
  waiting: { ...count, description: "no example has come yet" },
};

const metrics: Schema = { ...orNull(mapOf(anything)), description: "null where no outcome is known yet" };

const answer: Schema = objectOf({
  model: text,
  task: { enum: ["classification", "regression"] },
  source: { ...text, description: "the source that outcomes come from" },
  t: { ...moment, description: "outcomes that were known by then" },
  since: orNull(moment),
  until: orNull(moment),
  within: { ...count, description: "how far an outcome may lie from its prediction, in microseconds" },
  by: { ...listOf(text), description: "the inputs that they share" },
  ...counts,
  versions: listOf(
    objectOf({
      version: count,
      role,
      ...counts,
      first: moment,
      last: moment,
      metrics,
      standardErrors: byMetric(orNull(number)),
      course: {
        ...listOf(
          objectOf({
            from: moment,
            until: moment,
            withOutcome: count,
            value: { ...orNull(number), description: "AUC, or RMSE; null where it is not defined" },
            standardError: orNull(number),
          }),
        ),
        description: "predictions with outcomes in the order of their moments, in stretches of about as many each",
      },
    }),
  ),
  trials: listOf(
    objectOf({
      version: count,
      role,
      against: objectOf({ version: count, role }),
      paired: { ...flag, description: "whether both predicted for the same requests" },
      predictions: pairOf(count),
      withOutcome: pairOf(count),
      apart: { ...orNull(number), description: "the mean of how far paired predictions are from one another" },
      metrics: pairOf(metrics),
      differences: {
        ...byMetric(
          objectOf({ difference: number, standardError: orNull(number), low: orNull(number), high: orNull(number) }),
        ),
        description: "of the version less the other, with an interval of 95 %",
      },
    }),
  ),
});

/** How the versions of a model have predicted. */
export function comparisonRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/models/{model}/comparison",
    id: "compareModel",
    access: { scope: "read" },
    summary: "Compares what each version of a model predicted, by its role, with what has become known since.",
    names: { parameter: "model", kind: "model" },
    query: {
      since: { description: "only predictions from this moment on", schema: moment },
      until: { description: "only predictions before this moment", schema: moment },
      within: { description: "how far an outcome may lie from its prediction; 1h if absent", schema: text },
      by: { description: "the inputs that they share, by commas; all if absent", schema: text },
    },
    shapes: { body: null, answer },
    shapesOf: () => ({ body: null, answer }),
    errors: ["ASOF_UNKNOWN_MODEL", "ASOF_UNKNOWN_FIELD", "ASOF_TIMESTAMP", "ASOF_REQUEST", "ASOF_SCHEMA_CHANGE"],
    async handle({ name, query, signal }) {
      const { since, until, within, by } = query;
      const compared = await store.compareModel(name, {
        signal: signal(),
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
        ...(within === undefined ? {} : { within: durationIn(within) }),
        ...(by === undefined ? {} : { by: by.split(",").filter((input) => input !== "") }),
      });
      return writeJson({
        ...withMoments(compared, "t", "since", "until"),
        versions: compared.versions.map((one) => ({
          ...withMoments(one, "first", "last"),
          course: one.course.map((stretch) => withMoments(stretch, "from", "until")),
        })),
      });
    },
  };
}

function durationIn(within: string): string {
  if (/^\d{1,15}(us|ms|s|m|h|d|w)$/.test(within)) return within;
  throw new AsofError("ASOF_REQUEST", `within: "${within}" is not a duration such as 1h`, { parameter: "within" });
}
