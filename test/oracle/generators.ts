import fc from "fast-check";
import type { AggregationSpec, PlainSpec } from "../../src/core/aggregation/aggregation.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../../src/core/definition/data.ts";
import type { Expression } from "../../src/core/expression/tree.ts";
import { type Fields, type Kind, type Row, t } from "../../src/core/schema/data-type.ts";
import type { Window } from "../../src/core/time/window.ts";
import { anyDouble, finiteDouble } from "./doubles.ts";
import type { OracleRecord } from "./naive.ts";

/** What generated views read. A key is a text and a whole number that may be null. */
export const scenarioFields: Fields = {
  name: t.string(),
  part: t.nullable(t.int32()),
  n: t.nullable(t.int32()),
  x: t.float64(),
  wild: t.nullable(t.float64({ nonFinite: true })),
  text: t.nullable(t.string()),
  yes: t.nullable(t.boolean()),
  big: t.nullable(t.int64()),
  at: t.nullable(t.timestamp()),
};

export interface Scenario {
  readonly view: AggregateViewDefinition;
  readonly records: readonly OracleRecord[];
  /** Moments in no order, some of them twice. */
  readonly moments: readonly number[];
}

/** The keys that records of a scenario have, and one that none has. */
export const scenarioKeys: readonly Row[] = [
  { name: "hot", part: 1 },
  { name: "cold", part: 1 },
  { name: "cold", part: -7 },
  { name: "", part: 0 },
];

/** Times lie on a lattice of hops, or a microsecond beside it: everything meets everything at the very edge. */
interface Lattice {
  readonly unit: number;
  readonly origin: number;
}

const MAX = Number.MAX_SAFE_INTEGER;

const lattice: fc.Arbitrary<Lattice> = fc.constantFrom(1, 7, 1_000_000, 3_600_000_000).chain((unit) =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.constantFrom(0, -40, -1000) },
      { weight: 2, arbitrary: fc.constant(Math.floor(993_340_800_000_000 / unit)) },
      // The edges of time, with room for what a scenario spans.
      { weight: 1, arbitrary: fc.constantFrom(Math.floor(MAX / unit) - 2200, 500 - Math.floor(MAX / unit)) },
    )
    .map((origin) => ({ unit, origin })),
);

/** Dense at first, then a gap, then a longer one; each with bursts. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 70 }) },
  { weight: 2, arbitrary: fc.constantFrom(3, 12, 24) },
  { weight: 1, arbitrary: fc.integer({ min: 300, max: 340 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1900, max: 1910 }) },
);

function time({ unit, origin }: Lattice): fc.Arbitrary<number> {
  return fc
    .tuple(step, fc.constantFrom(0, 0, 0, -1, 1))
    .map(([u, beside]) => Math.max(-MAX, Math.min(MAX, (origin + u) * unit + beside)));
}

/** How long after its event a record is known, in steps: at once, soon, late, or before it happens. */
const lag = fc.oneof(
  { weight: 5, arbitrary: fc.constant([0, 0] as const) },
  { weight: 3, arbitrary: fc.tuple(fc.integer({ min: 0, max: 8 }), fc.constantFrom(-1, 0, 1)) },
  { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 30, max: 80 }), fc.constantFrom(-1, 0, 1)) },
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: -30, max: -1 }), fc.constant(0)) },
);

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 4 });

const row: fc.Arbitrary<Row> = fc.record({
  name: fc.constantFrom("hot", "hot", "hot", "cold"),
  part: fc.constantFrom(1, 1, 1, 1, -7, null),
  n: maybe(fc.oneof(fc.integer({ min: -3, max: 9 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)))),
  x: finiteDouble,
  wild: maybe(anyDouble),
  text: maybe(fc.constantFrom("", "a", "b", "é", "\uFFFF", "\u{10000}")),
  yes: maybe(fc.boolean()),
  big: maybe(fc.constantFrom(0n, 1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n)),
  at: maybe(fc.constantFrom(0, -1, MAX, -MAX, 993_340_800_000_000)),
});

