import {
  DurationHistogram,
  type Durations,
  PART_BOUNDS,
  REQUEST_BOUNDS,
} from "../../core/metrics/duration-histogram.ts";
import type { MonitoringReport } from "../../core/result/monitoring.ts";
import type { JobReport } from "../../core/result/schedule.ts";
import { SECOND } from "../../core/time/timestamp.ts";
import type { Metric, Sample } from "./exposition.ts";
import type { RequestCounts } from "./request-counts.ts";
import type { RequestHistogram } from "./request-histograms.ts";

/** What is told of requests. */
export type Requests = Pick<RequestCounts, "all" | "errors"> & { readonly times: Pick<RequestCounts["times"], "all"> };

/** The names of the views that answer a request for features or predictions which names a definition. */
export type ViewsBehind = (kind: "service" | "model", name: string) => readonly string[];

/** What there is to watch, as metrics. Times are in seconds, as Prometheus has them. */
export function metricsOf(
  report: MonitoringReport,
  requests: Requests,
  {
    version,
    viewsBehind,
    jobs,
  }: { readonly version: string; readonly viewsBehind: ViewsBehind; readonly jobs: readonly JobReport[] },
): Metric[] {
  return [
    gauge("asof_build_info", "The version that runs, as a label.", [[{ version }, 1]]),
    ...ofRequests(requests),
    ...ofTimes(requests.times.all(), viewsBehind),
    ...ofFreshness(report),
    ...ofServices(report),
    ...ofViews(report),
    ...ofAudit(report),
    ...ofDrift(report),
    ...ofJobs(jobs),
    ...ofShadows(report),
  ];
}

function ofRequests(requests: Requests): Metric[] {
  const samples = requests.all().map(({ method, route, status, count }): Sample => [{ method, route, status }, count]);
  return [
    counter("asof_http_requests_total", "Requests answered, by route and status.", samples),
    counter(
      "asof_errors_total",
      "Errors that requests failed with, by code.",
      [...requests.errors].map(([code, count]): Sample => [{ code }, count]),
    ),
  ];
}

const DEFINITIONS: Readonly<Record<string, "service" | "model">> = {
  "/v1/features/{service}": "service",
  "/v1/predict/{model}": "model",
};

/** By route and what it names; and by view, of all requests that read it. */
function ofTimes(times: readonly RequestHistogram[], viewsBehind: ViewsBehind): Metric[] {
  const views = new Map<string, DurationHistogram>();
  for (const time of times) {
    const kind = time.method === "POST" && time.definition !== "" ? DEFINITIONS[time.route] : undefined;
    if (kind === undefined) continue;
    for (const view of viewsBehind(kind, time.definition)) {
      let found = views.get(view);
      if (found === undefined) views.set(view, (found = new DurationHistogram()));
      found.add(time);
    }
  }
  return [
    histogram(
      "asof_http_request_duration_seconds",
      "From the headers of a request to the end of its answer, by route and what it names.",
      times.map(({ method, route, definition, ...observed }) => [{ method, route, definition }, observed]),
    ),
    histogram(
      "asof_view_request_duration_seconds",
      "The same of the requests for features and predictions that read a view, which read all of theirs at once.",
      [...views].map(([view, observed]) => [{ view }, observed]),
    ),
  ];
}

function ofFreshness({ freshness, log, sources }: MonitoringReport): Metric[] {
  const age = (of: "eventAge" | "availableAge"): Sample[] =>
    sources.flatMap((source): Sample[] => {
      const micros = source[of];
      return micros === null ? [] : [[{ source: source.source }, micros / SECOND]];
    });
  return [
    gauge(
      "asof_freshness_seconds",
      "How far the moment of live answers is behind the clock.",
      freshness === null ? [] : ([[{}, freshness / SECOND]] as Sample[]),
    ),
    gauge("asof_log_start_position", "The first position that the log keeps.", [[{}, log.start]]),
    gauge("asof_log_end_position", "One past the last record of the log.", [[{}, log.end]]),
    gauge("asof_log_folded_position", "Below it all can be read online.", [[{}, log.folded]]),
    gauge("asof_log_archived_position", "Below it all records are in Parquet.", [[{}, log.archived]]),
    gauge("asof_ingest_queue_bytes", "Bytes of records that wait for the disk.", [[{}, log.queued]]),
    gauge("asof_ingest_queue_limit_bytes", "Bytes from which on records are refused.", [[{}, log.queueLimit]]),
    gauge("asof_log_unfolded_records", "Records and loads that cannot be read online yet.", [[{}, log.unfolded]]),
    gauge("asof_source_event_age_seconds", "How long ago the newest record of a source happened.", age("eventAge")),
    gauge(
      "asof_source_available_age_seconds",
      "How long ago the newest record of a source became known.",
      age("availableAge"),
    ),
  ];
}

function ofServices({ services, unnamed }: MonitoringReport): Metric[] {
  const statuses = [
    ["NOT_FOUND", "notFound"],
    ["EXPIRED", "expired"],
    ["OVERFLOW", "overflow"],
  ] as const;
  return [
    counter(
      "asof_served_answers_total",
      "Answers of a service, for features or predictions.",
      services.map(({ service, answers }) => [{ service }, answers]),
    ),
    counter(
      "asof_view_answers_total",
      "Answers with a view that was asked for without a service.",
      unnamed.map(({ view, answers }) => [{ view }, answers]),
    ),
    counter(
      "asof_served_statuses_total",
      "Answers in which a view was not present, by its status.",
      services.flatMap(({ service, views }) =>
        views.flatMap((view) =>
          statuses.map(([status, of]): Sample => [{ service, view: view.view, status }, view[of]]),
        ),
      ),
    ),
    counter(
      "asof_served_nulls_total",
      "Answers in which a feature was null.",
      services.flatMap(({ service, features }) =>
        Object.entries(features).map(([feature, nulls]): Sample => [{ service, feature }, nulls]),
      ),
    ),
  ];
}

