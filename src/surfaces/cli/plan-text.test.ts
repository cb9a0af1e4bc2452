import { expect, test } from "vitest";
import type { Plan } from "../../core/result/plan.ts";
import { planText } from "./plan-text.ts";
import { plain } from "./style.ts";

const change = {
  change: "unchanged",
  kind: "entity",
  name: "airport",
  fingerprint: "f0",
  differences: [],
  cost: [],
  notes: [],
  refused: null,
} as const;

test("shows what changes, what it costs and what to heed", () => {
  const plan: Plan = {
    revision: 3,
    changes: [
      change,
      {
        ...change,
        change: "changed",
        kind: "aggregateView",
        name: "departures",
        differences: ["features.delay_1h.window.length", "features.late_3h"],
        cost: [{ action: "rebuild its online state", command: "asof materialize departures", rows: 2_884_213 }],
      },
      { ...change, change: "created", kind: "model", name: "late" },
      { ...change, change: "removed", kind: "service", name: "old" },
    ],
    warnings: ["flights: records come 1 h late, more than a quarter of the window 3h"],
    empty: false,
  };
  expect(planText(plan, plain)).toBe(`   change   kind           name        differs in
~  changed  aggregateView  departures  features.delay_1h.window.length, features.late_3h
+  created  model          late
-  removed  service        old

To do afterwards
for         what                           rows  command
departures  rebuild its online state  2,884,213  asof materialize departures

warning: flights: records come 1 h late, more than a quarter of the window 3h

1 created, 1 changed, 1 removed, 1 unchanged; against revision 3.`);
});

test("says when there is nothing to do", () => {
  expect(planText({ revision: 3, changes: [change], warnings: [], empty: true }, plain)).toBe(
    "Nothing to apply: 1 definition, as in revision 3.",
  );
});
