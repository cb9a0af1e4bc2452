import { ExactSum } from "../src/core/aggregation/exact-sum.ts";
import type { NumberSum } from "../src/core/aggregation/number-sum.ts";
import { sumOf } from "../src/core/aggregation/sum.ts";
import { exactSum } from "../src/core/oracle/exact.ts";
import { alternate, type BenchCase, type BenchOptions, compare, contender } from "./measure.ts";

// What exact sums cost beside sums of doubles that round at every step, on ordinary data, in the same loops. What ours
// gives is compared with whole numbers of any size first; the reference mostly differs in its last bits.

const VALUES = 1_000_000;
const CHECKED = 20_000;
const WINDOW = 500;
const TILES = 168;
const READS = 20_000;
const ROUNDS = 21;

/** Numbers in (0, 1) from a seed: a linear congruential generator, whose upper bits are good enough here. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

const random = randomFrom(20_010_630);
const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

/** Whole numbers last: a process that has met nothing else compiles the loops for small integers, which is slower. */
const ordinary: Readonly<Record<string, () => number>> = {
  "prices of two decimals": () => Math.round(random() * 100_000) / 100,
  "normal numbers": normal,
  "delays in minutes": () => Math.round(normal() * 30 + 8) + 0,
};

/** The state of a sum as it would be without exactness. */
class NaiveSum {
  count = 0;
  sum = 0;
}

const naive = {
  add: (state: NaiveSum, value: number): NaiveSum => {
    state.count++;
    state.sum += value;
    return state;
  },
  remove: (state: NaiveSum, value: number): NaiveSum => {
    state.count--;
    state.sum -= value;
    return state;
  },
  merge: (into: NaiveSum, from: NaiveSum): NaiveSum => {
    into.count += from.count;
    into.sum += from.sum;
    return into;
  },
  finish: (state: NaiveSum): number => state.sum,
};

const law = sumOf("float64");
const ours = {
  add: (state: NumberSum, value: number): NumberSum => law.add(state, value),
  remove: (state: NumberSum, value: number): NumberSum => law.remove!(state, value),
  merge: (into: NumberSum, from: NumberSum): NumberSum => law.merge(into, from),
  finish: (state: NumberSum): number => law.finish(state) as number,
};

interface Pair {
  readonly name: string;
  readonly equal: boolean;
  readonly work: number;
  readonly ours: () => unknown;
  readonly naive: () => unknown;
}

/** A column, added up in one go. */
function columns(values: Float64Array): Pair {
  const exactly = (of: Float64Array): number => {
    const sum = new ExactSum();
    sum.addAll(of);
    return sum.value();
  };
  const some = values.subarray(0, CHECKED);
  return {
    name: "a column at once",
    equal: exactly(some) === exactSum([...some]),
    work: values.length,
    ours: () => exactly(values),
    naive: () => {
      let sum = 0;
      for (let i = 0; i < values.length; i++) sum += values[i];
      return sum;
    },
  };
}

/** Values added to a state one by one, as records come in. */
function records(values: Float64Array): Pair {
  const exactly = (of: Float64Array): number => {
    const state = law.empty();
    for (let i = 0; i < of.length; i++) ours.add(state, of[i]);
    return ours.finish(state);
  };
  const some = values.subarray(0, CHECKED);
  return {
    name: "records one by one",
    equal: exactly(some) === exactSum([...some]),
    work: values.length,
    ours: () => exactly(values),
    naive: () => {
      const state = new NaiveSum();
      for (let i = 0; i < values.length; i++) naive.add(state, values[i]);
      return naive.finish(state);
    },
  };
}

/** A window that slides over the records of a key, read at each of them, without what it takes to find its bounds. */
function sliding(values: Float64Array): Pair {
  const rows = values.length;
  const found = new Float64Array(rows);
  const exactly = (): void => {
    const state = law.empty();
    for (let i = 0; i < rows; i++) {
      if (i >= WINDOW) ours.remove(state, values[i - WINDOW]);
      ours.add(state, values[i]);
      found[i] = ours.finish(state);
    }
  };
  exactly();
  const places = Array.from({ length: 40 }, (_, i) => Math.floor(((i + 1) * (rows - 1)) / 40));
  const equal = places.every((i) => found[i] === exactSum([...values.subarray(Math.max(0, i - WINDOW + 1), i + 1)]));
  return {
    name: `a window of ${WINDOW} slides`,
    equal,
    work: rows,
    ours: exactly,
    naive: () => {
      const state = new NaiveSum();
      for (let i = 0; i < rows; i++) {
        if (i >= WINDOW) naive.remove(state, values[i - WINDOW]);
        naive.add(state, values[i]);
        found[i] = naive.finish(state);
      }
    },
  };
}

/** The tiles of a window, merged at every read: what serving does. */
function tiles(values: Float64Array): Pair {
  const size = Math.floor(CHECKED / TILES);
  const parts = Array.from({ length: TILES }, (_, i) => [...values.subarray(i * size, (i + 1) * size)]);
  const exact = parts.map((part) => part.reduce((state, x) => ours.add(state, x), law.empty()));
  const rounded = parts.map((part) => part.reduce((state, x) => naive.add(state, x), new NaiveSum()));
  const exactly = (): number => ours.finish(exact.reduce((total, tile) => ours.merge(total, tile), law.empty()));
  const merged = (): number => naive.finish(rounded.reduce((total, tile) => naive.merge(total, tile), new NaiveSum()));
  const often = (read: () => number) => (): number => {
    let last = 0;
    for (let i = 0; i < READS; i++) last = read();
    return last;
  };
  return {
    name: `${TILES} tiles merge`,
    equal: exactly() === exactSum(parts.flat()),
    work: READS * TILES,
    ours: often(exactly),
    naive: often(merged),
  };
}

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const [data, next] of Object.entries(ordinary)) {
    const values = Float64Array.from({ length: VALUES }, next);
    for (const pair of [columns, records, sliding, tiles].map((of) => of(values))) {
      const [us, them] = await alternate([contender("exact", pair.ours), contender("doubles", pair.naive)], {
        rounds: ROUNDS,
        warmups: 4,
      });
      const each = (milliseconds: number): string => ((milliseconds * 1e6) / pair.work).toFixed(2);
      log(`${data}, ${pair.name}: ${each(us.milliseconds)} ns exact, ${each(them.milliseconds)} ns in doubles`);
      cases.push(compare(`${data}, ${pair.name}`, us, them, { equal: pair.equal }));
    }
  }
  return cases;
}
