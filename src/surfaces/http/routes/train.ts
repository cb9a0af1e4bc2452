import { AsofError } from "../../../core/errors.ts";
import { mediaTypes } from "../body.ts";
import { writeJson } from "../json/write-json.ts";
import { readObject } from "../read-object.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, count, flag, mapOf, objectOf, orNull, text } from "../schema.ts";

/** Trains a model, step 3. */
export function trainRoute({ store, work }: RouteContext): Route {
  const shapes = {
    body: {
      [mediaTypes.json]: objectOf({ promote: { ...flag, description: "whether it serves then; false if absent" } }, [
        "promote",
      ]),
    },
    answer: objectOf(
      {
        model: text,
        version: count,
        promoted: flag,
        trainRows: count,
        testRows: count,
        metrics: mapOf(anything),
        baseline: { ...orNull(mapOf(anything)), description: "the same trainer without the store's features" },
        trainerMetrics: { ...mapOf({ type: "number" }), description: "what the trainer found out itself" },
        bytes: count,
        seconds: { type: "number" },
      },
      ["trainerMetrics"],
    ),
  };
  return {
    method: "POST",
    path: "/v1/train/{model}",
    id: "train",
    unhurried: true,
    access: { scope: "admin" },
    summary: "Trains another version of a model from history, and answers once it is measured.",
    names: { parameter: "model", kind: "model" },
    query: {},
    shapes,
    shapesOf: () => shapes,
    errors: ["ASOF_UNKNOWN_MODEL", "ASOF_NOT_APPLIED", "ASOF_NO_DATA", "ASOF_TRAINING", "ASOF_JSON", "ASOF_REQUEST"],
    async handle({ name, body }) {
      const { promote = false } = readObject(body, ["promote"]);
      if (typeof promote !== "boolean")
        throw new AsofError("ASOF_REQUEST", "`promote` must be true or false", { field: "promote" });
      return writeJson(await work.run("train", () => store.train(name, { promote })));
    },
  };
}
