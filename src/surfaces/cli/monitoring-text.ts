import type {
  AuditReport,
  ModelDrift,
  ServiceRates,
  ShadowReport,
  SourceFreshness,
} from "../../core/result/monitoring.ts";
import { count, metric, moment, NONE, plural, span } from "./format.ts";
import type { Style } from "./style.ts";
import { facts, table } from "./table.ts";
import { withTimes } from "./with-times.ts";

/** Differences that are shown one by one. */
const EXAMPLES = 5;
/** Features that are shown of a model, those that drift most. */
const FEATURES = 10;

export function freshnessTable(sources: readonly SourceFreshness[], style: Style): string {
  return table(
    ["source", "newest event", { right: "old" }, "newest known", { right: "old" }],
    sources.map((s) => [
      s.source,
      moment(s.newestEvent),
      span(s.eventAge),
      moment(s.newestAvailable),
      span(s.availableAge),
    ]),
    style,
  );
}

export function ratesTable(services: readonly ServiceRates[], style: Style): string {
  return table(
    ["service", "view", { right: "answers" }, { right: "null values" }, { right: "not found" }, { right: "expired" }],
    services.flatMap(({ service, answers, views }) =>
      views.map((view) => [
        service,
        view.view,
        count(answers),
        share(view.nulls, view.values),
        share(view.notFound, answers),
        share(view.expired, answers),
      ]),
    ),
    style,
  );
}

export function auditText(audit: AuditReport, style: Style): string {
  const lines: (readonly [string, string])[] = [
    [
      "sample",
      audit.running ? `${share(audit.sample, 1)} of requests, every ${span(audit.every)}` : "not in this process",
    ],
    ["compared", `${plural(audit.compared, "value")} of ${plural(audit.answers, "answer")}`],
    ["different", audit.different === 0 ? "none" : count(audit.different)],
    ["last run", moment(audit.lastRun)],
    ["waiting", audit.waiting === 0 ? "none" : `${count(audit.waiting)}, for up to ${span(audit.lag)}`],
  ];
  if (audit.dropped > 0) lines.push(["dropped", count(audit.dropped)]);
  if (audit.unverifiable > 0) lines.push(["left out", `${count(audit.unverifiable)}, since a key was forgotten`]);
  if (audit.failure !== null) lines.push(["failing", `${plural(audit.failures, "time")}: ${audit.failure}`]);
  const parts = [facts(lines, style)];
  const differing = audit.targets.flatMap(({ kind, name, features }) =>
    Object.entries(features)
      .filter(([, { different }]) => different > 0)
      .map(([feature, { compared, different }]) => [`${kind} ${name}`, feature, count(compared), count(different)]),
  );
  if (differing.length > 0)
    parts.push(
      table(["served", "feature", { right: "compared" }, { right: "different" }], differing, style, (cell, column) =>
        column === 3 ? style.red(cell) : cell,
      ),
      table(
        ["feature", "request", "as of", { right: "served" }, { right: "history gives" }],
        audit.targets
          .flatMap(({ examples }) => examples)
          .slice(0, EXAMPLES)
          .map(({ what, request, t, served, recomputed }) => [
            what,
            Object.entries(request)
              .map(([name, value]) => `${name}=${value ?? "null"}`)
              .join(" "),
            moment(t),
            served,
            recomputed,
          ]),
        style,
      ),
    );
  return parts.join("\n");
}

export function driftTable(models: readonly ModelDrift[], style: Style): string {
  return table(
    [
      "model",
      "feature",
      { right: "psi" },
      { right: "ks" },
      "reading",
      { right: "served" },
      { right: "nulls before" },
      { right: "now" },
    ],
    models.flatMap(({ model, version, features }) =>
      features
        .toSorted((a, b) => (b.psi ?? -1) - (a.psi ?? -1))
        .slice(0, FEATURES)
        .map((one) => [
          `${model} ${version}`,
          one.feature,
          metric(one.psi),
          metric(one.ks),
          reading(one.psi, one.chance),
          count(one.served.rows),
          share(one.trained.nulls, one.trained.rows),
          share(one.served.nulls, one.served.rows),
        ]),
    ),
    style,
  );
}

/** The usual reading of a population stability index: below 0.1 stable, above 0.25 much. */
function reading(psi: number | null, chance: number | null): string {
  if (psi === null || chance === null) return NONE;
  // As many values would have such an index without any drift.
  if (psi >= 0.1 && psi < 3 * chance) return "too few to tell";
  return psi < 0.1 ? "stable" : psi <= 0.25 ? "some drift" : "much drift";
}

function share(part: number, of: number): string {
  return of === 0 ? NONE : `${((100 * part) / of).toFixed(part > 0 && part / of < 0.01 ? 2 : 1)} %`;
}

/** The audit for a JSON document, its moments as text. */
export function auditJson(audit: AuditReport): Record<string, unknown> {
  return {
    ...withTimes(audit, "lastRun"),
    targets: audit.targets.map((one) => ({
      ...withTimes(one, "oldest", "lastRun"),
      examples: one.examples.map((example) => withTimes(example, "t")),
    })),
  };
}

/** What the shadow of each model did. */
export function shadowTable(shadows: readonly ShadowReport[], style: Style): string {
  return table(
    ["model", { right: "version" }, { right: "predictions" }, { right: "errors" }, { right: "given up" }, "last error"],
    shadows.map((one) => [
      one.model,
      String(one.version),
      count(one.predictions),
      count(one.errors),
      count(one.dropped),
      one.error === null ? NONE : `${one.error.code}: ${one.error.message}`,
    ]),
    style,
  );
}
