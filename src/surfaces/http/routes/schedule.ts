import type { JobReport } from "../../../core/result/schedule.ts";
import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, moment, objectOf, orNull, text } from "../schema.ts";

const state = { enum: ["succeeded", "failed", "interrupted"] };

const job = objectOf({
  name: text,
  run: { enum: ["compute", "materialize", "train", "verify"] },
  of: { ...listOf(text), description: "views or models; empty for all" },
  cron: text,
  timezone: text,
  missed: { enum: ["once", "skip"], description: "what becomes of turns that came while nothing served" },
  runningSince: orNull(moment),
  last: orNull(
    objectOf({
      startedAt: moment,
      endedAt: moment,
      seconds: { type: "number" },
      state,
      failure: orNull(objectOf({ code: text, message: text })),
    }),
  ),
  next: orNull(moment),
  counts: objectOf({ succeeded: count, failed: count, interrupted: count, skipped: count }),
});

/** A job with its moments as text. */
export function jobJson(job: JobReport): object {
  return {
    ...withMoments(job, "runningSince", "next"),
    last: job.last === null ? null : withMoments(job.last, "startedAt", "endedAt"),
  };
}

/** The scheduled jobs. */
export function scheduleRoute({ jobs }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/schedule",
    id: "getSchedule",
    access: { scope: "read" },
    summary: "Lists the scheduled jobs: when each ran last, how that ended, and when it runs next.",
    names: null,
    query: {},
    shapes: { body: null, answer: objectOf({ jobs: listOf(job) }) },
    errors: [],
    handle: async () => writeJson({ jobs: jobs().map(jobJson) }),
  };
}
