import type { AuditReport } from "../../../core/result/monitoring.ts";
import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, flag, listOf, mapOf, moment, objectOf, orNull, type Schema, text } from "../schema.ts";

const micros: Schema = { type: "integer", minimum: 0, description: "microseconds" };

const example = objectOf({
  what: { ...text, description: "a feature, `status <view>`, `event time <view>` or `prediction`" },
  t: moment,
  request: mapOf(orNull(text)),
  loads: mapOf(count),
  served: text,
  recomputed: text,
  id: { ...orNull(text), description: "the prediction it was served with" },
});

const target = objectOf({
  kind: { enum: ["features", "predict"] },
  name: { ...text, description: "of the service, or of the model" },
  answers: count,
  compared: count,
  different: count,
  features: mapOf(objectOf({ compared: count, different: count })),
  examples: listOf(example),
  waiting: count,
  oldest: { ...orNull(moment), description: "the moment of the oldest answer that waits" },
  dropped: { ...count, description: "sampled answers that were given up" },
  unverifiable: { ...count, description: "sampled answers that were left out, because a key was forgotten since" },
  lastRun: orNull(moment),
});

export const auditSchema: Schema = objectOf({
  running: flag,
  sample: { type: "number", minimum: 0, maximum: 1, description: "the share of requests that is compared" },
  every: micros,
  answers: count,
  compared: count,
  different: count,
  dropped: count,
  unverifiable: count,
  waiting: count,
  lag: { ...micros, description: "how long the oldest answer that waits has waited, in microseconds" },
  lastRun: orNull(moment),
  failures: { ...count, description: "attempts that failed since the last that did not" },
  failure: orNull(text),
  targets: listOf(target),
});

/** An audit with its moments as text. */
export function auditJson(audit: AuditReport): object {
  return {
    ...withMoments(audit, "lastRun"),
    targets: audit.targets.map((one) => ({
      ...withMoments(one, "oldest", "lastRun"),
      examples: one.examples.map((found) => withMoments(found, "t")),
    })),
  };
}

/** Whether what is served is what history gives. */
export function auditRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/audit",
    id: "getAudit",
    access: { scope: "read" },
    summary: "Tells how much of what was served was compared with history, and what differed.",
    names: null,
    query: {},
    shapes: { body: null, answer: auditSchema },
    errors: [],
    handle: async () => writeJson(auditJson((await store.monitoring()).audit)),
  };
}

/** Compares what waits of the sample of answers now, rather than when its turn comes. */
export function auditNowRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/v1/audit",
    id: "auditNow",
    unhurried: true,
    access: { scope: "admin" },
    summary: "Compares what waits of the sample of answers with history, and answers once that is done.",
    names: null,
    query: {},
    shapes: { body: null, answer: auditSchema },
    errors: [],
    handle: async () => writeJson(auditJson(await store.auditServed())),
  };
}
