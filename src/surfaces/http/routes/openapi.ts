import { writeJson } from "../json/write-json.ts";
import { openApi } from "../openapi.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, mapOf } from "../schema.ts";

/** The description of `described` and of itself, for the definitions that there are. */
export function openApiRoute({ store }: RouteContext, described: readonly Route[], version: string): Route {
  const route: Route = {
    method: "GET",
    path: "/openapi.json",
    id: "getOpenApi",
    access: { scope: "read" },
    anywhere: true,
    summary: "Describes this server as OpenAPI 3.1, with the types of the definitions.",
    names: null,
    query: {},
    shapes: { body: null, answer: mapOf(anything) },
    errors: [],
    async handle() {
      const applied = (await store.catalog()).filter((entry) => entry.applied);
      const names = Map.groupBy(applied, ({ kind }) => kind);
      const defined = Object.fromEntries([...names].map(([kind, entries]) => [kind, entries.map(({ name }) => name)]));
      return writeJson(openApi([...described, route], defined, version));
    },
  };
  return route;
}
