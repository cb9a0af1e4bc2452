import { expect, test } from "vitest";
import type { AggregateViewDefinition } from "../../core/definition/data.ts";
import { t } from "../../core/schema/data-type.ts";
import { KeyState, levelStarts } from "../../core/tile/key-state.ts";
import type { Put } from "../../ports/online-store.ts";
import { ViewState } from "./view-state.ts";

const fields = { at: t.timestamp(), user: t.string(), seen: t.string() };
const view: AggregateViewDefinition = {
  kind: "aggregateView",
  name: "view",
  source: "source",
  entity: "user",
  keys: { user: "user" },
  features: [
    {
      name: "least",
      aggregation: { kind: "min" },
      of: { op: "column", name: "seen" },
      where: null,
      window: { length: 10, hop: 1, offset: 0 },
    },
  ],
};

test("what could not be written leaves nothing in what is written next", () => {
  const state = new ViewState(view, { user: t.string() }, fields, 1);
  const saved = (seen: string, into: Put[]): void => {
    const row = { at: 5, user: "ann", seen };
    const key = KeyState.empty(state.layout);
    key.add(state.layout, [state.contribution(row, 5, 5)], 5);
    state.save(state.headOf(row)!, key, levelStarts(state.layout, 5), false, into);
  };
  const [before, after]: Put[][] = [[], []];
  saved("a", before);
  // No bytes of UTF-8 are half a pair of surrogates.
  expect(() => saved("\ud800", [])).toThrow("lone surrogate");
  saved("a", after);
  expect(after).toEqual(before);
});
