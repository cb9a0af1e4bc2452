import { PUBLIC } from "../access/access.ts";
import type { Route } from "../route.ts";
import { objectOf } from "../schema.ts";

/** Whether the process answers at all. It asks the store nothing. */
export function healthRoute(): Route {
  return {
    method: "GET",
    path: "/health",
    id: "getHealth",
    access: PUBLIC,
    anywhere: true,
    summary: "Answers while the process is up.",
    names: null,
    query: {},
    shapes: { body: null, answer: objectOf({ status: { const: "up" } }) },
    errors: [],
    handle: async () => '{"status":"up"}',
  };
}
