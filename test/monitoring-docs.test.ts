import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configure } from "../src/configuration.ts";
import { everyMetric } from "./every-metric.ts";

const page = readFileSync(new URL("../docs/monitoring.md", import.meta.url), "utf8");

test("docs/monitoring.md lists every metric with its type and its labels", () => {
  const listed = page.split("\n").flatMap((line) => {
    const [, names, type, labels] = /^\| (`asof_.*`) \| (\w+).* \| (.*)\|$/.exec(line) ?? [];
    if (names === undefined) return [];
    const inCode = (cell: string): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    return inCode(names).map((name) => ({ name, type, labels: inCode(labels) }));
  });
  const written = everyMetric().map(({ name, type, samples }) => ({ name, type, labels: Object.keys(samples[0][0]) }));
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  expect(listed.toSorted(byName)).toEqual(written.toSorted(byName));
  for (const { name, type } of written) expect(name.endsWith("_total"), name).toBe(type === "counter");
});

test("docs/monitoring.md shows a configuration that is one", () => {
  const [, settings] = /audit: (\{.*?\}),/.exec(page)!;
  const [, sample, every] = /sample: ([\d.]+), every: "(\w+)"/.exec(settings)!;
  expect(() => configure({ definitions: {}, audit: { sample: Number(sample), every: every as "1m" } })).not.toThrow();
});
