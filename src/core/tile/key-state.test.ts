import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { folded } from "../../../test/oracle/aggregation-law.ts";
import type { Window } from "../time/window.ts";
import { type AggregationKind, scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import { naiveKey, naiveView, naiveWindow, type OracleRecord } from "../../../test/oracle/naive.ts";
import { contributionsOf, StoredKey } from "../../../test/oracle/stored-key.ts";
import { ByteWriter } from "../codec/bytes.ts";
import type { AggregateViewDefinition } from "../definition/data.ts";
import type { FeatureValue } from "../aggregation/aggregation.ts";
import { type Contribution, KeyState } from "./key-state.ts";
import { encodeHead } from "./key-state-codec.ts";
import { readFeatures } from "../../../test/oracle/read-features.ts";
import { layoutOf, levelStart, type ViewLayout } from "./view-layout.ts";

const key = scenarioKeys[0];
const ordered = ["first", "last", "lastN"] as const;
const kinds = [
  "count",
  "sum",
  "avg",
  "var",
  "stddev",
  "min",
  "max",
  "countDistinct",
  "topK",
  "histogram",
  ...ordered,
  "per",
] as const;
const contributions = (layout: ViewLayout): ((record: OracleRecord) => Contribution) =>
  contributionsOf(layout, scenarioFields);

/** How many records come with each batch: often one, sometimes all of a long outage. */
const batchSizes = fc.infiniteStream(fc.oneof(fc.constant(1), fc.constant(2), fc.integer({ min: 0, max: 15 })));

function split<T>(items: readonly T[], sizes: IterableIterator<number>): T[][] {
  const batches: T[][] = [];
  for (let at = 0; at < items.length;) {
    const size: number = sizes.next().value;
    batches.push(items.slice(at, at + size));
    at += size;
  }
  return batches;
}

describe("a key's state in bytes against the oracle, bit for bit", () => {
  test.each<{ kinds: readonly AggregationKind[] }>([
    { kinds: ["count", "max"] },
    { kinds: ["sum", "avg", "var", "stddev"] },
    { kinds: ordered },
    { kinds: ["per"] },
    { kinds },
  ])("whatever the batches and the watermarks: $kinds", ({ kinds }) => {
    fc.assert(
      fc.property(scenario({ kinds }), batchSizes, ({ view, records, moments }, sizes) => {
        const layout = layoutOf(view, scenarioFields);
        const contribution = contributions(layout);
        const mine = naiveKey(view, records, key);
        const batches = split(mine, sizes);
        const watermarks = [...moments].sort((a, b) => a - b);
        const stored = new StoredKey(layout);
        const arrived: OracleRecord[] = [];
        batches.forEach((batch, b) => {
          const watermark = watermarks[Math.floor((b * watermarks.length) / batches.length)];
          stored.fold(batch.map(contribution), watermark);
          arrived.push(...batch);
          for (const t of [watermark, watermark + 1, ...moments.filter((t) => t > watermark)]) {
            if (!Number.isSafeInteger(t)) continue;
            const expected = naiveView(view, scenarioFields, arrived, key, t);
            for (const answer of [stored.read(t), stored.readStored(t)])
              expect(answer).toStrictEqual([...expected.features, expected.eventTime]);
            // Each feature alone, and all of them backwards: what is passed over changes nothing.
            const all = [...expected.features.keys()];
            for (const wanted of [...all.map((i) => [i]), all.toReversed(), []])
              expect(stored.readSome(t, wanted)).toStrictEqual([
                ...wanted.map((i) => expected.features[i]),
                expected.eventTime,
              ]);
          }
          checkStorage(stored, watermark);
        });
      }),
      { numRuns: 250 },
    );
  });

  test.each<{ kinds: readonly AggregationKind[] }>([
    { kinds: ["count", "max"] },
    { kinds: ["sum", "avg", "var", "stddev"] },
    { kinds: ["min", "countDistinct", "topK", "histogram"] },
    { kinds: ordered },
    { kinds: ["per"] },
    { kinds },
  ])("also where records are withdrawn, due or not yet, early or late: $kinds", ({ kinds }) => {
    let taken = 0;
    let waited = 0;
    fc.assert(
      fc.property(
        scenario({ kinds, withdrawals: true }),
        batchSizes,
        fc.infiniteStream(fc.oneof(fc.constant(0), fc.nat(4))),
        fc.infiniteStream(fc.nat()),
        ({ view, records, moments }, sizes, howMany, which) => {
          const layout = layoutOf(view, scenarioFields);
          const contribution = contributions(layout);
          const mine = naiveKey(view, records, key).map(({ event, available, row }) => ({ event, available, row }));
          const batches = [...split(mine, sizes), [], []];
          const watermarks = [...moments].sort((a, b) => a - b);
          const stored = new StoredKey(layout);
          const there: OracleRecord[] = [];
          const withdrawn: OracleRecord[] = [];
          batches.forEach((batch, b) => {
            const watermark = watermarks[Math.floor((b * watermarks.length) / batches.length)];
            there.push(...batch);
            const gone: OracleRecord[] = [];
            for (let n = howMany.next().value; n > 0 && there.length > 0; n--)
              gone.push(...there.splice(which.next().value % there.length, 1));
            stored.fold(batch.map(contribution), watermark, gone.map(contribution));
            for (const record of gone) if (Math.max(record.event, record.available) >= watermark) waited++;
            taken += gone.length;
            withdrawn.push(...gone.map((record) => ({ ...record, withdrawn: watermark - 1 })));
            for (const t of [watermark, watermark + 1, ...moments.filter((t) => t > watermark)]) {
              if (!Number.isSafeInteger(t) || !Number.isSafeInteger(watermark - 1)) continue;
              const expected = naiveView(view, scenarioFields, [...there, ...withdrawn], key, t);
              expect(stored.read(t)).toStrictEqual([...expected.features, expected.eventTime]);
            }
            checkStorage(stored, watermark);
          });
        },
      ),
      { numRuns: 250 },
    );
    expect(taken).toBeGreaterThan(1000);
    expect(waited).toBeGreaterThan(100);
  });

  test("quantiles, as their algebra has them of the oracle's window", () => {
    fc.assert(
      fc.property(scenario({ kinds: ["quantile"] }), batchSizes, ({ view, records, moments }, sizes) => {
        const layout = layoutOf(view, scenarioFields);
        const contribution = contributions(layout);
        const mine = naiveKey(view, records, key);
        const watermark = Math.min(...moments);
        const stored = new StoredKey(layout);
        for (const batch of split(mine, sizes)) stored.fold(batch.map(contribution), watermark);
        for (const t of moments)
          layout.features.slice(0, -1).forEach(({ slot, window, elements }, f) => {
            const { algebra } = layout.slots[slot];
            const inWindow = (window: Window): FeatureValue => {
              const items = naiveWindow(mine, window, t).flatMap((record) => {
                const value = contribution(record).values[slot];
                return value === null ? [] : [{ value, order: { ...record, order: null, bytes: new Uint8Array() } }];
              });
              return algebra.finish(folded(algebra, items));
            };
            for (const answer of [stored.read(t), stored.readStored(t)])
              expect(answer[f]).toStrictEqual(elements === null ? inWindow(window) : elements.map(inWindow));
          });
      }),
      { numRuns: 100 },
    );
  });
});

test("as the watermark slides over blocks, every tile goes when it may and not before", () => {
  const windows = [
    { length: 40, hop: 1, offset: 0 },
    { length: 33, hop: 1, offset: 31 },
    { length: 8, hop: 8, offset: 0 },
    { length: 256, hop: 8, offset: 0 },
  ];
  const view: AggregateViewDefinition = {
    kind: "aggregateView",
    name: "view",
    source: "source",
    entity: "entity",
    keys: {},
    features: windows.map((window, i) => ({
      name: `f${i}`,
      aggregation: { kind: "count" },
      of: null,
      where: null,
      window,
    })),
  };
  const layout = layoutOf(view, scenarioFields);
  const contribution = contributions(layout);
  const stored = new StoredKey(layout);
  const arrived: OracleRecord[] = [];
  for (let watermark = -200; watermark < 200; watermark++) {
    const record = { event: watermark - 1, available: watermark - 1, row: {} };
    const late = { event: watermark - 1 - ((watermark * 7) % 90), available: watermark - 1, row: {} };
    stored.fold([record, late].map(contribution), watermark);
    arrived.push(record, late);
    for (const t of [watermark, watermark + 5]) {
      const expected = naiveView(view, scenarioFields, arrived.slice(-1000), {}, t);
      expect(stored.read(t)).toStrictEqual([...expected.features, expected.eventTime]);
    }
    checkStorage(stored, watermark);
  }
  // Of 65 and of 34 tiles in reach, blocks of 32 hold the closed ones in at most 3 and 2.
  expect(stored.bytes.size).toBeLessThanOrEqual(1 + 3 + 2);
});

/** What is stored are the blocks that the head knows, each still within reach, and what is pending is not yet due. */
function checkStorage(stored: StoredKey, watermark: number): void {
  const head = stored.head()!;
  const blocks = head.levels.flatMap(({ closed }, level) => [...closed].map((block) => `${level}/${block}`));
  expect([...stored.bytes.keys()].sort()).toEqual(["head", ...blocks].sort());
  head.levels.forEach(({ open, openTiles, closed }, l) => {
    const level = stored.layout.levels[l];
    const { hop } = level;
    for (const block of closed) expect(block).toBeLessThan(open);
    if (hop === null) return;
    const first = levelStart(level, watermark);
    for (const block of closed) expect((block + 1) * 32 * hop).toBeGreaterThan(first);
    for (const tile of openTiles.keys()) expect(tile * hop).toBeGreaterThanOrEqual(first);
  });
  for (const { openTiles } of head.levels)
    for (const tile of openTiles.values()) expect(tile.some((state) => state !== undefined)).toBe(true);
  for (const { event, available } of head.pending) expect(Math.max(event, available)).toBeGreaterThanOrEqual(watermark);
}

test("many batches leave the bytes of one batch, where nothing was trimmed", () => {
  fc.assert(
    fc.property(scenario({ kinds }), batchSizes, fc.nat(), ({ view, records, moments }, sizes, seed) => {
      const long = view.features.map((feature) => ({
        ...feature,
        window:
          feature.window.length === null
            ? feature.window
            : { ...feature.window, length: feature.window.hop * 10 ** 4, offset: 0 },
      }));
      const layout = layoutOf({ ...view, features: long }, scenarioFields);
      const contribution = contributions(layout);
      const all = records.map(contribution);
      const watermarks = [...moments].sort((a, b) => a - b);
      const last = watermarks[watermarks.length - 1];
      const once = new StoredKey(layout);
      once.fold(all, last);
      const often = new StoredKey(layout);
      split(all, sizes).forEach((batch, b) => often.fold(batch, watermarks[Math.min(b, watermarks.length - 1)]));
      often.fold([], last);
      expect(hex(often)).toEqual(hex(once));

      // The order of arrival shows in what waits, and nowhere else.
      const shuffled = new StoredKey(layout);
      const order = all.map((record, i) => ({ record, rank: Math.imul(i + 1, seed * 2 + 1) % 1009 }));
      shuffled.fold(
        order.sort((a, b) => a.rank - b.rank).map(({ record }) => record),
        last,
      );
      const [a, b] = [shuffled.head()!, once.head()!];
      a.pending = b.pending;
      expect(headHex(layout, a)).toBe(headHex(layout, b));
      shuffled.bytes.delete("head");
      once.bytes.delete("head");
      expect(hex(shuffled)).toEqual(hex(once));
    }),
    { numRuns: 200 },
  );
});

function hex({ bytes }: StoredKey): Record<string, string> {
  return Object.fromEntries([...bytes].map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]));
}

