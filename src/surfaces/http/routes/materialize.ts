import { AsofError } from "../../../core/errors.ts";
import { mediaTypes } from "../body.ts";
import { parseJson } from "../json/parse-json.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, objectOf, text } from "../schema.ts";

const outcome = objectOf({
  view: text,
  keys: count,
  records: count,
  bytes: count,
  position: count,
  how: { enum: ["built", "updated", "unchanged", "resumed"] },
  seconds: { type: "number" },
});

/** Brings views into the online store. */
export function materializeViewsRoute({ store }: RouteContext): Route {
  const shape = objectOf({ views: { ...listOf(text), description: "all if absent" } }, ["views"]);
  return {
    method: "POST",
    path: "/v1/materialize",
    id: "materializeViews",
    unhurried: true,
    access: { scope: "admin" },
    summary: "Brings views into the online store, and answers once they are there.",
    names: null,
    query: {},
    shapes: { body: { [mediaTypes.json]: shape }, answer: objectOf({ views: listOf(outcome) }) },
    errors: ["ASOF_UNKNOWN_VIEW", "ASOF_JSON", "ASOF_REQUEST"],
    async handle({ body }) {
      if (body.language !== "json") throw new AsofError("ASOF_MEDIA_TYPE", "a request is application/json");
      return writeJson({ views: await store.materialize(viewsIn(parseJson(body.text))) });
    },
  };
}

function viewsIn(parsed: unknown): readonly string[] | undefined {
  if (parsed !== null && typeof parsed === "object" && !Array.isArray(parsed)) {
    const { views, ...unknown } = parsed as { readonly views?: unknown };
    if (Object.keys(unknown).length === 0) {
      if (views === undefined) return undefined;
      if (Array.isArray(views) && views.every((view) => typeof view === "string")) return views;
    }
  }
  throw new AsofError("ASOF_REQUEST", "the body must be an object, with `views` as a list of names or with nothing", {
    field: "views",
  });
}
