import fc from "fast-check";
import { expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import { NumberSum } from "../aggregation/number-sum.ts";
import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import { t } from "../schema/data-type.ts";
import { HOUR } from "../time/timestamp.ts";
import { scanColumns } from "./column-scan.ts";
import { BLOCK_TILES, type Tile } from "./key-state.ts";
import { readingPlan } from "./reading-plan.ts";
import { decodeColumns, encodeColumns } from "./tile-columns.ts";
import { windowEnd, windowStart } from "../time/window.ts";
import { layoutOf, type ViewLayout } from "./view-layout.ts";
import { WindowTotals } from "./window-totals.ts";

const seed = 20261126;
const fields = { at: t.timestamp(), user: t.int32(), n: t.int32(), x: t.float64() };

const column = (name: string): AggregateFeature["of"] => ({ op: "column", name });
const window = (hours: number, offset = 0) => ({ length: hours * HOUR, hop: HOUR, offset: offset * HOUR });
const feature = (
  name: string,
  kind: "count" | "sum" | "max",
  of: AggregateFeature["of"],
  over: AggregateFeature["window"],
): AggregateFeature => ({ name, aggregation: { kind }, of, where: null, window: over });

/** Counts, sums, a maximum by its own codec, and the event time, over windows whose ends fall anywhere in a block. */
const view: AggregateViewDefinition = {
  kind: "aggregateView",
  name: "view",
  source: "source",
  entity: "entity",
  keys: {},
  features: [
    feature("count_50", "count", null, window(50)),
    feature("count_7", "count", null, window(7, 2)),
    feature("sum_64", "sum", column("x"), window(64)),
    feature("sum_33", "sum", column("x"), window(33)),
    feature("sum_1", "sum", column("x"), window(1)),
    feature("max_20", "max", column("n"), window(20)),
  ],
};
const layout: ViewLayout = layoutOf(view, fields);
const kinds = layout.levels[0].slots.map((slot) => layout.slots[slot].spec.kind);
const timePlace = layout.features.at(-1)!.place;

/** At and around every border between two widths. */
const borders = [1, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32];
const aCount = fc.oneof(fc.constantFrom(...borders), fc.integer({ min: 1, max: 300 }));
const whole = fc.oneof(
  fc.constantFrom(0, ...borders, ...borders.map((border) => -border), 2 ** 34, 2 ** 53),
  fc.integer({ min: -300, max: 300 }),
);
const double = fc.oneof(whole, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0.1, -0.3, 1e308));

/** Sums of up to four numbers, of one class or another, so that columns of every form come about. */
function sums(of: fc.Arbitrary<number>, most: number): fc.Arbitrary<NumberSum> {
  return fc.tuple(aCount, fc.array(of, { minLength: 1, maxLength: most })).map(([count, added]) => {
    const state = new NumberSum();
    state.count = count;
    for (const x of added) state.sum.add(x);
    return state;
  });
}

const odd = fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e308, 2 ** -1074);
const sumColumns = [
  sums(fc.integer({ min: -40, max: 40 }), 3),
  sums(whole, 2),
  sums(double, 1),
  sums(double, 4),
  sums(odd, 3),
];

interface Column {
  readonly block: number;
  readonly tiles: ReadonlyMap<number, Tile>;
  readonly now: number;
}

