import { AsofError } from "../../../core/errors.ts";
import { mediaTypes } from "../body.ts";
import { parseJson } from "../json/parse-json.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, objectOf, text } from "../schema.ts";

/** Makes a version of a model the one that predicts: a newer one, or an older one again. */
export function promoteRoute({ store }: RouteContext): Route {
  const shapes = {
    body: { [mediaTypes.json]: objectOf({ version: { ...count, minimum: 1 } }) },
    answer: objectOf({ model: text, promoted: count }),
  };
  return {
    method: "POST",
    path: "/v1/promote/{model}",
    id: "promote",
    access: { scope: "admin" },
    summary: "Makes a version of a model the one that predicts.",
    names: { parameter: "model", kind: "model" },
    query: {},
    shapes,
    shapesOf: () => shapes,
    errors: ["ASOF_UNKNOWN_MODEL", "ASOF_UNKNOWN_MODEL_VERSION", "ASOF_JSON", "ASOF_REQUEST"],
    async handle({ name, body }) {
      if (body.language !== "json") throw new AsofError("ASOF_MEDIA_TYPE", "a request is application/json");
      const { version, ...unknown } = objectIn(parseJson(body.text));
      const [extra] = Object.keys(unknown);
      if (extra !== undefined) throw refused(`the body has ${extra}, which is unknown here`, extra);
      if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
        throw refused("`version` must be a whole number from 1 on", "version");
      await store.promote(name, version);
      return writeJson({ model: name, promoted: version });
    },
  };
}

function objectIn(parsed: unknown): Readonly<Record<string, unknown>> {
  if (parsed !== null && typeof parsed === "object" && !Array.isArray(parsed))
    return parsed as Readonly<Record<string, unknown>>;
  throw refused("the body must be an object with `version`", "version");
}

function refused(message: string, field: string): AsofError {
  return new AsofError("ASOF_REQUEST", message, { field });
}