function headHex(layout: ViewLayout, state: NonNullable<ReturnType<StoredKey["head"]>>): string {
  const out = new ByteWriter();
  encodeHead(layout, state, out);
  return Buffer.from(out.view()).toString("hex");
}

test("reading changes nothing", () => {
  fc.assert(
    fc.property(scenario({ kinds }), ({ view, records, moments }) => {
      const layout = layoutOf(view, scenarioFields);
      const stored = new StoredKey(layout);
      stored.fold(records.map(contributions(layout)), Math.min(...moments));
      const state = stored.head()!;
      const before = headHex(layout, state);
      const answers = moments.map((t): FeatureValue[] => readFeatures(layout, state, t));
      expect(moments.map((t) => readFeatures(layout, state, t))).toStrictEqual(answers);
      expect(headHex(layout, state)).toBe(before);
    }),
    { numRuns: 100 },
  );
});

test("a key that never was answers what an empty window does", () => {
  fc.assert(
    fc.property(scenario({ kinds }), ({ view, moments: [t] }) => {
      const expected = naiveView(view, scenarioFields, [], key, t);
      expect(readFeatures(layoutOf(view, scenarioFields), null, t)).toStrictEqual([...expected.features, null]);
    }),
    { numRuns: 50 },
  );
});

test("a record that waits is forgotten without having been there only where no window reaches it", () => {
  const view: AggregateViewDefinition = {
    kind: "aggregateView",
    name: "view",
    source: "source",
    entity: "entity",
    keys: {},
    retractable: true,
    features: [
      {
        name: "n",
        aggregation: { kind: "count" },
        of: null,
        where: null,
        window: { length: 100, hop: 10, offset: 0 },
      },
    ],
  };
  const layout = layoutOf(view, scenarioFields);
  const watermark = 1000;
  // Known later than the watermark: it waits.
  const waiting = (event: number): Contribution => ({ event, available: 2000, values: [true, event] });
  KeyState.empty(layout).remove(layout, waiting(899), watermark);
  expect(() => KeyState.empty(layout).remove(layout, waiting(900), watermark)).toThrow(/waits/);
});
