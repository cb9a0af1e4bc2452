import { AsofError } from "../../../core/errors.ts";
import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, count, listOf, mapOf, moment, objectOf, orNull, type Schema, text } from "../schema.ts";

const MAX_RUNS = 1000;

export const runSchema: Schema = objectOf({
  id: count,
  kind: text,
  target: text,
  state: { enum: ["running", "succeeded", "failed", "interrupted"] },
  startedAt: moment,
  endedAt: orNull(moment),
  seconds: orNull({ type: "number" }),
  rows: orNull(count),
  bytes: orNull(count),
  location: text,
  details: { ...mapOf(anything), description: "what else it has to tell; times are in microseconds" },
});

/** What ran, the newest first. */
export function runsRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/runs",
    id: "getRuns",
    access: { scope: "read" },
    summary: "Lists what ran, the newest first.",
    names: null,
    query: {
      kind: { description: "only runs of this kind", schema: text },
      limit: { description: "how many at the most", schema: { type: "integer", minimum: 1, maximum: MAX_RUNS } },
    },
    shapes: { body: null, answer: objectOf({ runs: listOf(runSchema) }) },
    errors: ["ASOF_REQUEST"],
    async handle({ query }) {
      const { kind, limit } = query;
      const runs = await store.runs({
        ...(kind !== undefined && { kind }),
        ...(limit !== undefined && { limit: readLimit(limit) }),
      });
      return writeJson({ runs: runs.map((run) => withMoments(run, "startedAt", "endedAt")) });
    },
  };
}

function readLimit(limit: string): number {
  const parsed = Number(limit);
  if (/^\d+$/.test(limit) && parsed >= 1 && parsed <= MAX_RUNS) return parsed;
  throw new AsofError("ASOF_REQUEST", `\`limit\` must be a whole number from 1 to ${MAX_RUNS}, not ${limit}`, {
    field: "limit",
  });
}