function ofViews({ viewTimes }: MonitoringReport): Metric[] {
  return [
    histogram(
      "asof_view_compute_duration_seconds",
      "What a view took of a request beside the read that all views share, of one request in 251.",
      viewTimes.map(({ view, ...observed }) => [{ view }, observed]),
      PART_BOUNDS,
    ),
  ];
}

function ofAudit({ audit }: MonitoringReport): Metric[] {
  const byTarget = (of: "answers" | "dropped" | "unverifiable"): Sample[] =>
    audit.targets.map((target) => [{ kind: target.kind, name: target.name }, target[of]]);
  const byFeature = (of: "compared" | "different"): Sample[] =>
    audit.targets.flatMap(({ kind, name, features }) =>
      Object.entries(features).map(([feature, counts]): Sample => [{ kind, name, feature }, counts[of]]),
    );
  return [
    counter("asof_audit_answers_total", "Answers compared with history.", byTarget("answers")),
    counter("asof_audit_comparisons_total", "Served values compared with history.", byFeature("compared")),
    counter("asof_audit_differences_total", "Served values that history does not give.", byFeature("different")),
    counter("asof_audit_dropped_total", "Sampled answers that were given up.", byTarget("dropped")),
    counter(
      "asof_audit_unverifiable_total",
      "Sampled answers that were left out, because a key was forgotten since.",
      byTarget("unverifiable"),
    ),
    gauge("asof_audit_waiting", "Answers that wait for the audit.", [[{}, audit.waiting]]),
    gauge("asof_audit_lag_seconds", "How long the oldest of these has waited.", [[{}, audit.lag / SECOND]]),
    gauge("asof_audit_failures", "Attempts that failed since the last that did not.", [[{}, audit.failures]]),
  ];
}

function ofDrift({ drift }: MonitoringReport): Metric[] {
  const statistic = (of: "psi" | "ks"): Sample[] =>
    drift.flatMap(({ model, version, features }) =>
      features.flatMap((one): Sample[] => {
        const value = one[of];
        return value === null ? [] : [[{ model, version, feature: one.feature }, value]];
      }),
    );
  return [
    gauge("asof_drift_psi", "Population stability index of serving against training.", statistic("psi")),
    gauge("asof_drift_ks", "Kolmogorov-Smirnov statistic of serving against training.", statistic("ks")),
  ];
}

function ofJobs(jobs: readonly JobReport[]): Metric[] {
  const at = (of: (job: JobReport) => number | null | undefined): Sample[] =>
    jobs.flatMap((job): Sample[] => {
      const micros = of(job);
      return micros === null || micros === undefined ? [] : [[{ job_name: job.name }, micros / SECOND]];
    });
  return [
    counter(
      "asof_job_runs_total",
      "Runs of scheduled jobs by how they ended, and turns that were skipped.",
      jobs.flatMap(({ name, counts }) =>
        Object.entries(counts).map(([state, count]): Sample => [{ job_name: name, state }, count]),
      ),
    ),
    gauge(
      "asof_job_running",
      "Whether a scheduled job runs.",
      jobs.map(({ name, runningSince }): Sample => [{ job_name: name }, runningSince === null ? 0 : 1]),
    ),
    gauge(
      "asof_job_next_run_timestamp_seconds",
      "When a scheduled job runs next.",
      at(({ next }) => next),
    ),
    gauge(
      "asof_job_last_run_timestamp_seconds",
      "When a scheduled job ended last.",
      at(({ last }) => last?.endedAt),
    ),
    gauge(
      "asof_job_last_run_duration_seconds",
      "How long it took then.",
      jobs.flatMap(({ name, last }): Sample[] => (last === null ? [] : [[{ job_name: name }, last.seconds]])),
    ),
  ];
}

function ofShadows({ shadows }: MonitoringReport): Metric[] {
  const of = (count: "predictions" | "errors" | "dropped"): Sample[] =>
    shadows.map((shadow) => [{ model: shadow.model, version: shadow.version }, shadow[count]]);
  return [
    counter("asof_shadow_predictions_total", "Predictions of a shadow, which are logged.", of("predictions")),
    counter("asof_shadow_errors_total", "Predictions that a shadow failed to make.", of("errors")),
    counter("asof_shadow_dropped_total", "Predictions of a shadow that were given up.", of("dropped")),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: "counter", samples };
}

function histogram(
  name: string,
  help: string,
  all: readonly (readonly [labels: Sample[0], observed: Durations])[],
  bounds: readonly number[] = REQUEST_BOUNDS,
): Metric {
  const samples = all.flatMap(([labels, { buckets, sum }]): Sample[] => {
    let count = 0;
    const below = buckets.map((more, i): Sample => {
      count += more;
      return [{ ...labels, le: bounds[i] ?? "+Inf" }, count, "_bucket"];
    });
    return [...below, [labels, sum, "_sum"], [labels, count, "_count"]];
  });
  return { name, help, type: "histogram", samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: "gauge", samples };
}
