import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { folded } from "../../../test/oracle/aggregation-law.ts";
import { type AggregationKind, scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import { momentTable, recordTable } from "../../../test/oracle/kernel-tables.ts";
import { naiveKey, naiveView, naiveWindow } from "../../../test/oracle/naive.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import { EVENT_TIME, layoutOf } from "../tile/view-layout.ts";
import type { FeatureValue } from "../aggregation/aggregation.ts";
import type { Window } from "../time/window.ts";
import { compileRow } from "../expression/compile.ts";
import { aggregateMoments, emptyOutput, type FeatureOutput } from "./aggregate-moments.ts";

const answer = ({ numbers, objects, valid }: FeatureOutput, row: number): unknown =>
  valid[row] === 0 ? null : numbers === null ? objects![row] : numbers[row];

/** All features of a view for every key at every moment, by the kernel: name → row of the spine → value. */
function compute(
  view: AggregateViewDefinition,
  records: Parameters<typeof recordTable>[2],
  moments: readonly number[],
  hindsight: number | null = null,
): Map<string, FeatureOutput> {
  const layout = layoutOf(view, scenarioFields);
  const table = recordTable(layout, scenarioFields, records, scenarioKeys, hindsight);
  const asked = momentTable(moments, scenarioKeys.length);
  return new Map(
    layout.features.map((feature) => {
      const out = emptyOutput(feature, layout.slots[feature.slot], moments.length * scenarioKeys.length);
      aggregateMoments(feature, layout.slots[feature.slot], table, asked, out);
      return [feature.name, out];
    }),
  );
}

describe.each([false, true])("the kernel against the oracle, bit for bit (records withdrawn: %s)", (withdrawals) => {
  test.each<{ kinds: readonly AggregationKind[] }>([
    { kinds: ["count"] },
    { kinds: ["sum", "avg"] },
    { kinds: ["var", "stddev"] },
    { kinds: ["min", "max"] },
    { kinds: ["countDistinct", "topK", "histogram"] },
    { kinds: ["first", "last", "lastN"] },
    { kinds: ["per"] },
  ])("$kinds", ({ kinds }) => {
    fc.assert(
      fc.property(scenario({ kinds, withdrawals }), fc.option(fc.constantFrom(0, 3)), (asked, delay) => {
        const { view, moments } = asked;
        const records =
          delay === null
            ? asked.records
            : asked.records.map((record) => ({ ...record, available: record.event + delay }));
        const outputs = compute(view, records, moments);
        scenarioKeys.forEach((key, k) =>
          moments.forEach((t, m) => {
            const row = k * moments.length + m;
            const expected = naiveView(view, scenarioFields, records, key, t);
            view.features.forEach(({ name }, f) =>
              expect(answer(outputs.get(name)!, row)).toStrictEqual(expected.features[f]),
            );
            expect(answer(outputs.get(EVENT_TIME)!, row)).toBe(expected.eventTime);
          }),
        );
      }),
      { numRuns: 250 },
    );
  });

  test("in hindsight", () => {
    let different = 0;
    fc.assert(
      fc.property(
        scenario({ kinds: ["count", "sum", "min", "topK", "last", "lastN"] }),
        fc.nat(),
        ({ view, records, moments }, pick) => {
          // The present is some moment of the scenario, at which not all is known yet.
          const now = records.length === 0 ? 0 : records[pick % records.length].available + 1;
          const past = moments.filter((t) => t <= now);
          const outputs = compute(view, records, past, now);
          scenarioKeys.forEach((key, k) =>
            past.forEach((t, m) => {
              const row = k * past.length + m;
              const expected = naiveView(view, scenarioFields, records, key, t, now);
              view.features.forEach(({ name }, f) =>
                expect(answer(outputs.get(name)!, row)).toStrictEqual(expected.features[f]),
              );
              const served = naiveView(view, scenarioFields, records, key, t);
              if (served.eventTime !== expected.eventTime) different++;
            }),
          );
        },
      ),
      { numRuns: 250, seed: 11 },
    );
    expect(different).toBeGreaterThan(100);
  });

  test.each<{ kinds: readonly AggregationKind[] }>([{ kinds: ["quantile"] }])(
    "$kinds, as its algebra has it of the oracle's window",
    ({ kinds }) => {
      fc.assert(
        fc.property(scenario({ kinds, withdrawals }), ({ view, records, moments }) => {
          const layout = layoutOf(view, scenarioFields);
          const outputs = compute(view, records, moments);
          scenarioKeys.forEach((key, k) => {
            const mine = naiveKey(view, records, key);
            moments.forEach((t, m) =>
              view.features.forEach((feature, f) => {
                const { slot, elements } = layout.features[f];
                const { algebra } = layout.slots[slot];
                const inWindow = (window: Window): FeatureValue => {
                  const items = naiveWindow(mine, window, t).flatMap((record) => {
                    const value = argumentOf(feature)(record.row);
                    const { event, available } = record;
                    const order = { event, available, order: null, bytes: new Uint8Array() };
                    return value === null ? [] : [{ value, order }];
                  });
                  return algebra.finish(folded(algebra, items));
                };
                const expected = elements === null ? inWindow(feature.window) : elements.map(inWindow);
                expect(answer(outputs.get(feature.name)!, k * moments.length + m)).toStrictEqual(expected);
              }),
            );
          });
        }),
        { numRuns: 200 },
      );
    },
  );
});

function argumentOf({ of, where }: AggregateFeature): ReturnType<typeof compileRow> {
  const condition = where === null ? null : compileRow(where, scenarioFields);
  const argument = compileRow(of!, scenarioFields);
  return (row) => (condition === null || condition(row) === true ? argument(row) : null);
}

test("a key with more int32 values than doubles hold exactly is summed exactly", () => {
  const n = 2 ** 22 + 5;
  const view: AggregateViewDefinition = {
    kind: "aggregateView",
    name: "view",
    source: "source",
    entity: "entity",
    keys: {},
    features: ["sum", "avg"].map((kind) => ({
      name: kind,
      aggregation: { kind: kind as "sum" },
      of: { op: "column", name: "n" },
      where: null,
      window: { length: null, hop: 1, offset: 0 },
    })),
  };
  const layout = layoutOf(view, scenarioFields);
  const value = 2 ** 31 - 1;
  const times = Float64Array.from({ length: n }, (_, i) => i);
  const values = {
    type: { kind: "int32", nullable: false } as const,
    values: new Float64Array(n).fill(value),
    valid: null,
  };
  const table = {
    first: Uint32Array.of(0, n),
    visible: times,
    event: times,
    byEvent: null,
    slots: [values, values, null],
  };
  const [sum, avg] = layout.features.map((feature) => {
    const out = emptyOutput(feature, layout.slots[feature.slot], 1);
    if (feature.name !== EVENT_TIME)
      aggregateMoments(
        feature,
        layout.slots[feature.slot],
        table,
        { first: Uint32Array.of(0, 1), t: Float64Array.of(n), row: Float64Array.of(0) },
        out,
      );
    return out.numbers![0];
  });
  expect(sum).toBe(Number(BigInt(n) * BigInt(value)));
  expect(avg).toBe(Number(BigInt(n) * BigInt(value)) / n);
});

test("the mean of the smallest values is a zero without a sign", () => {
  const outputs = compute(
    {
      kind: "aggregateView",
      name: "view",
      source: "source",
      entity: "entity",
      keys: { name: "name", part: "part" },
      features: [
        {
          name: "mean",
          aggregation: { kind: "avg" },
          of: { op: "column", name: "x" },
          where: null,
          window: { length: 10, hop: 1, offset: 0 },
        },
      ],
    },
    [-5e-324, 0].map((x) => ({
      event: 1,
      available: 1,
      row: { ...scenarioKeys[0], n: null, x, wild: null, text: null, yes: null, big: null, at: null },
    })),
    [5],
  );
  expect(answer(outputs.get("mean")!, 0)).toBe(0);
});
