import { writeJson } from "../json/write-json.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, flag, listOf, mapOf, objectOf, orNull, text } from "../schema.ts";

const entry = objectOf({
  kind: text,
  name: text,
  fingerprint: text,
  applied: { ...flag, description: "whether the store works by this very definition" },
  description: orNull(text),
  definition: { ...mapOf(anything), description: "as it is fingerprinted: times and durations are microseconds" },
});

/** Every definition. */
export function catalogRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/catalog",
    id: "getCatalog",
    access: { scope: "read" },
    anywhere: true,
    summary: "Lists the definitions.",
    names: null,
    query: {},
    shapes: { body: null, answer: objectOf({ definitions: listOf(entry) }) },
    errors: [],
    handle: async () => writeJson({ definitions: await store.catalog() }),
  };
}
