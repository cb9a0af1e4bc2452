import { InvalidArgumentError } from "commander";
import type { StatusReport } from "../../../core/result/status.ts";
import { bytes, count, moment, NONE, span } from "../format.ts";
import { auditJson, auditText, driftTable, freshnessTable, ratesTable } from "../monitoring-text.ts";
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
    offline: { ...offline, sources: offline.sources.map((source) => withTimes(source, "minEvent", "maxEvent")) },
    views: views.map((view) => withTimes(view, "maxEvent")),
    sources: status.sources.map((source) => withTimes(source, "newestEvent", "newestAvailable")),
    audit: auditJson(status.audit),
    drift: status.drift.map((model) => withTimes(model, "since")),
    runs: runs.map(runJson),
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
  if (status.views.length > 0) parts.push(section("Features", viewTable(status, style)));
  if (status.models.length > 0)
    parts.push(
      section(
        "Models",
        table(
          ["model", { right: "versions" }, { right: "serves" }, { right: "predictions" }],
          status.models.map((m) => [
            m.name,
            count(m.versions),
            m.promoted === null ? NONE : `version ${m.promoted}`,
            count(m.served),
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
  if (status.runs.length > 0) parts.push(section("Last runs", runTable(status.runs.slice(0, 8), style)));
  return parts.join("\n\n");
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