const columns: fc.Arbitrary<Column> = fc
  .tuple(
    fc.integer({ min: -40, max: 40 }),
    fc.integer({ min: -10, max: 100 }),
    fc.uniqueArray(fc.nat(BLOCK_TILES - 1), { maxLength: BLOCK_TILES }),
    fc.constantFrom(...sumColumns),
    fc.boolean(),
  )
  .chain(([block, back, offsets, sum, sparse]) => {
    const present = <T>(state: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      sparse ? fc.option(state, { nil: undefined, freq: 2 }) : state;
    const states = kinds.map((kind, place) => {
      if (place === timePlace) return fc.nat(HOUR - 1);
      if (kind === "count") return present(aCount);
      return kind === "sum" ? present(sum) : present(fc.integer());
    });
    return fc.array(fc.tuple(...states), { minLength: offsets.length, maxLength: offsets.length }).map((rows) => ({
      block,
      now: block * BLOCK_TILES + back,
      tiles: new Map(
        rows.map((row, i): [number, Tile] => {
          const tile = block * BLOCK_TILES + offsets[i];
          return [tile, row.map((state, place) => (place === timePlace ? tile * HOUR + (state as number) : state))];
        }),
      ),
    }));
  });

function encoded({ block, tiles }: Column, order: (tiles: [number, Tile][]) => [number, Tile][]): Uint8Array {
  const out = new ByteWriter();
  encodeColumns(layout, 0, block, new Map(order([...tiles])), out);
  return out.finish();
}

/** As format 2 has it: every tile with its own numbers. */
function encodedBefore({ tiles }: Column): Uint8Array {
  const out = new ByteWriter();
  const rows = [...tiles].sort(([a], [b]) => a - b);
  let bits = 0;
  for (const [tile] of rows) bits |= 1 << (tile & (BLOCK_TILES - 1));
  out.u32(bits >>> 0);
  kinds.forEach((kind, place) => {
    const states = rows.map(([, states]) => states[place]);
    const numbers = kind === "max" ? null : numbersOf(states as (number | NumberSum | undefined)[]);
    if (states.every((state) => state === undefined)) out.u8(0);
    else if (place === timePlace) {
      out.u8(6);
      for (const time of states) out.f64(time as number);
    } else if (numbers === null) {
      out.u8(1);
      out.u32(states.reduce((bits: number, state, i) => (state === undefined ? bits : bits | (1 << i)), 0) >>> 0);
      const encoded = states.map((state) => bytesOf(place, state) ?? []);
      out.u32(encoded.reduce((size, { length }) => size + length, 0));
      for (const bytes of encoded) for (const byte of bytes) out.u8(byte);
    } else {
      const { counts, highs, lows } = numbers;
      const isWhole = highs.every((high, i) => (high | 0) === high && lows[i] === 0);
      const form = kind === "count" ? 2 : isWhole ? 3 : lows.every((low) => low === 0) ? 4 : 5;
      const counted = [0x100, 0x1_0000, 2 ** 32].findIndex((most) => counts.every((count) => count < most));
      const fits = [0x80, 0x8000, 2 ** 31].findIndex((most) => highs.every((high) => high >= -most && high < most));
      out.u8(form | (counted << 3) | (form === 3 ? fits << 5 : 0));
      for (const count of counts) out.integer(count, 1 << counted);
      if (form === 3) for (const high of highs) out.integer(high, 1 << fits);
      if (form > 3) for (const high of highs) out.f64(high);
      if (form > 4) for (const low of lows) out.f64(low);
    }
  });
  return out.finish();
}

/** Counts and sums of tiles in numbers; null where they do not fit. */
function numbersOf(states: readonly (number | NumberSum | undefined)[]) {
  const counts = states.map((state) => (typeof state === "object" ? state.count : (state ?? 0)));
  const sums = states.map((state) => (typeof state === "object" ? state.sum : new NumberSum().sum));
  if (!sums.every((sum) => sum.isFinite() && sum.canonicalise()) || counts.some((count) => count >= 2 ** 32))
    return null;
  return { counts, highs: sums.map((sum) => sum.high), lows: sums.map((sum) => sum.low) };
}

/** The formats, and whether counts and whole sums are running in them. */
const formats = [
  { format: 2, running: false, write: encodedBefore },
  { format: 3, running: true, write: (one: Column) => encoded(one, (tiles) => tiles) },
];

function decoded(block: number, bytes: Uint8Array, running: boolean): Map<number, Tile> {
  const tiles = new Map<number, Tile>();
  const input = new ByteReader(bytes);
  decodeColumns(layout, 0, block, input, tiles, running);
  input.end();
  return tiles;
}

/** What is added up from columns, by place and window. */
function scanned({ block, now }: Column, bytes: Uint8Array, running: boolean): unknown[] {
  const plan = readingPlan(layout).levels[0];
  const totals = new WindowTotals(plan);
  const input = new ByteReader(bytes);
  scanColumns(plan, totals, now, block, input, running);
  input.end();
  return totals.finish();
}

test.each(formats)(
  "columns of format $format are read as they were written; damaged ones are refused or are others",
  ({ running, write }) => {
    fc.assert(
      fc.property(columns, fc.infiniteStream(fc.nat()), (one, random) => {
        const bytes = write(one);
        const tiles = decoded(one.block, bytes, running);
        expect([...tiles.keys()]).toEqual([...one.tiles.keys()].sort((a, b) => a - b));
        for (const [index, states] of tiles)
          states.forEach((state, place) =>
            expect(bytesOf(place, state)).toEqual(bytesOf(place, one.tiles.get(index)![place])),
          );
        expect(write({ ...one, tiles })).toEqual(bytes);
        refusesDamage(bytes, random, (damaged) => void decoded(one.block, damaged, running));
      }),
      { seed, numRuns: 300 },
    );
  },
);

test("columns are written alike whatever the order of the tiles", () => {
  fc.assert(
    fc.property(columns, (one) => {
      expect(encoded(one, (tiles) => tiles.sort(([a], [b]) => b - a))).toEqual(encoded(one, (tiles) => tiles));
    }),
    { seed, numRuns: 300 },
  );
});

test.each(formats)(
  "what is added up from columns of format $format is what merging their states gives; damaged ones are refused or are others",
  ({ running, write }) => {
    fc.assert(
      fc.property(columns, fc.infiniteStream(fc.nat()), (one, random) => {
        const bytes = write(one);
        refusesDamage(bytes, random, (damaged) => void scanned(one, damaged, running));
        const results = scanned(one, bytes, running);
        const { features } = readingPlan(layout);
        layout.features.forEach(({ place, window }, i) => {
          const { algebra } = slotAt(place);
          const t = one.now * HOUR;
          let total = algebra.empty();
          for (const [tile, states] of one.tiles) {
            // A window that reaches to the moment holds its tile, and what lies behind: nothing does that is visible.
            const isIn =
              tile * HOUR >= windowStart(window, t) && (window.offset === 0 || tile * HOUR < windowEnd(window, t));
            if (isIn && states[place] !== undefined) total = algebra.merge(total, copyOf(place, states[place]));
          }
          expect(results[features[i].windows[0]]).toEqual(algebra.finish(total));
        });
      }),
      { seed, numRuns: 500 },
    );
  },
);

test.each([
  ["a byte and a byte", 255, 127, 2],
  ["two bytes and two", 256, -32_768, 4],
  ["four bytes and four", 65_536, 2 ** 31 - 1, 8],
  ["a byte and a double, where four bytes do not hold it", 1, 2 ** 31, 9],
])("a whole sum takes %s", (_, count, sum, size) => {
  const of = (state: NumberSum | undefined): number => {
    const tile = kinds.map((kind, place) => (place === timePlace ? 1 : kind === "sum" ? state : undefined));
    return encoded({ block: 0, now: 0, tiles: new Map([[0, tile]]) }, (tiles) => tiles).length;
  };
  const state = new NumberSum();
  state.count = count;
  state.sum.add(sum);
  expect(of(state) - of(undefined)).toBe(size);
});

test("counts and whole sums take the width of what a block's tiles come to together", () => {
  const of = (counts: number[], values: number[]): number => {
    const tiles = counts.map((count, i): [number, Tile] => {
      const state = new NumberSum();
      state.count = count;
      state.sum.add(values[i]);
      return [i, kinds.map((kind, place) => (place === timePlace ? 1 : kind === "sum" ? state : undefined))];
    });
    return encoded({ block: 0, now: 0, tiles: new Map(tiles) }, (all) => all).length;
  };
  const small = of([1, 1], [1, 1]);
  expect(of([200, 55], [1, 1])).toBe(small);
  expect(of([200, 56], [1, 1])).toBe(small + 2);
  expect(of([1, 1], [100, 27])).toBe(small);
  expect(of([1, 1], [100, 28])).toBe(small + 2);
  expect(of([1, 1], [-100, 100])).toBe(small);
  expect(of([1, 1], [2 ** 31 - 1, 1])).toBe(small + 14);
});

const slotAt = (place: number) => layout.slots[layout.levels[0].slots[place]];

function bytesOf(place: number, state: unknown): Uint8Array | undefined {
  if (state === undefined) return undefined;
  const out = new ByteWriter();
  slotAt(place).tiled.encode(state, out);
  return out.finish();
}

/** A state of its own: merging may change its first argument. */
function copyOf(place: number, state: unknown): unknown {
  return slotAt(place).tiled.decode(new ByteReader(bytesOf(place, state)!));
}
