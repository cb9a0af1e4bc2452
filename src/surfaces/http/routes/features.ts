import type { WrittenAnswers, WrittenText } from "../../../core/result/answer-form.ts";
import type { FeatureAnswer } from "../../../core/result/answers.ts";
import { mediaTypes } from "../body.ts";
import { featuresSchema } from "../answer-schema.ts";
import { readRequest, type RowsRequest } from "../read-request.ts";
import { ARROW_STREAM, arrowAnswer, loadArrow } from "../columns/arrow-answer.ts";
import { columnAnswer } from "../columns/column-answer.ts";
import { type Answer, type Call, JSON_TYPE, type Route, type RouteContext } from "../route.ts";
import { timingIn, timingQuery } from "../server-timing.ts";
import { requestSchema, serviceShapes } from "../service-shape.ts";
import { TextBuffers } from "../text-buffers.ts";

/** From so many bytes on an answer is put together as bytes. */
const LONG = 32_768;

/** The features of many rows, now or at a past moment. */
export function featuresRoute({ store, maxRows, times }: RouteContext): Route {
  const shapeOf = serviceShapes(store);
  const buffers = new TextBuffers();
  const answersTo = (
    name: string,
    { body, signal }: Pick<Call, "body" | "signal">,
    { rows, at, knowledge }: RowsRequest,
  ): Promise<FeatureAnswer[]> => {
    const isLive = at === undefined && knowledge === undefined;
    if (!isLive) times.ofPast(body);
    return store.features(name, rows, {
      ...(isLive ? {} : { signal: signal() }),
      ...(at === undefined ? {} : { at }),
      ...(knowledge === undefined ? {} : { knowledge }),
    });
  };
  const arrowed = async (name: string, call: Call): Promise<Answer> => {
    const { read, types } = shapeOf(name);
    const arrow = await loadArrow();
    const answers = await answersTo(name, call, readRequest(call.body, read, maxRows, true));
    return { type: ARROW_STREAM, bytes: arrowAnswer(arrow, name, types, answers) };
  };
  return {
    method: "POST",
    path: "/v1/features/{service}",
    id: "getFeatures",
    access: { scope: "read" },
    anywhere: true,
    often: true,
    summary: "Answers with the features of a service for each row, now, as of a past moment, or of that in hindsight.",
    names: { parameter: "service", kind: "service" },
    query: {
      layout: {
        description: "`columns` answers column by column, in place of row by row",
        schema: { enum: ["columns"] },
      },
      ...timingQuery,
    },
    also: { [ARROW_STREAM]: "an Arrow IPC stream: a column a feature, `alias.status` and `alias.event_time` a view" },
    shapes: { body: { [mediaTypes.json]: requestSchema(maxRows, true) }, answer: featuresSchema() },
    shapesOf: (name) => {
      const { asked, types } = shapeOf(name);
      return { body: { [mediaTypes.json]: requestSchema(maxRows, true, asked) }, answer: featuresSchema(types) };
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
      "ASOF_BEFORE_RETENTION",
      "ASOF_NOT_ACCEPTABLE",
    ],
    handle(call) {
      const { name, query, body, accept } = call;
      const { read, opening, form } = shapeOf(name);
      if (accept.includes(ARROW_STREAM)) return arrowed(name, call);
      const request = readRequest(body, read, maxRows, true);
      if (query["layout"] === "columns")
        return answersTo(name, call, request).then((answers) => columnAnswer(name, shapeOf(name).types, answers));
      if (request.at !== undefined || request.knowledge !== undefined)
        return answersTo(name, call, request).then(
          (answers) => `${opening.text}${answers.map(shapeOf(name).write.features).join(",")}]}`,
        );
      const timing = timingIn(query);
      if (timing !== null)
        return Promise.resolve(store.featuresAs(name, request.rows, form, timing)).then((late) =>
          timing.tell(put(opening, late, buffers)),
        );
      const written = store.featuresAs(name, request.rows, form);
      return written instanceof Promise
        ? written.then((late) => put(opening, late, buffers))
        : put(opening, written, buffers);
    },
  };
}

/** The answer's text; as bytes where it is long. */
function put(opening: WrittenText, { heads, tail }: WrittenAnswers, buffers: TextBuffers): Answer {
  let bytes = opening.bytes + "]}".length;
  if (heads.length === 1)
    return { text: `${opening.text}${heads[0].text}${tail.text}]}`, bytes: bytes + heads[0].bytes + tail.bytes };
  const pieces = [opening.text];
  for (const head of heads) {
    if (pieces.length > 1) {
      pieces.push(",");
      bytes++;
    }
    pieces.push(head.text, tail.text);
    bytes += head.bytes + tail.bytes;
  }
  pieces.push("]}");
  if (bytes < LONG) return { text: pieces.join(""), bytes };
  const joined = buffers.join(pieces, bytes);
  return { type: JSON_TYPE, bytes: joined, sent: () => buffers.giveBack(joined) };
}
