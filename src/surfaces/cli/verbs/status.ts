import { InvalidArgumentError } from "commander";
import type { SourceStatus, StatusReport } from "../../../core/result/status.ts";
import { shareText } from "../../../core/result/serving-role.ts";
import { formatDuration } from "../../../core/time/duration.ts";
import { bytes, count, moment, NONE, span } from "../format.ts";
import { auditJson, auditText, driftTable, freshnessTable, ratesTable, shadowTable } from "../monitoring-text.ts";
import { withTimes } from "../with-times.ts";
import { runJson, runTable } from "../run-table.ts";
import type { Style } from "../style.ts";
import { facts, table } from "../table.ts";
import { examples, type Verb } from "../verb.ts";
import { watchStatus } from "../watch-status.ts";

export const statusVerb: Verb = (program, action) => {
  program
    .command("status")
    .summary("show what is in each store, how fresh it is, what ran")
    .description("Raw data, batch features, real-time features, models, the log and the last runs.")
    .option("--watch", "show it again and again until it is stopped; with --json a document a line")
    .option("--every <seconds>", "how often, with --watch (default: 2)", everyOption)
    .addHelpText(
      "after",
      examples(
        ["asof status", ""],
        ["asof status --watch", "beside a server, until Ctrl-C"],
        ["asof status --json", "for a script: `freshness` is in microseconds"],
      ),
    )
    .action(
      action(async (run, { watch, every = 2 }: { watch?: boolean; every?: number }) => {
        if (watch === true) return watchStatus(run, every, { json: statusJson, text: statusText });
        const status = await run.withStore((store) => store.status());
        return { json: statusJson(status), text: (style) => statusText(status, style) };
      }),
    );
};

function everyOption(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) < 1 || Number(text) > 3600)
    throw new InvalidArgumentError("Give a whole number of seconds from 1 to 3600.");
  return Number(text);
}

function statusJson(status: StatusReport): Record<string, unknown> {
  const { offline, views, runs } = status;
  return {
    ...withTimes(status, "now", "watermark"),
    offline: { ...offline, sources: offline.sources.map(sourceJson) },
    models: status.models.map((model) => withTimes(model, "servedSince")),
    views: views.map((view) => withTimes(view, "maxEvent")),
    sources: status.sources.map((source) => withTimes(source, "newestEvent", "newestAvailable")),
    audit: auditJson(status.audit),
    drift: status.drift.map((model) => withTimes(model, "since")),
    runs: runs.map(runJson),
  };
}

function sourceJson({ retention, ...source }: SourceStatus): Record<string, unknown> {
  return {
    ...withTimes(source, "minEvent", "maxEvent"),
    retention:
      retention === null
        ? null
        : { ...withTimes(retention, "horizon", "oldestDay"), dropped: withTimes(retention.dropped, "at") },
  };
}

