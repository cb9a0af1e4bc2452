import { StoredKey } from "../test/oracle/stored-key.ts";
import type { FeatureValue } from "../src/core/aggregation/feature-type.ts";
import { ByteReader } from "../src/core/codec/bytes.ts";
import { catalogOf } from "../src/core/definition/catalog.ts";
import type { AggregateViewDefinition } from "../src/core/definition/data.ts";
import { HOUR } from "../src/core/time/timestamp.ts";
import { readingPlan } from "../src/core/tile/reading-plan.ts";
import { StoredReading } from "../src/core/tile/stored-reading.ts";
import { layoutOf, type Slot, type ViewLayout } from "../src/core/tile/view-layout.ts";
import type { Value } from "../src/core/schema/data-type.ts";
import { aggregateView, avg, col, count, entity, eventSource, sum, t } from "../src/index.ts";
import { alternate, type BenchCase, type BenchOptions, compare, type Contender } from "./measure.ts";

// Reading twenty windows of up to 7 days with a hop of an hour from a key's stored bytes, which have 169 tiles: decoding
// and merging alone, without the store's look-up. The reference decodes the key's whole state first.

/** Reads a measurement: a thread's time is told in ticks of some milliseconds. */
const READS = 20_000;
const REFERENCE_READS = 2_000;

const user = entity("user", { user: t.int32() });
const payments = eventSource("payments", {
  fields: { at: t.timestamp(), user: t.int32(), items: t.int32(), price: t.float64() },
  eventTime: "at",
  availableAt: "at",
});
const windows = ["1d", "2d", "3d", "5d", "7d"] as const;
const shared = aggregateView("shared", {
  source: payments,
  entity: user,
  features: {
    n: count().over(...windows),
    items: sum("items").over(...windows),
    price: avg("price").over(...windows),
    large: avg(col("items").gt(50)).over(...windows),
  },
});
const apart = aggregateView("apart", {
  source: payments,
  entity: user,
  features: Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [
      [`items_${i}`, sum(col("items").plus(i)).over("7d")] as const,
      [`large_${i}`, avg(col("items").gt(9 * i)).over("7d")] as const,
    ]).flat(),
  ),
});

const cases = [
  { view: "shared", name: "20 windows, 1 d to 7 d, of 4 aggregations" },
  { view: "apart", name: "20 windows of 7 d, of 20 aggregations" },
];

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  const catalog = catalogOf([user, payments, shared, apart]);
  const { fields } = catalog.sources.get("payments")!;
  const results: BenchCase[] = [];
  for (const { view, name } of cases) {
    const layout = layoutOf(catalog.views.get(view) as AggregateViewDefinition, fields);
    const { key, t } = filled(layout);
    const read = reader(layout, key, t);
    const equal = JSON.stringify(read()) === JSON.stringify(key.read(t));
    // Time of this thread alone: a read is too short for a machine that does other things too.
    const reads = (name: string, times: number, read: () => unknown): Contender<unknown> => ({
      name,
      async measure() {
        const before = cpuTime();
        for (let i = 0; i < times; i++) read();
        return { milliseconds: (cpuTime() - before) / times / 1000, result: null };
      },
    });
    const [ours, reference] = await alternate(
      [reads("stored", READS, read), reads("decoded", REFERENCE_READS, () => key.read(t))],
      { rounds: 21, warmups: 3 },
    );
    const microseconds = ours.milliseconds * 1000;
    log(`${name}: ${microseconds.toFixed(2)} µs, 10 wanted`);
    const inMicroseconds = <T extends { milliseconds: number }>(one: T): T => ({
      ...one,
      milliseconds: one.milliseconds * 1000,
    });
    results.push({ ...compare(name, inMicroseconds(ours), inMicroseconds(reference), { equal }), unit: "µs" });
  }
  return results;
}

/** Reads the key's features at t from its records, which lie in one array, as the online store's driver gives them. */
function reader(layout: ViewLayout, key: StoredKey, t: number): () => FeatureValue[] {
  const { head, blocks } = key.find(t);
  const plan = readingPlan(layout);
  const bytes = new Uint8Array(Buffer.concat([head!, ...blocks.map((block) => block.bytes)]));
  const input = new ByteReader(bytes);
  return () => {
    const reading = new StoredReading(plan, t);
    input.reset(bytes, 0, head!.length);
    reading.head(input);
    let at = head!.length;
    for (const { level, block, bytes: stored } of blocks) {
      input.reset(bytes, at, stored.length);
      reading.block(level, block, input);
      at += stored.length;
    }
    return reading.features();
  };
}

/** Microseconds of this thread. User and system time are told apart by ticks of milliseconds; only their sum is exact. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** A key with three records an hour for eight days, and the moment behind them. */
function filled(layout: ViewLayout): { readonly key: StoredKey; readonly t: number } {
  const hours = 8 * 24;
  const since = 1_000_000_000_000_000 - (1_000_000_000_000_000 % HOUR);
  const key = new StoredKey(layout);
  for (let hour = 0; hour < hours; hour++) {
    const records = [1, 2, 3].map((n) => {
      const at = since + hour * HOUR + n;
      return { event: at, available: at, values: layout.slots.map((slot) => contribution(slot, hour * 7 + n, at)) };
    });
    key.fold(records, since + hour * HOUR + 4);
  }
  return { key, t: since + hours * HOUR - HOUR / 2 };
}

function contribution({ spec, input }: Slot, n: number, event: number): Value {
  if (spec.kind === "count") return true;
  if (spec.kind === "max") return event;
  if (input?.kind === "boolean") return n % 2 === 0;
  return input?.kind === "int32" ? n % 100 : ((n * 37) % 1000) / 100;
}