function record(on: Lattice): fc.Arbitrary<OracleRecord> {
  return fc.tuple(time(on), lag, row).map(([event, [steps, beside], row]) => ({
    event,
    available: Math.max(-MAX, Math.min(MAX, event + steps * on.unit + beside)),
    row,
  }));
}

/** A record that may be withdrawn: soon after it is known or long after, at the very same time, or before. */
function withdrawable(on: Lattice): fc.Arbitrary<OracleRecord> {
  return fc.tuple(record(on), fc.option(fc.tuple(lag, time(on), fc.boolean()), { freq: 2 })).map(([record, given]) => {
    if (given === null) return record;
    const [[steps, beside], at, isLag] = given;
    const withdrawn = isLag ? record.available + steps * on.unit + beside : at;
    return { ...record, withdrawn: Math.max(-MAX, Math.min(MAX, withdrawn)) };
  });
}

const column = (name: string): Expression => ({ op: "column", name });
const whole = (value: number): Expression => ({ op: "literal", kind: "int32", value });

/** Arguments by the kind that they have. */
const argumentsOf: readonly { readonly of: Expression; readonly kind: Kind }[] = [
  { of: column("n"), kind: "int32" },
  { of: { op: "coalesce", args: [column("n"), whole(-1)] }, kind: "int32" },
  { of: column("x"), kind: "float64" },
  { of: column("wild"), kind: "float64" },
  { of: { op: "divide", args: [column("n"), whole(3)] }, kind: "float64" },
  { of: column("text"), kind: "string" },
  { of: column("yes"), kind: "boolean" },
  { of: { op: "gt", args: [column("n"), whole(0)] }, kind: "boolean" },
  { of: column("big"), kind: "int64" },
  { of: column("at"), kind: "timestamp" },
];

const conditions: readonly (Expression | null)[] = [
  null,
  null,
  column("yes"),
  { op: "gt", args: [column("n"), whole(1)] },
  { op: "isNull", args: [column("text")] },
  {
    op: "and",
    args: [
      { op: "not", args: [column("yes")] },
      { op: "lt", args: [column("x"), whole(5)] },
    ],
  },
];

export type AggregationKind = AggregationSpec["kind"];

const addable: readonly Kind[] = ["int32", "int64", "float64", "boolean"];
const takes: Readonly<Partial<Record<AggregationKind, readonly Kind[]>>> = {
  sum: addable,
  avg: addable,
  var: addable,
  stddev: addable,
  quantile: ["int32", "int64", "float64"],
  histogram: ["string", "boolean", "int32", "int64"],
};

type PlainKind = PlainSpec["kind"];

function specOf(kind: PlainKind): fc.Arbitrary<PlainSpec> {
  switch (kind) {
    case "lastN":
      return fc.integer({ min: 1, max: 4 }).map((n) => ({ kind, n }));
    case "countDistinct":
      return fc.constant({ kind, exact: 1000 });
    case "quantile":
      return fc.constantFrom(0, 0.5, 0.9).map((q) => ({ kind, q, accuracy: 0.01 }));
    case "topK":
      return fc
        .integer({ min: 1, max: 3 })
        .chain((k) => fc.integer({ min: k, max: 5 }).map((limit) => ({ kind, k, limit })));
    case "histogram":
      return fc.integer({ min: 1, max: 5 }).map((limit) => ({ kind, limit }));
    default:
      return fc.constant({ kind });
  }
}

/** Hops of one view, in steps: each divides the next. */
const chains = [[1, 2, 6, 12], [1, 5, 10, 60], [3, 6, 24], [1]] as const;

function window(unit: number, hops: readonly number[]): fc.Arbitrary<Window> {
  const last = hops[hops.length - 1];
  const bounded = fc
    .tuple(
      fc.constantFrom(...hops),
      // Often one that windows of another hop have, too.
      fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(0)),
      fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) }),
    )
    .map(([hop, times, offset]) => ({
      length: (times === 0 ? last : times * hop) * unit,
      hop: hop * unit,
      offset: offset * hop * unit,
    }));
  return fc.oneof(
    { weight: 6, arbitrary: bounded },
    { weight: 1, arbitrary: fc.constant({ length: null, hop: 86_400_000_000, offset: 0 }) },
  );
}