function statusText(status: StatusReport, style: Style): string {
  const { log, offline, online } = status;
  const section = (title: string, body: string): string => `${style.bold(title)}\n${body}`;
  const parts = [
    facts(
      [
        ["home", status.home],
        ["definitions", status.revision === 0 ? "not applied yet: run `asof apply`" : `revision ${status.revision}`],
        ["clock", moment(status.now)],
        [
          "watermark",
          status.watermark === null ? NONE : `${moment(status.watermark)}, ${span(status.freshness)} behind`,
        ],
        ["offline store", `${bytes(offline.bytes)} in ${count(offline.files)} files`],
        ["online store", bytes(online.bytes)],
        ["log", `${bytes(log.bytes)}: positions ${count(log.start)} to ${count(log.end)}, ${logState(log)}`],
      ],
      style,
    ),
  ];
  if (offline.sources.length > 0)
    parts.push(
      section(
        "Raw data (offline store)",
        table(
          [
            "source",
            { right: "rows" },
            { right: "in log" },
            { right: "bytes" },
            { right: "files" },
            "first event",
            "last event",
          ],
          offline.sources.map((s) => [
            s.name,
            count(s.rows),
            count(s.inLog),
            bytes(s.bytes),
            count(s.files),
            moment(s.minEvent),
            moment(s.maxEvent),
          ]),
          style,
        ),
      ),
    );
  const retained = offline.sources.filter(({ retention }) => retention !== null);
  if (retained.length > 0) parts.push(section("Retention", retentionTable(retained, style)));
  if (status.views.length > 0) parts.push(section("Features", viewTable(status, style)));
  if (status.models.length > 0)
    parts.push(
      section(
        "Models",
        table(
          ["model", { right: "versions" }, { right: "serves" }, "tried out", { right: "predictions" }],
          status.models.map((m) => [
            m.name,
            count(m.versions),
            m.promoted === null ? NONE : `version ${m.promoted}`,
            trials(m),
            `${count(m.served)}${m.servedSince === null ? "" : ` since ${moment(m.servedSince).slice(0, 10)}`}`,
          ]),
          style,
        ),
      ),
    );
  if (status.sources.length > 0) parts.push(section("Freshness", freshnessTable(status.sources, style)));
  const services = status.services.filter(({ answers }) => answers > 0);
  if (services.length > 0) parts.push(section("Served", ratesTable(services, style)));
  if (services.length > 0 || status.audit.answers > 0)
    parts.push(section("Audit: served against history", auditText(status.audit, style)));
  const drift = status.drift.filter(({ predictions }) => predictions > 0);
  if (drift.length > 0) parts.push(section("Drift: served against trained on", driftTable(drift, style)));
  if (status.shadows.length > 0) parts.push(section("Shadows", shadowTable(status.shadows, style)));
  if (status.runs.length > 0) parts.push(section("Last runs", runTable(status.runs.slice(0, 8), style)));
  return parts.join("\n\n");
}

function trials({ canary, shadow }: StatusReport["models"][number]): string {
  const tried = [
    ...(canary === null ? [] : [`version ${canary.version} as canary, ${shareText(canary.share)}`]),
    ...(shadow === null ? [] : [`version ${shadow} as shadow`]),
  ];
  return tried.length === 0 ? NONE : tried.join("; ");
}

function retentionTable(sources: readonly SourceStatus[], style: Style): string {
  return table(
    ["source", "keeps", "whole since", "oldest day", { right: "dropped" }, { right: "bytes" }, "last"],
    sources.map(({ name, retention }) => {
      const { period, horizon, oldestDay, dropped } = retention!;
      return [
        name,
        period === null ? "all" : formatDuration(period),
        horizon === null ? "ever" : moment(horizon),
        oldestDay === null ? NONE : moment(oldestDay).slice(0, 10),
        count(dropped.rows),
        bytes(dropped.bytes),
        moment(dropped.at),
      ];
    }),
    style,
  );
}

const kinds = { aggregateView: "aggregate", batchView: "batch", onDemandView: "on demand" } as const;

function viewTable({ views }: StatusReport, style: Style): string {
  return table(
    ["view", "kind", { right: "offline rows" }, { right: "online keys" }, "online", "last event"],
    views.map((v) => [
      v.name,
      kinds[v.kind],
      count(v.offlineRows),
      count(v.onlineKeys),
      v.kind === "onDemandView" ? "at request" : v.onlinePosition === null ? "no" : v.stale ? "stale" : "up to date",
      moment(v.maxEvent),
    ]),
    style,
    (cell, column) => (column === 4 && cell.startsWith("stale") ? style.yellow(cell) : cell),
  );
}

function logState({ end, folded, archived }: StatusReport["log"]): string {
  const behind = (name: string, position: number): string =>
    position >= end ? `all ${name}` : `${name} up to ${count(position)}`;
  return `${behind("folded", folded)}, ${behind("archived", archived)}`;
}
