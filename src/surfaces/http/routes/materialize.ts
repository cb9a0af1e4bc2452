import { mediaTypes } from "../body.ts";
import { writeJson } from "../json/write-json.ts";
import { viewsIn } from "../read-object.ts";
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
export function materializeViewsRoute({ store, work }: RouteContext): Route {
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
      const views = viewsIn(body);
      return writeJson({ views: await work.run("materialize", () => store.materialize(views)) });
    },
  };
}
