import fc from "fast-check";
import { expect, test } from "vitest";
import { scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import { recordTable } from "../../../test/oracle/kernel-tables.ts";
import { naiveView } from "../../../test/oracle/naive.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import { layoutOf } from "../tile/view-layout.ts";
import { emptyOutput, type RecordTable } from "./aggregate-moments.ts";
import { isPrefixSlot, PrefixWindows } from "./prefix-windows.ts";
import { Prefixes } from "./prefixes.ts";

test("for rows in any order the windows have what the oracle has, bit for bit", () => {
  let [tried, delays] = [0, 0];
  fc.assert(
    fc.property(
      scenario({ kinds: ["count", "count", "sum", "avg"] }),
      // With one delay for all, records become visible in the order of their events.
      fc.constantFrom(-5, 0, 1, 100),
      fc.array(fc.tuple(fc.integer({ min: -1, max: 3 }), fc.nat(11)), { maxLength: 30 }),
      fc.nat(99).map((n) => n === 0),
      fc.boolean(),
      ({ view, records, moments }, delay, asked, many, asDelay) => {
        const layout = layoutOf(view, scenarioFields);
        const delayed = records.map((record) => ({ ...record, available: record.event + delay }));
        const table = recordTable(layout, scenarioFields, delayed, scenarioKeys, null, asDelay);
        if (typeof table.visible === "number") delays++;
        const features = layout.features.filter(
          ({ slot, elements }) => elements === null && isPrefixSlot(layout.slots[slot]),
        );
        const windows = PrefixWindows.of(features, layout.slots, new Prefixes(table))!;
        expect(windows).not.toBeNull();
        const rows = asked.map(([key, m]) => ({ key, t: moments[m % moments.length] }));
        // As many rows as are worked on at once, and some: the same over and over. They stand behind two of others.
        const times = many ? Math.ceil(70_000 / Math.max(1, rows.length)) : 1;
        const all = Array.from({ length: times }, () => rows).flat();
        const outputs = features.map((feature) => emptyOutput(feature, layout.slots[feature.slot], all.length + 2));
        const key = Int32Array.from(all, ({ key }) => key);
        windows.compute({ rows: all.length, key, t: Float64Array.from(all, ({ t }) => t) }, outputs, 2);
        rows.forEach(({ key, t }, i) => {
          const expected = naiveView(
            view,
            scenarioFields,
            delayed,
            scenarioKeys[key] ?? { name: "nobody", part: 0 },
            t,
          );
          features.forEach(({ name }, f) => {
            const { numbers, valid } = outputs[f];
            const wanted = expected.features[view.features.findIndex((feature) => feature.name === name)];
            for (const row of [2 + i, 2 + all.length - rows.length + i])
              expect(valid[row] === 0 ? null : numbers![row]).toBe(wanted);
            tried++;
          });
        });
      },
    ),
    { numRuns: 500 },
  );
  expect(tried).toBeGreaterThan(1000);
  expect(delays).toBeGreaterThan(100);
  expect(delays).toBeLessThan(400);
});

const sum: AggregateFeature = {
  name: "sum",
  aggregation: { kind: "sum" },
  of: { op: "column", name: "n" },
  where: null,
  window: { length: 10, hop: 1, offset: 0 },
};
const view: AggregateViewDefinition = {
  kind: "aggregateView",
  name: "view",
  source: "source",
  entity: "entity",
  keys: {},
  features: [sum],
};

test("what it cannot do exactly it leaves to the walk", () => {
  const layout = layoutOf(view, scenarioFields);
  const [feature] = layout.features;
  const table = (values: Float64Array, byEvent: Uint32Array | null = null): RecordTable => {
    const times = values.map((_, i) => i);
    const column = { type: { kind: "int32", nullable: false } as const, values, valid: null };
    return { first: Uint32Array.of(0, values.length), visible: times, event: times, byEvent, slots: [column, null] };
  };
  const of = (records: RecordTable): PrefixWindows | null =>
    PrefixWindows.of([feature], layout.slots, new Prefixes(records));
  expect(of(table(Float64Array.of(1, 2)))).not.toBeNull();
  expect(of(table(Float64Array.of(1, 2), Uint32Array.of(1, 0)))).toBeNull();
  // 2^22 + 3 times −2^31: past 2^53, however it is added up.
  expect(of(table(new Float64Array(2 ** 22 + 3).fill(-(2 ** 31))))).toBeNull();
  const withdrawn = { at: Float64Array.of(Infinity, 5), order: Uint32Array.of(1, 0) };
  expect(of({ ...table(Float64Array.of(1, 2)), withdrawn })).toBeNull();
  expect(layout.slots.map(isPrefixSlot)).toEqual([true, false]);
});

test("sums are exact where 32 bits hold them, at their end and beyond", () => {
  const layout = layoutOf(view, scenarioFields);
  const [feature] = layout.features;
  const [low, high] = [-(2 ** 31), 2 ** 31 - 1];
  for (const numbers of [
    [high],
    [high, 1],
    [1, high],
    [low],
    [low, -1],
    [low + 1],
    [high, high, high, high],
    [low, high, low],
  ]) {
    const values = Float64Array.from(numbers);
    const times = values.map((_, i) => i);
    const column = { type: { kind: "int32", nullable: false } as const, values, valid: null };
    const records = { first: Uint32Array.of(0, values.length), visible: times, event: times, byEvent: null };
    const table: RecordTable = { ...records, slots: [column, null] };
    const rows = { rows: values.length, key: new Int32Array(values.length), t: values.map((_, i) => i + 1) };
    const output = emptyOutput(feature, layout.slots[feature.slot], values.length);
    PrefixWindows.of([feature], layout.slots, new Prefixes(table))!.compute(rows, [output], 0);
    expect([...output.numbers!]).toEqual(numbers.map((_, i) => numbers.slice(0, i + 1).reduce((a, b) => a + b)));
  }
});

test("windows of one length but other hops or offsets are other windows", () => {
  const windows = [
    { length: 12, hop: 1, offset: 0 },
    { length: 12, hop: 6, offset: 0 },
    { length: 12, hop: 6, offset: 6 },
    { length: 12, hop: 1, offset: 0 },
  ];
  const features = windows.map((window, i): AggregateFeature => ({
    ...sum,
    aggregation: { kind: "count" },
    of: null,
    name: `f${i}`,
    window,
  }));
  const layout = layoutOf({ ...view, features }, scenarioFields);
  const times = Float64Array.from({ length: 40 }, (_, i) => i);
  const table = { first: Uint32Array.of(0, 40), visible: times, event: times, byEvent: null, slots: [null, null] };
  const counted = layout.features.slice(0, windows.length);
  const outputs = counted.map((feature) => emptyOutput(feature, layout.slots[feature.slot], 1));
  const computed = PrefixWindows.of(counted, layout.slots, new Prefixes(table))!;
  computed.compute({ rows: 1, key: Int32Array.of(0), t: Float64Array.of(35) }, outputs, 0);
  // [23, 35), [18, 35), [12, 24)
  expect(outputs.map(({ numbers }) => numbers![0])).toEqual([12, 17, 12, 12]);
});
