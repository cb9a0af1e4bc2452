import { mediaTypes } from "../body.ts";
import { featuresSchema } from "../answer-schema.ts";
import { readRequest } from "../read-request.ts";
import { ARROW_STREAM, arrowAnswer, loadArrow } from "../columns/arrow-answer.ts";
import { columnAnswer } from "../columns/column-answer.ts";
import type { Route, RouteContext } from "../route.ts";
import { requestSchema, serviceShapes } from "../service-shape.ts";

/** The features of many rows, now or at a past moment. */
export function featuresRoute({ store, maxRows }: RouteContext): Route {
  const shapeOf = serviceShapes(store);
  return {
    method: "POST",
    path: "/v1/features/{service}",
    id: "getFeatures",
    access: { scope: "read" },
    anywhere: true,
    summary: "Answers with the features of a service for each row, now, as of a past moment, or of that in hindsight.",
    names: { parameter: "service", kind: "service" },
    query: {
      layout: {
        description: "`columns` answers column by column, in place of row by row",
        schema: { enum: ["columns"] },
      },
    },
    also: { [ARROW_STREAM]: "an Arrow IPC stream: a column a feature, `alias.status` and `alias.event_time` a view" },
    shapes: { body: { [mediaTypes.json]: requestSchema(maxRows, true) }, answer: featuresSchema() },
    shapesOf: (name) => {
      const { service, types } = shapeOf(name);
      return { body: { [mediaTypes.json]: requestSchema(maxRows, true, service) }, answer: featuresSchema(types) };
    },
    errors: [
      "ASOF_UNKNOWN_SERVICE",
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
      "ASOF_FUTURE_READ",
      "ASOF_NOT_ACCEPTABLE",
    ],
    async handle({ name, query, body, accept }) {
      const { read, write, types } = shapeOf(name);
      const arrow = accept.includes(ARROW_STREAM) ? await loadArrow() : null;
      const { rows, at, knowledge } = readRequest(body, read, maxRows, true);
      const answers = await store.features(name, rows, {
        ...(at === undefined ? {} : { at }),
        ...(knowledge === undefined ? {} : { knowledge }),
      });
      if (arrow !== null) return { type: ARROW_STREAM, bytes: arrowAnswer(arrow, name, types, answers) };
      if (query["layout"] === "columns") return columnAnswer(name, types, answers);
      return `{"service":${JSON.stringify(name)},"results":[${answers.map(write.features).join(",")}]}`;
    },
  };
}
