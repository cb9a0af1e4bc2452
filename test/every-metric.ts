import type { MonitoringReport } from "../src/core/result/monitoring.ts";
import type { JobReport } from "../src/core/result/schedule.ts";
import type { Metric } from "../src/surfaces/http/exposition.ts";
import { metricsOf } from "../src/surfaces/http/metrics.ts";
import { RequestCounts } from "../src/surfaces/http/request-counts.ts";

/** One of everything, so that every metric has a sample. */
export const everyReport: MonitoringReport = {
  now: 0,
  watermark: 0,
  freshness: 0,
  log: { start: 0, end: 0, folded: 0, archived: 0, unfolded: 0, queued: 0, queueLimit: 1 },
  sources: [{ source: "s", newestEvent: 0, newestAvailable: 0, eventAge: 0, availableAge: 0 }],
  services: [
    {
      service: "s",
      answers: 1,
      views: [{ view: "v", notFound: 0, expired: 0, overflow: 0, nulls: 0, values: 1 }],
      features: { f: 0 },
    },
  ],
  audit: {
    running: true,
    sample: 1,
    every: 1,
    answers: 1,
    compared: 1,
    different: 0,
    dropped: 0,
    unverifiable: 0,
    waiting: 0,
    lag: 0,
    lastRun: 0,
    failures: 0,
    failure: null,
    targets: [
      {
        kind: "predict",
        name: "m",
        answers: 1,
        compared: 1,
        different: 0,
        features: { f: { compared: 1, different: 0 } },
        examples: [],
        waiting: 0,
        oldest: null,
        dropped: 0,
        unverifiable: 0,
        lastRun: 0,
      },
    ],
  },
  unnamed: [{ view: "v", answers: 1 }],
  viewTimes: [{ view: "v", buckets: [1, 0], sum: 0 }],
  shadows: [{ model: "m", version: 2, predictions: 1, errors: 0, dropped: 0, error: null }],
  drift: [
    {
      model: "m",
      version: 1,
      since: 0,
      predictions: 1,
      features: [
        { feature: "f", psi: 0, chance: 0, ks: 0, trained: { rows: 1, nulls: 0 }, served: { rows: 1, nulls: 0 } },
      ],
    },
  ],
};

const job: JobReport = {
  name: "j",
  run: "compute",
  of: [],
  cron: "* * * * *",
  timezone: "UTC",
  missed: "skip",
  runningSince: null,
  last: { startedAt: 0, endedAt: 0, seconds: 0, state: "succeeded", failure: null },
  next: 0,
  counts: { succeeded: 1, failed: 0, interrupted: 0, skipped: 0 },
};

/** Every metric with a sample of each of its series. */
export function everyMetric(): Metric[] {
  const requests = new RequestCounts();
  requests.count("GET", "/metrics", 200);
  requests.failed("ASOF_BUSY");
  requests.times.observe({ method: "POST", path: "/v1/features/{service}" }, "s", 200, 0.001);
  return metricsOf(everyReport, requests, { version: "1", viewsBehind: () => ["v"], jobs: [job] });
}
