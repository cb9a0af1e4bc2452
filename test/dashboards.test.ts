import { readFileSync } from "node:fs";
import { parser } from "@prometheus-io/lezer-promql";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { errorTable } from "../src/core/errors.ts";
import { everyMetric } from "./every-metric.ts";

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const read = (name: string): string => readFileSync(new URL(`../monitoring/${name}`, import.meta.url), "utf8");
const { panels } = JSON.parse(read("grafana-dashboard.json")) as { readonly panels: readonly Panel[] };
const { groups } = parse(read("alerts.yml")) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** The series that are exported, with their labels. */
const exported = new Map<string, ReadonlySet<string>>();
for (const { name, samples } of everyMetric())
  for (const [labels, , series = ""] of samples) exported.set(`${name}${series}`, new Set(Object.keys(labels)));

/** What a query of Prometheus asks for; Grafana's variables are put in as it would. */
function queried(query: string): { readonly series: readonly string[]; readonly labels: readonly string[] } {
  const text = query.replace(/\$__(rate_interval|range)/g, "5m");
  const series: string[] = [];
  const labels: string[] = [];
  parser.parse(text).iterate({
    enter: ({ name, type, from, to }) => {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${text}`);
      if (name === "Identifier") series.push(text.slice(from, to));
      if (name === "LabelName") labels.push(text.slice(from, to));
    },
  });
  return { series, labels };
}

const queries = [
  ...rules.map(({ alert, expr, annotations }) => ({ where: alert, expr, shown: annotations.summary })),
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ where: title, expr, shown: legendFormat })),
  ),
];

test.each(queries)("$where asks for what is exported: $expr", ({ expr, shown }) => {
  const { series, labels } = queried(expr);
  expect(series.length).toBeGreaterThan(0);
  for (const one of series) expect([...exported.keys()]).toContain(one);
  const known = new Set(series.flatMap((one) => [...(exported.get(one) ?? [])]));
  for (const label of labels) expect(known).toContain(label);
  for (const [, label] of shown.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)) expect(known).toContain(label);
  for (const [code] of expr.matchAll(/ASOF_\w+/g)) expect(errorTable).toHaveProperty(code);
});

test("every metric is on the dashboard or behind an alert, but for those that say where the log is", () => {
  const asked = new Set(queries.flatMap(({ expr }) => queried(expr).series.map((one) => one.replace(/_bucket$/, ""))));
  const unseen = everyMetric().filter(({ name }) => !asked.has(name));
  expect(unseen.map(({ name }) => name)).toEqual([
    "asof_log_start_position",
    "asof_audit_answers_total",
    "asof_audit_unverifiable_total",
  ]);
});

test("what is not PromQL, and what is not exported, is found", () => {
  expect(() => queried("rate(asof_x[5m)")).toThrow();
  expect(queried("sum by (a) (asof_x{b='1'})")).toEqual({ series: ["asof_x"], labels: ["a", "b"] });
  expect(exported.has("asof_http_request_duration_seconds_sum")).toBe(true);
  expect(exported.has("asof_http_request_duration_seconds")).toBe(false);
});
