import { mediaTypes } from "../body.ts";
import { predictionsSchema } from "../answer-schema.ts";
import { definitionOf } from "../feature-types.ts";
import { readRequest } from "../read-request.ts";
import type { Route, RouteContext } from "../route.ts";
import { timingIn, timingQuery } from "../server-timing.ts";
import { requestSchema, serviceShapes } from "../service-shape.ts";

/** What a model says to many rows, with what it was told. */
export function predictRoute({ store, maxRows }: RouteContext): Route {
  const serviceShapeOf = serviceShapes(store);
  const shapeOf = (model: string) => serviceShapeOf(definitionOf(store, "model", model).service);
  return {
    method: "POST",
    path: "/v1/predict/{model}",
    id: "predict",
    access: { scope: "predict" },
    anywhere: true,
    often: true,
    summary: "Answers with a model's prediction for each row, its version and the features it was told; logs them.",
    names: { parameter: "model", kind: "model" },
    query: timingQuery,
    shapes: { body: { [mediaTypes.json]: requestSchema(maxRows, false) }, answer: predictionsSchema() },
    shapesOf: (name) => {
      const { asked, types } = shapeOf(name);
      return { body: { [mediaTypes.json]: requestSchema(maxRows, false, asked) }, answer: predictionsSchema(types) };
    },
    errors: [
      "ASOF_UNKNOWN_MODEL",
      "ASOF_NO_MODEL",
      "ASOF_JSON",
      "ASOF_REQUEST",
      "ASOF_MISSING_KEY",
      "ASOF_TYPE",
      "ASOF_UNKNOWN_FIELD",
      "ASOF_MISSING_FIELD",
      "ASOF_TIMESTAMP",
      "ASOF_NOT_FINITE",
      "ASOF_OVERFLOW",
      "ASOF_STRING",
      "ASOF_ON_DEMAND",
      "ASOF_NOT_MATERIALIZED",
      "ASOF_HOME_LOCKED",
    ],
    async handle({ name, query, body }) {
      const timing = timingIn(query);
      const { read, write } = shapeOf(name);
      const { rows } = readRequest(body, read, maxRows, false);
      const answers = await (timing === null ? store.predict(name, rows) : store.predict(name, rows, timing));
      const text = `{"model":${JSON.stringify(name)},"results":[${answers.map(write.prediction).join(",")}]}`;
      return timing === null ? text : timing.tell(text);
    },
  };
}
