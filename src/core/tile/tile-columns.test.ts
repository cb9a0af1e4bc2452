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

function decoded(block: number, bytes: Uint8Array): Map<number, Tile> {
  const tiles = new Map<number, Tile>();
  const input = new ByteReader(bytes);
  decodeColumns(layout, 0, block, input, tiles);
  input.end();
  return tiles;
}

test("columns are read as they were written, whatever the order of the tiles; damaged ones are refused or are others", () => {
  fc.assert(
    fc.property(columns, fc.infiniteStream(fc.nat()), (one, random) => {
      const bytes = encoded(one, (tiles) => tiles);
      const tiles = decoded(one.block, bytes);
      expect([...tiles.keys()]).toEqual([...one.tiles.keys()].sort((a, b) => a - b));
      for (const [index, states] of tiles)
        states.forEach((state, place) =>
          expect(bytesOf(place, state)).toEqual(bytesOf(place, one.tiles.get(index)![place])),
        );
      expect(encoded({ ...one, tiles }, (all) => all.reverse())).toEqual(bytes);
      refusesDamage(bytes, random, (damaged) => void decoded(one.block, damaged));
    }),
    { seed, numRuns: 300 },
  );
});

test("what is added up from columns is what merging their states gives; damaged ones are refused or are others", () => {
  fc.assert(
    fc.property(columns, fc.infiniteStream(fc.nat()), (one, random) => {
      const plan = readingPlan(layout).levels[0];
      const bytes = encoded(one, (tiles) => tiles);
      const scanned = plan.places.map((place) => new WindowTotals(place, one.now));
      const input = new ByteReader(bytes);
      scanColumns(plan, scanned, one.now, one.block, input);
      input.end();
      refusesDamage(bytes, random, (damaged) => {
        const reader = new ByteReader(damaged);
        const totals = plan.places.map((place) => new WindowTotals(place, one.now));
        scanColumns(plan, totals, one.now, one.block, reader);
        reader.end();
        for (const total of totals) total.finish();
      });
      plan.places.forEach(({ algebra, windows, cuts }, place) => {
        const expected: unknown[] = windows.map(() => null);
        for (const { from, until, window } of windows) {
          let total = algebra.empty();
          for (const [tile, states] of one.tiles) {
            const isIn = tile >= one.now + cuts[from] && (until >= cuts.length || tile < one.now + cuts[until]);
            if (isIn && states[place] !== undefined) total = algebra.merge(total, copyOf(place, states[place]));
          }
          expected[window] = algebra.finish(total);
        }
        expect(scanned[place].finish()).toEqual(expected);
      });
    }),
    { seed, numRuns: 500 },
  );
});

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