function feature(
  unit: number,
  hops: readonly number[],
  kinds: readonly AggregationKind[],
): fc.Arbitrary<AggregateFeature> {
  return fc
    .constantFrom(...kinds)
    .chain((asked) => (asked === "per" ? perFeature(unit, hops) : plain(unit, hops, asked)));
}

/** What can be computed per key: what gives one value and has an oracle. */
const separable = ["count", "sum", "avg", "var", "stddev", "min", "max", "first", "last", "countDistinct"] as const;
const nameable: readonly Kind[] = ["string", "boolean", "int32", "int64"];

function perFeature(unit: number, hops: readonly number[]): fc.Arbitrary<AggregateFeature> {
  const keys = argumentsOf.filter(({ kind }) => nameable.includes(kind)).map(({ of }) => of);
  return fc
    .tuple(
      fc.constantFrom(...separable).chain((kind) => plain(unit, hops, kind)),
      fc.constantFrom(...keys),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(([{ name, aggregation, of, where, window }, per, limit]) => ({
      name,
      aggregation: { kind: "per", each: aggregation as PlainSpec, limit },
      of,
      where,
      per,
      window,
    }));
}

function plain(unit: number, hops: readonly number[], kind: PlainKind): fc.Arbitrary<AggregateFeature> {
  return fc
    .record({
      name: fc.constant(""),
      aggregation: specOf(kind),
      of:
        kind === "count"
          ? fc.constant(null)
          : fc
              .constantFrom(
                ...argumentsOf.filter((argument) => (takes[kind] ?? [argument.kind]).includes(argument.kind)),
              )
              .map(({ of }) => of),
      where: fc.constantFrom(...conditions),
      window: window(unit, hops),
      series: single.includes(kind) ? fc.option(fc.integer({ min: 1, max: 5 }), { freq: 5 }) : fc.constant(null),
    })
    .map(({ series, ...feature }) =>
      series === null || feature.window.length === null ? feature : { ...feature, series },
    );
}

/** What gives one value, of which a series can be made. */
const single: readonly AggregationKind[] = [
  "count",
  "sum",
  "avg",
  "var",
  "stddev",
  "min",
  "max",
  "first",
  "last",
  "countDistinct",
  "quantile",
];

/** Views with records and moments that touch the edges of their windows, tiles and blocks. */
export function scenario(options: {
  readonly kinds: readonly AggregationKind[];
  readonly maxRecords?: number;
  readonly maxFeatures?: number;
  /** Whether some records are withdrawn, of a source that allows it. */
  readonly withdrawals?: boolean;
}): fc.Arbitrary<Scenario> {
  const { withdrawals = false } = options;
  return fc.tuple(lattice, fc.constantFrom(...chains)).chain(([on, hops]) =>
    fc
      .record({
        features: fc.array(feature(on.unit, hops, options.kinds), {
          minLength: 1,
          maxLength: options.maxFeatures ?? 4,
        }),
        records: fc.array(withdrawals ? withdrawable(on) : record(on), {
          maxLength: options.maxRecords ?? 40,
          size: "max",
        }),
        moments: fc.array(time(on), { minLength: 1, maxLength: 12 }),
        order: fc.constantFrom(null, "n", "text", "wild"),
      })
      .map(({ features, records, moments, order }) => ({
        view: {
          kind: "aggregateView",
          name: "view",
          source: "source",
          entity: "entity",
          keys: { name: "name", part: "part" },
          features: features.map((feature, i) => ({ ...feature, name: `f${i}` })),
          ...(order === null ? {} : { order }),
          ...(withdrawals ? { retractable: true as const } : {}),
        },
        records,
        moments,
      })),
  );
}
