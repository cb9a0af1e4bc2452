import { howMany } from "../how-many.ts";
import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, count, listOf, mapOf, moment, objectOf, orNull, type Schema, text } from "../schema.ts";

const limit = howMany("limit", 1000);

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
  progress: {
    ...orNull(
      objectOf({
        phase: text,
        done: count,
        total: orNull(count),
        unit: { enum: ["rows", "bytes", "keys", "files", "steps"] },
      }),
    ),
    description: "how far a run has come that says so, in the process that answers",
  },
  log: {
    ...listOf(objectOf({ seconds: { type: "number" }, text })),
    description: "what it came to do, and how many seconds after its beginning",
  },
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
      limit: limit.declared,
    },
    shapes: { body: null, answer: objectOf({ runs: listOf(runSchema) }) },
    errors: ["ASOF_REQUEST"],
    async handle({ query }) {
      const { kind } = query;
      const most = limit.read(query);
      const runs = await store.runs({
        ...(kind !== undefined && { kind }),
        ...(most !== undefined && { limit: most }),
      });
      return writeJson({ runs: runs.map((run) => withMoments(run, "startedAt", "endedAt")) });
    },
  };
}
