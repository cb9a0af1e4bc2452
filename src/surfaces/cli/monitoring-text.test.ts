import { describe, expect, test } from "vitest";
import type { AuditReport, FeatureDrift } from "../../core/result/monitoring.ts";
import { auditText, driftTable } from "./monitoring-text.ts";
import { plain } from "./style.ts";

const audit: AuditReport = {
  running: true,
  sample: 0.01,
  every: 60_000_000,
  answers: 2,
  compared: 9,
  different: 1,
  dropped: 3,
  unverifiable: 4,
  waiting: 0,
  lag: 0,
  lastRun: 0,
  failures: 0,
  failure: null,
  targets: [
    {
      kind: "features",
      name: "checkout",
      answers: 2,
      compared: 9,
      different: 1,
      features: { spending__amount_1d: { compared: 2, different: 1 }, basket__size: { compared: 2, different: 0 } },
      examples: [
        {
          what: "spending__amount_1d",
          t: 0,
          request: { customer: "ann", basket: null },
          loads: {},
          served: "12",
          recomputed: "13",
          id: null,
        },
      ],
      waiting: 0,
      oldest: null,
      dropped: 3,
      unverifiable: 4,
      lastRun: 0,
    },
  ],
};

describe("the audit as text", () => {
  test("names the feature that differs, the request, and both values", () => {
    const lines = auditText(audit, plain).split("\n");
    expect(lines).toContain("different  1");
    expect(lines).toContain("dropped    3");
    expect(lines).toContain("left out   4, since a key was forgotten");
    expect(lines.find((line) => line.includes("checkout"))).toMatch(/^features checkout +spending__amount_1d +2 +1$/);
    expect(lines.at(-1)).toMatch(/^spending__amount_1d +customer=ann basket=null +1970-01-01T00:00:00Z +12 +13$/);
    expect(lines.some((line) => line.includes("basket__size"))).toBe(false);
  });

  test("says where nothing differs, and why it does not get on", () => {
    const text = auditText({ ...audit, different: 0, targets: [], failures: 2, failure: "no disk" }, plain);
    expect(text).toMatch(/^different +none$/m);
    expect(text).toMatch(/^failing +2 times: no disk$/m);
  });
});

describe("drift as text", () => {
  const feature = (name: string, psi: number | null, chance: number | null): FeatureDrift => ({
    feature: name,
    psi,
    chance,
    ks: null,
    trained: { rows: 10, nulls: 1 },
    served: { rows: 4, nulls: 1 },
  });
  const table = (...features: readonly FeatureDrift[]): string[] =>
    driftTable([{ model: "m", version: 1, since: 0, predictions: 4, features }], plain).split("\n");

  test.each([
    [0.09, 0.01, "stable"],
    [0.1, 0.01, "some drift"],
    [0.25, 0.01, "some drift"],
    [0.26, 0.01, "much drift"],
    [0.26, 0.1, "too few to tell"],
    [null, null, "-"],
  ])("reads an index of %s where chance has %s as %s", (psi, chance, reading) => {
    expect(table(feature("f", psi, chance))[1].split(/ {2,}/)[4]).toBe(reading);
  });

  test("shows the features that drift most first, ten of them", () => {
    const lines = table(...Array.from({ length: 12 }, (_, i) => feature(`f${i}`, i / 100, 0)));
    expect(lines).toHaveLength(11);
    expect(lines[1]).toContain("f11");
    expect(lines[1]).toContain("25.0 %");
  });
});
