import type { MonitoringReport } from "../../core/result/monitoring.ts";
import { SECOND } from "../../core/time/timestamp.ts";
import type { Metric, Sample } from "./exposition.ts";
import type { RequestCount } from "./request-counts.ts";

/** What there is to watch, as metrics. Times are in seconds, as Prometheus has them. */
export function metricsOf(report: MonitoringReport, requests: readonly RequestCount[]): Metric[] {
  return [
    ...ofRequests(requests),
    ...ofFreshness(report),
    ...ofServices(report),
    ...ofAudit(report),
    ...ofDrift(report),
    ...ofShadows(report),
  ];
}

function ofRequests(requests: readonly RequestCount[]): Metric[] {
  const samples = requests.map(({ method, route, status, count }): Sample => [{ method, route, status }, count]);
  return [counter("asof_http_requests_total", "Requests answered, by route and status.", samples)];
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
    gauge("asof_log_unfolded_records", "Records and loads that cannot be read online yet.", [[{}, log.unfolded]]),
    gauge("asof_source_event_age_seconds", "How long ago the newest record of a source happened.", age("eventAge")),
    gauge(
      "asof_source_available_age_seconds",
      "How long ago the newest record of a source became known.",
      age("availableAge"),
    ),
  ];
}

function ofServices({ services }: MonitoringReport): Metric[] {
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

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: "gauge", samples };
}
