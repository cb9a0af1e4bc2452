import { howMany } from "../how-many.ts";
import { writeJson } from "../json/write-json.ts";
import { queriedMoment, withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, moment, momentInput, objectOf, orNull, type Schema, text } from "../schema.ts";

const limit = howMany("limit", 1000);

const entry: Schema = objectOf({
  who: { ...text, description: "key:<id>, oidc:<subject>, user:<name> of the command, anonymous" },
  name: { ...orNull(text), description: "of the key" },
  via: { enum: ["http", "cli"] },
  action: { ...text, description: "the route by its operationId, or the command" },
  target: { ...orNull(text), description: "the source, entity or key that it was about" },
  outcome: { ...text, description: "ok, or the code of the error" },
  requests: { ...count, description: "how many ended alike within a second" },
  from: moment,
  until: moment,
  requestId: orNull(text),
});

/** Who administered the store and who wrote to it. */
export function auditLogRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/audit-log",
    id: "getAuditLog",
    access: { scope: "admin" },
    summary: "Tells who administered the store and who wrote to it, when, and how it ended: the newest first.",
    names: null,
    query: {
      since: { description: "only what happened from then on", schema: momentInput },
      who: { description: "only of this one, as `key:<id>`", schema: text },
      limit: limit.declared,
    },
    shapes: { body: null, answer: objectOf({ entries: listOf(entry) }) },
    errors: ["ASOF_REQUEST", "ASOF_TIMESTAMP"],
    async handle({ query }) {
      const { since, who } = query;
      const entries = await store.trail.read({
        limit: limit.read(query) ?? 100,
        ...(since !== undefined && { since: queriedMoment(since) }),
        ...(who !== undefined && { who }),
      });
      return writeJson({ entries: entries.map((one) => withMoments(one, "from", "until")) });
    },
  };
}
