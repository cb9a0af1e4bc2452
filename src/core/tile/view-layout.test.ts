import fc from "fast-check";
import { expect, test } from "vitest";
import { scenario, scenarioFields } from "../../../test/oracle/generators.ts";
import { naiveBounds } from "../../../test/oracle/naive.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import { EVENT_TIME, isEventSlot, layoutOf, levelStart } from "./view-layout.ts";

const view = (features: readonly AggregateFeature[]): AggregateViewDefinition => ({
  kind: "aggregateView",
  name: "view",
  source: "source",
  entity: "entity",
  keys: {},
  features,
});
const n = { op: "column", name: "n" } as const;
const feature = (
  name: string,
  length: number | null,
  hop: number,
  where: AggregateFeature["where"] = null,
): AggregateFeature => ({
  name,
  aggregation: { kind: "sum" },
  of: n,
  where,
  window: { length, hop, offset: 0 },
});

test("windows of one aggregate share a slot, and those of one hop a level", () => {
  const yes = { op: "column", name: "yes" } as const;
  const layout = layoutOf(
    view([feature("a", 60, 5), feature("b", 120, 60), feature("c", null, 60), feature("d", 10, 5, yes)]),
    scenarioFields,
  );
  expect(layout.features.map(({ name, slot, level }) => [name, slot, level])).toEqual([
    ["a", 0, 0],
    ["b", 0, 1],
    ["c", 0, 2],
    ["d", 1, 0],
    [EVENT_TIME, 2, 2],
  ]);
  expect(layout.levels.map(({ hop, slots }) => [hop, slots])).toEqual([
    [5, [0, 1]],
    [60, [0]],
    [null, [0, 2]],
  ]);
  expect(layout.slots.map(isEventSlot)).toEqual([false, false, true]);
  expect(layout.columns).toEqual(["n", "yes"]);
});

test("a level reaches back to the start of its farthest window", () => {
  fc.assert(
    fc.property(scenario({ kinds: ["count", "max"] }), ({ view, moments }) => {
      const layout = layoutOf(view, scenarioFields);
      for (const t of moments)
        for (const level of layout.levels) {
          const starts = level.windows.map((window) => naiveBounds(window, t).start);
          const expected = starts.includes(null) ? -Infinity : Number(starts.reduce((a, b) => (b! < a! ? b : a)));
          if (expected === -Infinity || Number.isSafeInteger(expected)) expect(levelStart(level, t)).toBe(expected);
          else expect(levelStart(level, t)).toBeLessThan(Number.MIN_SAFE_INTEGER);
        }
      for (const { slot, level, place } of layout.features) expect(layout.levels[level].slots[place]).toBe(slot);
    }),
    { numRuns: 200 },
  );
});
