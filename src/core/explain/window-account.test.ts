import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AggregationKind, scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import {
  floorMultiple,
  naiveKey,
  naiveView,
  naiveWindow,
  naiveWindows,
  type OracleRecord,
} from "../../../test/oracle/naive.ts";
import type { AggregateViewDefinition } from "../definition/data.ts";
import { interpret } from "../oracle/expression-interpreter.ts";
import type { WindowExplanation } from "../result/explanation.ts";
import { recordOrder } from "../tile/record-order.ts";
import { compileContributions, layoutOf } from "../tile/view-layout.ts";
import { compileRow } from "../expression/compile.ts";
import { type AccountedRecord, WindowAccount } from "./window-account.ts";

const sizes = { records: 3, late: 2, groups: 2, tiles: 2 };

/** The account of every window of every feature of a view, for records of one key. */
function accounts(
  view: AggregateViewDefinition,
  records: readonly OracleRecord[],
  t: number,
  known: number,
): WindowExplanation[][] {
  const layout = layoutOf(view, scenarioFields);
  const contribute = compileContributions(layout, scenarioFields);
  const orderOf = recordOrder(layout, scenarioFields);
  return view.features.map((_, f) => {
    const { slot, window, elements } = layout.features[f];
    const { where, algebra } = layout.slots[slot];
    const holds = where === null ? () => true : compileRow(where, scenarioFields);
    const accounted = records.map(({ event, available, row, withdrawn }, i): AccountedRecord => ({
      event,
      available,
      withdrawn: withdrawn ?? null,
      position: i,
      origin: i % 2 === 0 ? "load" : "stream",
      contributed: contribute(row, event)[slot],
      holds: holds(row) === true,
      order: algebra.ordered ? orderOf(row, event, available) : undefined,
      fields: row,
    }));
    return (elements ?? [window]).map((one) => {
      const account = new WindowAccount(layout.slots[slot], one, t, known, sizes);
      for (const record of accounted) account.count(record);
      account.finish();
      for (const record of accounted.toReversed()) account.rank(record);
      return account.explanation();
    });
  });
}

const kinds: readonly AggregationKind[] = [
  "count",
  "sum",
  "avg",
  "var",
  "min",
  "max",
  "first",
  "last",
  "lastN",
  "countDistinct",
  "topK",
  "histogram",
];

describe("an account of a window", () => {
  test("comes to what the oracle says, and counts what it counts, in either knowledge", () => {
    let [late, withdrawn, notYet, hindsights] = [0, 0, 0, 0];
    fc.assert(
      fc.property(scenario({ kinds }), fc.nat(), fc.nat(), ({ view, records, moments }, pick, seed) => {
        const marked = records.map((record, i): OracleRecord =>
          (i + seed) % 4 === 0 ? { ...record, withdrawn: record.available + ((i * seed) % 50) + 1 } : record,
        );
        for (const t of moments.slice(0, 4)) {
          const now = Math.max(t, moments[pick % moments.length]);
          for (const known of [t, now])
            for (const key of scenarioKeys.slice(0, 2)) {
              const mine = naiveKey(view, marked, key);
              const expected = naiveView(view, scenarioFields, mine, key, t, known);
              accounts(view, mine, t, known).forEach((windows, f) => {
                const feature = view.features[f];
                const values = windows.map(({ value }) => value);
                expect(feature.series === undefined ? values[0] : values).toStrictEqual(expected.features[f]);
                windows.forEach((window, w) => {
                  const { records: counts } = window;
                  const visible = naiveWindow(mine, naiveWindows(feature)[w], t, known);
                  const holds = visible.filter(
                    ({ row }) => feature.where === null || interpret(feature.where, scenarioFields, row) === true,
                  );
                  expect(counts.visible).toBe(visible.length);
                  expect(counts.filtered).toBe(visible.length - holds.length);
                  expect(counts.counted + counts.empty).toBe(holds.length);
                  expect(counts.loaded + counts.streamed).toBe(counts.visible);
                  expect(window.contributions.length + window.more).toBe(counts.counted);
                  expect(window.contributions.length).toBe(Math.min(sizes.records, counts.counted));
                  if (window.groups !== null)
                    expect(window.groups.length + window.moreGroups).toBeLessThanOrEqual(counts.counted);
                  const { hop } = window.tiles;
                  if (hop !== null) {
                    const end = ({ event }: OracleRecord): bigint =>
                      floorMultiple(BigInt(event), BigInt(hop)) + BigInt(hop);
                    expect(counts.late).toBe(visible.filter((one) => BigInt(one.available) >= end(one)).length);
                    expect(window.tiles.filled).toBe(new Set(visible.map(end)).size);
                    expect(window.tiles.filled).toBeLessThanOrEqual(window.tiles.spanned!);
                  }
                  const inside = mine.filter(
                    ({ event }) => event < window.end && (window.start === null || event >= window.start),
                  );
                  expect(counts.notYetAvailable).toBe(inside.filter(({ available }) => available >= known).length);
                  expect(counts.visible + counts.notYetAvailable + counts.withdrawn).toBe(inside.length);
                  late += counts.late;
                  withdrawn += counts.withdrawn;
                  notYet += counts.notYetAvailable;
                  if (known !== t) hindsights++;
                });
              });
            }
        }
      }),
      { numRuns: 200, seed: 20010630 },
    );
    expect(Math.min(late, withdrawn, notYet, hindsights)).toBeGreaterThan(100);
  });
});

describe("what had the most influence comes first:", () => {
  const fields = { key: { kind: "string", nullable: false }, n: { kind: "int32", nullable: true } } as const;
  const day = 86_400_000_000;
  const values = [3, -9, null, 5, 5, 0, -2];
  const viewOf = (aggregation: object): AggregateViewDefinition => ({
    kind: "aggregateView",
    name: "view",
    source: "source",
    entity: "entity",
    keys: { key: "key" },
    features: [
      {
        name: "f",
        aggregation: aggregation as never,
        of: { op: "column", name: "n" },
        where: null,
        window: { length: day, hop: 3_600_000_000, offset: 0 },
      },
    ],
  });
  test.each<[object, (number | null)[]]>([
    [{ kind: "sum" }, [-9, 5, 5, 3]],
    [{ kind: "var" }, [-9, 5, 5, 3]],
    [{ kind: "min" }, [-9, -2, 0, 3]],
    [{ kind: "max" }, [5, 5, 3, 0]],
    [{ kind: "first" }, [3, -9, 5, 5]],
    [{ kind: "last" }, [-2, 0, 5, 5]],
    [{ kind: "count" }, [-2, 0, 5, 5]],
    [{ kind: "quantile", q: 0.5, accuracy: 0.01 }, [0, -2, 3, 5]],
  ])("%j", (aggregation, expected) => {
    const view = viewOf(aggregation);
    const layout = layoutOf(view, fields);
    const account = new WindowAccount(layout.slots[0], layout.features[0].window, day, day, {
      records: 4,
      late: 1,
      groups: 1,
      tiles: 1,
    });
    const orderOf = recordOrder(layout, fields);
    const records = values.map((n, i): AccountedRecord => ({
      event: i * 60_000_000,
      available: i * 60_000_000,
      withdrawn: null,
      position: i,
      origin: "stream",
      contributed: n,
      holds: true,
      order: orderOf({ key: "a", n }, i * 60_000_000, i * 60_000_000),
      fields: { n },
    }));
    for (const record of records) account.count(record);
    account.finish();
    for (const record of records) account.rank(record);
    expect(account.explanation().contributions.map(({ argument }) => argument)).toEqual(expected);
  });
});
