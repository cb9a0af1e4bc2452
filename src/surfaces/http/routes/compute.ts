import { mediaTypes } from "../body.ts";
import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import { viewsIn } from "../read-object.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, flag, listOf, moment, objectOf, orNull, text } from "../schema.ts";

const outcome = objectOf({
  view: text,
  t: { ...moment, description: "as of when it was computed" },
  rows: { ...count, description: "new rows, and new versions of rows" },
  unchanged: count,
  backfill: flag,
  position: { ...orNull(count), description: "in the log; null where there were no rows" },
  bytes: count,
  seconds: { type: "number" },
});

/** Computes batch views, step 2. */
export function computeRoute({ store, work }: RouteContext): Route {
  const shape = objectOf({ views: { ...listOf(text), description: "all if absent" } }, ["views"]);
  return {
    method: "POST",
    path: "/v1/compute",
    id: "computeViews",
    unhurried: true,
    access: { scope: "admin" },
    summary: "Computes batch views from history, and answers once their rows are in the offline store.",
    names: null,
    query: {},
    shapes: { body: { [mediaTypes.json]: shape }, answer: objectOf({ views: listOf(outcome) }) },
    errors: ["ASOF_UNKNOWN_VIEW", "ASOF_NOT_APPLIED", "ASOF_BATCH_VIEW", "ASOF_SQL", "ASOF_JSON", "ASOF_REQUEST"],
    async handle({ body }) {
      const views = viewsIn(body);
      const computed = await work.run("compute", () => store.compute(views));
      return writeJson({ views: computed.map((one) => withMoments(one, "t")) });
    },
  };
}
