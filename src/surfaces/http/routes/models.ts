import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, count, flag, listOf, mapOf, moment, objectOf, orNull, text } from "../schema.ts";

const version = objectOf({
  model: text,
  version: count,
  createdAt: moment,
  promoted: { ...flag, description: "whether it is the version that predicts" },
  role: { ...orNull({ enum: ["current", "canary", "shadow"] }), description: "what it does while the model serves" },
  share: { ...orNull({ type: "number" }), description: "of a canary: of the keys" },
  fingerprint: text,
  sha256: text,
  runtime: text,
  bytes: count,
  trainer: text,
  trainingSet: objectOf({ from: moment, until: moment, rows: count, sha256: text }),
  heldOut: objectOf({ from: moment, until: moment, rows: count }),
  metrics: mapOf(anything),
  baseline: { ...orNull(mapOf(anything)), description: "the same trainer without the store's features" },
});

/** Every version of every model. */
export function modelsRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/models",
    id: "getModels",
    access: { scope: "read", names: "in the request" },
    summary: "Lists the versions of the models.",
    names: null,
    query: { model: { description: "only versions of this model", schema: text } },
    shapes: { body: null, answer: objectOf({ models: listOf(version) }) },
    errors: ["ASOF_UNKNOWN_MODEL"],
    async handle({ query, caller }) {
      caller.mustReach("read", query["model"] === undefined ? null : "model", query["model"] ?? "");
      const models = await store.models(query["model"]);
      return writeJson({
        models: models.map((summary) => ({
          ...withMoments(summary, "createdAt"),
          trainingSet: withMoments(summary.trainingSet, "from", "until"),
          heldOut: withMoments(summary.heldOut, "from", "until"),
        })),
      });
    },
  };
}
