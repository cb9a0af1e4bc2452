import type { RetentionStatus } from "../../../core/result/status.ts";
import { writeJson } from "../json/write-json.ts";
import { auditJson, auditSchema } from "./audit.ts";
import { modelDriftSchema } from "./drift.ts";
import { serviceRatesSchema, shadowSchema, sourceFreshnessSchema } from "../monitoring-schema.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, flag, listOf, moment, objectOf, orNull, text } from "../schema.ts";
import { runSchema } from "./runs.ts";

const retention = objectOf({
  period: { ...orNull(count), description: "for how long after their event records are kept, in microseconds" },
  horizon: {
    ...orNull(moment),
    description: "from this event on all records are held; null where nothing was dropped",
  },
  oldestDay: orNull(moment),
  dropped: objectOf({ files: count, rows: count, bytes: count, at: orNull(moment) }),
});

const source = objectOf({
  name: text,
  rows: count,
  bytes: count,
  files: count,
  minEvent: orNull(moment),
  maxEvent: orNull(moment),
  inLog: { ...count, description: "records that are in the log and not yet in Parquet" },
  retention: orNull(retention),
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
  canary: orNull(objectOf({ version: count, share: { type: "number" } })),
  shadow: orNull(count),
  served: { ...count, description: "predictions in the served log" },
  servedSince: { ...orNull(moment), description: "from this moment on all of them are kept" },
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
    queued: { ...count, description: "bytes of records that wait for the disk" },
    queueLimit: { ...count, description: "bytes from which on records are refused" },
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
  shadows: {
    ...listOf(shadowSchema),
    description: "what the shadow of each model did",
  },
});

function retentionJson(status: RetentionStatus): object {
  return { ...withMoments(status, "horizon", "oldestDay"), dropped: withMoments(status.dropped, "at") };
}

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
          sources: status.offline.sources.map((source) => ({
            ...withMoments(source, "minEvent", "maxEvent"),
            retention: source.retention === null ? null : retentionJson(source.retention),
          })),
        },
        models: status.models.map((model) => withMoments(model, "servedSince")),
        views: status.views.map((view) => withMoments(view, "maxEvent")),
        sources: status.sources.map((source) => withMoments(source, "newestEvent", "newestAvailable")),
        audit: auditJson(status.audit),
        drift: status.drift.map((model) => withMoments(model, "since")),
        runs: status.runs.map((run) => withMoments(run, "startedAt", "endedAt")),
      });
    },
  };
}
