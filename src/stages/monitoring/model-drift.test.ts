import { describe, expect, test } from "vitest";
import { summarizeColumns } from "../../core/metrics/feature-summaries.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { DAY, HOUR } from "../../core/time/timestamp.ts";
import { VersionDrift } from "./model-drift.ts";

const features = {
  amount: { kind: "float64", nullable: true },
  country: { kind: "string", nullable: true },
  seen: { kind: "timestamp", nullable: true },
  late: { kind: "boolean", nullable: true },
} as const;

const row = (i: number): Row => ({
  amount: i % 10 === 0 ? null : (i % 100) + 1,
  country: ["DE", "FR", "IT"][i % 3],
  seen: i,
  late: i % 4 === 0,
});

const training = summarizeColumns(
  features,
  columnsOfRows(
    features,
    Array.from({ length: 3000 }, (_, i) => row(i)),
  ).columns,
  3000,
);

const answer = (t: number, values: Row): FeatureAnswer => ({
  values,
  statuses: {},
  eventTimes: {},
  t,
  knowledge: "served",
  loads: {},
});
const start = Date.UTC(2026, 0, 1) * 1000;

describe("the drift of a version of a model", () => {
  test("is little where serving is as training was, feature by feature; timestamps have none", () => {
    const drift = new VersionDrift("m", 2, training, []);
    drift.add(Array.from({ length: 3000 }, (_, i) => answer(start + i, row(i * 7))));
    const report = drift.report(start + HOUR);
    expect(report).toMatchObject({ model: "m", version: 2, predictions: 3000 });
    expect(report.features.map(({ feature }) => feature)).toEqual(["amount", "country", "late"]);
    for (const { feature, psi, ks, trained, served } of report.features) {
      expect(psi, feature).toBeLessThan(0.01);
      if (feature === "amount") expect(ks).toBeLessThan(0.02);
      else expect(ks).toBeNull();
      expect(trained).toEqual({ rows: 3000, nulls: feature === "amount" ? 300 : 0 });
      expect(served).toEqual({ rows: 3000, nulls: feature === "amount" ? 300 : 0 });
    }
  });

  test("is much in the one feature that has moved", () => {
    const drift = new VersionDrift("m", 1, training, []);
    drift.add(Array.from({ length: 500 }, (_, i) => answer(start, { ...row(i), country: "ES" })));
    const psi = new Map(drift.report(start).features.map((one) => [one.feature, one.psi!]));
    expect(psi.get("country")).toBeGreaterThan(0.25);
    expect(psi.get("late")).toBeLessThan(0.1);
  });

  test("is that of the last seven days", () => {
    const drift = new VersionDrift("m", 1, training, []);
    for (let day = 0; day < 20; day++)
      drift.add(Array.from({ length: 10 }, (_, i) => answer(start + day * DAY + i, row(i))));
    const end = start + 20 * DAY - 1;
    expect(drift.report(end).predictions).toBe(70);
    expect(drift.report(end).since).toBe(start + 13 * DAY);
    expect(drift.report(end + 3 * DAY).predictions).toBe(40);
    // What is older than all that is kept takes no newer one's place.
    drift.add([answer(start, row(1))]);
    expect(drift.report(end).predictions).toBe(70);
    expect(drift.report(start + 400 * DAY).predictions).toBe(0);
  });

  test("is the same after a restart, from what had changed", () => {
    const drift = new VersionDrift("m", 1, training, []);
    const stored: unknown[] = [];
    const keep = (): void => {
      for (const { place, data } of drift.changes()) stored[place] = JSON.parse(JSON.stringify(data));
    };
    for (let i = 0; i < 40; i++) {
      drift.add([answer(start + i * 5 * HOUR, row(i)), answer(start + i * 5 * HOUR, row(i + 1))]);
      keep();
    }
    expect(drift.changes()).toEqual([]);
    const restored = new VersionDrift("m", 1, training, stored.filter((one) => one !== undefined) as never);
    const end = start + 40 * 5 * HOUR;
    expect(restored.report(end)).toEqual(drift.report(end));
    expect(restored.report(end).predictions).toBeGreaterThan(0);
    restored.unwritten();
    expect(restored.changes()).toHaveLength(28);
  });
});
