import { writeJson } from "../json/write-json.ts";
import { auditJson, auditSchema } from "./audit.ts";
import { modelDriftSchema } from "./drift.ts";
import { serviceRatesSchema, sourceFreshnessSchema } from "../monitoring-schema.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, flag, listOf, moment, objectOf, orNull, text } from "../schema.ts";
import { runSchema } from "./runs.ts";

const source = objectOf({
  name: text,
  rows: count,
  bytes: count,
  files: count,
  minEvent: orNull(moment),
  maxEvent: orNull(moment),
  inLog: { ...count, description: "records that are in the log and not yet in Parquet" },
});

const view = objectOf({
  name: text,
  kind: { enum: ["aggregateView", "batchView", "onDemandView"] },
  offlineRows: orNull(count),
  onlineKeys: orNull(count),
  onlinePosition: orNull(count),
  stale: flag,
  maxEvent: orNull(moment),
});

const model = objectOf({
  name: text,
  versions: count,
  promoted: orNull(count),
  served: { ...count, description: "predictions in the served log" },
});

const answer = objectOf({
  home: text,
  revision: count,
  now: moment,
  watermark: orNull(moment),
  freshness: { ...orNull({ type: "integer" }), description: "now − watermark, in microseconds" },
  log: objectOf({
    start: count,
    end: count,
    folded: count,
    archived: count,
    unfolded: { ...count, description: "records and loads that are accepted and cannot be read online yet" },
    bytes: count,
  }),
  offline: objectOf({ bytes: count, files: count, sources: listOf(source) }),
  online: objectOf({ bytes: count }),
  views: listOf(view),
  models: listOf(model),
  runs: listOf(runSchema),
  sources: listOf(sourceFreshnessSchema),
  services: listOf(serviceRatesSchema),
  audit: auditSchema,
  drift: listOf(modelDriftSchema),
});

/** What is in each store, how fresh it is, what ran. */
export function statusRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/status",
    id: "getStatus",
    access: { scope: "read" },
    summary: "Tells what is in each store, how fresh it is and what ran last.",
    names: null,
    query: {},
    shapes: { body: null, answer },
    errors: [],
    async handle() {
      const status = await store.status();
      return writeJson({
        ...withMoments(status, "now", "watermark"),
        offline: {
          ...status.offline,
          sources: status.offline.sources.map((source) => withMoments(source, "minEvent", "maxEvent")),
        },
        views: status.views.map((view) => withMoments(view, "maxEvent")),
        sources: status.sources.map((source) => withMoments(source, "newestEvent", "newestAvailable")),
        audit: auditJson(status.audit),
        drift: status.drift.map((model) => withMoments(model, "since")),
        runs: status.runs.map((run) => withMoments(run, "startedAt", "endedAt")),
      });
    },
  };
}
