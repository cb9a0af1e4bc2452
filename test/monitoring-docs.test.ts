import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configure } from "../src/configuration.ts";
import type { MonitoringReport } from "../src/core/result/monitoring.ts";
import { metricsOf } from "../src/surfaces/http/metrics.ts";

const page = readFileSync(new URL("../docs/monitoring.md", import.meta.url), "utf8");

/** One of everything, so that every metric has a sample. */
const report: MonitoringReport = {
  now: 0,
  watermark: 0,
  freshness: 0,
  log: { start: 0, end: 0, folded: 0, archived: 0, unfolded: 0 },
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
  shadows: [{ model: "m", version: 2, predictions: 1, errors: 0, dropped: 0, error: null }],
};

test("docs/monitoring.md lists every metric with its type and its labels", () => {
  const listed = page.split("\n").flatMap((line) => {
    const [, names, type, labels] = /^\| (`asof_.*`) \| (\w+).* \| (.*)\|$/.exec(line) ?? [];
    if (names === undefined) return [];
    const inCode = (cell: string): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    return inCode(names).map((name) => ({ name, type, labels: inCode(labels) }));
  });
  const written = metricsOf(report, [{ method: "GET", route: "/metrics", status: 200, count: 1 }]).map(
    ({ name, type, samples }) => ({ name, type, labels: Object.keys(samples[0][0]) }),
  );
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  expect(listed.toSorted(byName)).toEqual(written.toSorted(byName));
  for (const { name, type } of written) expect(name.endsWith("_total"), name).toBe(type === "counter");
});

test("docs/monitoring.md shows a configuration that is one", () => {
  const [, settings] = /audit: (\{.*?\}),/.exec(page)!;
  const [, sample, every] = /sample: ([\d.]+), every: "(\w+)"/.exec(settings)!;
  expect(() => configure({ definitions: {}, audit: { sample: Number(sample), every: every as "1m" } })).not.toThrow();
});
