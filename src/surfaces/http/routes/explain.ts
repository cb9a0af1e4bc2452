import { AsofError, type ErrorCode } from "../../../core/errors.ts";
import { knowledges } from "../../../core/result/knowledge.ts";
import { parseTimestamp } from "../../../core/time/timestamp.ts";
import { mediaTypes } from "../body.ts";
import { namesOfFeature, viewKeyTypes } from "../explained-keys.ts";
import { explanationJson } from "../explanation-json.ts";
import { explanationSchema } from "../explanation-schema.ts";
import { parseJson } from "../json/parse-json.ts";
import { writeJson } from "../json/write-json.ts";
import { queriedMoment } from "../moments.ts";
import { readKnowledge, readMoment } from "../read-request.ts";
import type { Route, RouteContext } from "../route.ts";
import { rowReader } from "../row-reader.ts";
import { anyValue, mapOf, momentInput, objectOf, text } from "../schema.ts";
import { knowledgeSchema } from "../answer-schema.ts";

const PATH = "/v1/explain";
const SUMMARY =
  "Shows what is behind a feature's value for one key: windows, tiles, records, and whether the stores agree.";
const ERRORS: readonly ErrorCode[] = [
  "ASOF_UNKNOWN_VIEW",
  "ASOF_UNKNOWN_FEATURE",
  "ASOF_JSON",
  "ASOF_REQUEST",
  "ASOF_MISSING_KEY",
  "ASOF_TYPE",
  "ASOF_UNKNOWN_FIELD",
  "ASOF_TIMESTAMP",
  "ASOF_NOT_FINITE",
  "ASOF_OVERFLOW",
  "ASOF_STRING",
  "ASOF_ON_DEMAND",
  "ASOF_FUTURE_READ",
  "ASOF_BEFORE_RETENTION",
];

const feature = { ...text, pattern: "^[^.]+\\.[^]+$", description: "as view.feature" };
const at = { ...momentInput, description: "the moment asked about; now if absent" };

/** Explains what its query names. */
export function explainRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: PATH,
    id: "explain",
    access: { scope: "read" },
    summary: SUMMARY,
    names: null,
    query: {
      feature: { description: "the feature, as view.feature", schema: feature, required: true },
      keys: { description: "the key, as a JSON object", schema: text },
      at: { description: "the moment asked about; now if absent", schema: momentInput },
      knowledge: { description: String(knowledgeSchema["description"]), schema: { enum: knowledges } },
    },
    shapes: { body: null, answer: explanationSchema },
    errors: ERRORS,
    handle: ({ query, signal }) => {
      const { keys = "{}", at: moment, ...rest } = query;
      const asOf = moment === undefined ? {} : { at: queriedMoment(moment) };
      return answer(store, { ...rest, keys: parseJson(keys), ...asOf }, signal());
    },
  };
}

/** Explains what its body names. */
export function explainByBodyRoute({ store }: RouteContext): Route {
  const body = objectOf({ feature, keys: mapOf(anyValue), at, knowledge: knowledgeSchema }, ["at", "knowledge"]);
  return {
    method: "POST",
    path: PATH,
    id: "explainByBody",
    access: { scope: "read" },
    summary: SUMMARY,
    names: null,
    query: {},
    shapes: { body: { [mediaTypes.json]: body }, answer: explanationSchema },
    errors: ERRORS,
    handle: ({ body: given, signal }) => {
      if (given.language !== "json") throw new AsofError("ASOF_MEDIA_TYPE", "a request is application/json");
      const parsed = parseJson(given.text);
      if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed))
        throw new AsofError("ASOF_REQUEST", "the body must be an object with `feature` and `keys`");
      return answer(store, parsed as Readonly<Record<string, unknown>>, signal());
    },
  };
}

async function answer(
  store: RouteContext["store"],
  asked: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<string> {
  const { feature, keys = {}, at: given, knowledge, ...unknown } = asked;
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) throw refused(`the request has ${extra}, which is unknown here`, extra);
  const names = typeof feature === "string" ? namesOfFeature(feature) : null;
  if (names === null) throw refused("`feature` must name view.feature", "feature");
  const [view, name] = names;
  const [moment, known] = [readMoment(given), readKnowledge(knowledge)];
  const explanation = await store.explain(view, name, rowReader(viewKeyTypes(store, view))(keys, "keys", 0), {
    signal,
    ...(moment === undefined ? {} : { at: parseTimestamp(moment) }),
    ...(known === undefined ? {} : { knowledge: known }),
  });
  return writeJson(explanationJson(explanation));
}

function refused(message: string, field: string): AsofError {
  return new AsofError("ASOF_REQUEST", message, { field });
}
