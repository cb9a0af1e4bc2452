import { describe, expectTypeOf, test } from "vitest";
import {
  aggregateView,
  avg,
  batchView,
  coalesce,
  col,
  count,
  countDistinct,
  entity,
  eventSource,
  type EventSource,
  featureService,
  first,
  type FeaturesOf,
  gradientBoostedTrees,
  histogram,
  last,
  lastN,
  max,
  median,
  min,
  minutes,
  model,
  onDemandView,
  quantile,
  type RecordOf,
  type RequestOf,
  series,
  stddev,
  type Store,
  sum,
  t,
  type TimestampInput,
  topK,
  variance,
  window,
} from "asof";
import type { lateFlightModel } from "../../examples/flights/definitions.ts";
import { type lateFlight } from "../../examples/flights/definitions.ts";

const airport = entity("airport", { airport: t.string() });
const route = entity("route", { origin: t.string(), number: t.int32() });
const flights = eventSource("flights", {
  fields: {
    scheduled: t.timestamp(),
    landed: t.nullable(t.timestamp()),
    delay: t.int32(),
    price: t.nullable(t.float64()),
    miles: t.int64(),
    cancelled: t.boolean(),
    diverted: t.nullable(t.boolean()),
    origin: t.string(),
    destination: t.string(),
    number: t.int32(),
  },
  eventTime: "scheduled",
});
const from = airport.from({ airport: "origin" });
const n = count().over("1h");
const departures = aggregateView("departures", {
  source: flights,
  entity: from,
  features: {
    n: count().over("1h", "7d", window("7d", { name: "week_before", offset: "7d" }), "lifetime"),
    late: avg(col("delay").gt(15)).over("3h"),
    longest: max("delay").over("3h"),
    dearest: max(col("price")).over("3h"),
    first: min("destination").over("3h"),
  },
});

describe("the flights example", () => {
  type Windows = "1h" | "3h" | "1d" | "7d";
  type Traffic<A extends string> = { readonly [W in Windows as `${A}__flights_${W}`]: number } & {
    readonly [W in Windows as `${A}__late_${W}`]: number | null;
  } & { readonly [W in "3h" | "7d" as `${A}__delay_${W}`]: number | null };
  type Flat<T> = { readonly [P in keyof T]: T[P] };

  test("asks for exactly what its views need", () => {
    expectTypeOf<RequestOf<typeof lateFlight>>().toEqualTypeOf<{
      readonly origin: string;
      readonly destination: string;
      readonly scheduled: TimestampInput;
      readonly distance: number;
    }>();
  });

  test("answers exactly its features", () => {
    expectTypeOf<FeaturesOf<typeof lateFlight>>().toEqualTypeOf<
      Flat<
        Traffic<"origin"> &
          Traffic<"destination"> &
          Traffic<"inbound"> & {
            readonly yesterday__mean_delay: number | null;
            readonly yesterday__flights: number | null;
            readonly calendar__hour: number;
            readonly calendar__weekday: number;
            readonly calendar__miles: number;
          }
      >
    >();
    const answer = {} as FeaturesOf<typeof lateFlight>;
    expectTypeOf(answer.origin__flights_3h).toEqualTypeOf<number>();
    // @ts-expect-error -- a window that the view does not have
    void answer.origin__flights_2h;
    // @ts-expect-error -- an alias that the service does not have
    void answer.departures__flights_3h;
  });

  test("its model asks and answers as its service does", () => {
    expectTypeOf<typeof lateFlight>().toExtend<typeof lateFlightModel.features>();
    expectTypeOf<RequestOf<typeof lateFlightModel.features>>().toEqualTypeOf<RequestOf<typeof lateFlight>>();
    expectTypeOf<FeaturesOf<typeof lateFlightModel.features>>().toEqualTypeOf<FeaturesOf<typeof lateFlight>>();
  });

  test("refuses other requests", () => {
    const ask = (request: RequestOf<typeof lateFlight>): unknown => request;
    ask({ origin: "ORD", destination: "LAX", scheduled: "2001-06-24T10:00", distance: 1745 });
    ask({ origin: "ORD", destination: "LAX", scheduled: new Date(0), distance: 1745 });
    ask({ origin: "ORD", destination: "LAX", scheduled: 993_376_800_000_000, distance: 1745 });
    // @ts-expect-error -- no destination
    ask({ origin: "ORD", scheduled: 0, distance: 1745 });
    // @ts-expect-error -- a number for a text
    ask({ origin: 7, destination: "LAX", scheduled: 0, distance: 1745 });
    // @ts-expect-error -- a text for a number
    ask({ origin: "ORD", destination: "LAX", scheduled: 0, distance: "1745" });
    // @ts-expect-error -- null for a key
    ask({ origin: null, destination: "LAX", scheduled: 0, distance: 1745 });
    // @ts-expect-error -- an input that the service does not have
    ask({ origin: "ORD", destination: "LAX", scheduled: 0, distance: 1745, airport: "ORD" });
  });
});

describe("a store", () => {
  const fields = {
    at: t.timestamp(),
    id: t.string(),
    room: t.string(),
    celsius: t.float64(),
    count: t.int64(),
    note: t.nullable(t.string()),
  };
  const readings = eventSource("readings", { fields, eventTime: "at", id: ["id"], defaults: { celsius: 20 } });
  const store = {} as Store;

  test("knows the records of a source that it is given", () => {
    expectTypeOf<RecordOf<typeof readings>>().toEqualTypeOf<{
      readonly at: TimestampInput;
      readonly id: string;
      readonly room: string;
      readonly count: bigint | number;
      readonly celsius?: number;
      readonly note?: string | null;
    }>();
    const record: RecordOf<typeof readings> = { at: "2026-01-01", id: "a", room: "r", count: 1 };
    void (() => store.ingest(readings, [record, { ...record, celsius: 3, note: null }], { idempotencyKey: "k" }));
    void (() => store.correct(readings, [record]));
    void (() => store.retract(readings, [{ id: "a" }]));
    // @ts-expect-error -- a field that is missing
    void (() => store.ingest(readings, [{ at: 0, id: "a", count: 1 }]));
    // @ts-expect-error -- a field that the source does not have
    void (() => store.ingest(readings, [{ at: 0, id: "a", room: "r", count: 1, floor: 2 }]));
    // @ts-expect-error -- a text for a number
    void (() => store.correct(readings, [{ at: 0, id: "a", room: "r", count: "1" }]));
    // @ts-expect-error -- a number for a text
    void (() => store.retract(readings, [{ id: 7 }]));
    // @ts-expect-error -- an entity is no source
    void (() => store.ingest(airport, [record]));
    void (() => store.ingest(flights as EventSource, [{ whatever: 1 }]));
  });

  test("takes any record of a source that is only named", () => {
    void (() => store.ingest("readings", [{ whatever: 1 }]));
    void (() => store.retract("readings", [{ whatever: 1 }]));
  });
});

describe("a source", () => {
  const fields = { at: t.timestamp(), delay: t.int32(), name: t.string() };

  test("takes its times from timestamps of its own", () => {
    eventSource("s", { fields, eventTime: "at", availableAt: "15m" });
    eventSource("s", { fields, eventTime: col("at"), availableAt: "at" });
    eventSource("s", { fields, eventTime: col("at").plus(minutes(col("delay"))), availableAt: col("at").plus("10m") });
    // @ts-expect-error -- a column that it does not have
    void (() => eventSource("s", { fields, eventTime: "when" }));
    // @ts-expect-error -- a column that is no timestamp
    void (() => eventSource("s", { fields, eventTime: "name" }));
    // @ts-expect-error -- an expression over a column that it does not have
    void (() => eventSource("s", { fields, eventTime: col("when").plus("1h") }));
    // @ts-expect-error -- an expression over a column of another type
    void (() => eventSource("s", { fields, eventTime: col("name").plus("1h") }));
    // @ts-expect-error -- neither a column nor a duration
    void (() => eventSource("s", { fields, eventTime: "at", availableAt: "soon" }));
    // @ts-expect-error -- the column of a file for a field that it does not have
    void (() => eventSource("s", { fields, eventTime: "at", columns: { when: "date" } }));
  });
});

describe("an aggregate view", () => {
  test("gives a feature for each window, of the type that the aggregation has", () => {
    const service = featureService("s", [departures]);
    expectTypeOf<FeaturesOf<typeof service>>().toEqualTypeOf<{
      readonly departures__n_1h: number;
      readonly departures__n_7d: number;
      readonly departures__n_week_before: number;
      readonly departures__n_lifetime: number;
      readonly departures__late_3h: number | null;
      readonly departures__longest_3h: number | null;
      readonly departures__dearest_3h: number | null;
      readonly departures__first_3h: string | null;
    }>();
    expectTypeOf<RequestOf<typeof service>>().toEqualTypeOf<{ readonly airport: string }>();
  });

  test("keeps an int64 a bigint where it is one of the values", () => {
    const view = aggregateView("v", {
      source: flights,
      entity: from,
      features: { most: max("miles").over("1h"), all: sum("miles").over("1h"), any: max("cancelled").over("1h") },
    });
    const service = featureService("s", [view]);
    expectTypeOf<FeaturesOf<typeof service>>().toEqualTypeOf<{
      readonly v__most_1h: bigint | null;
      readonly v__all_1h: number | null;
      readonly v__any_1h: boolean | null;
    }>();
  });

  test("gives lists and counts of what the source's fields hold", () => {
    const view = aggregateView("v", {
      source: flights,
      entity: from,
      features: {
        first: first("price").over("1h"),
        last: last(col("miles")).over("1h"),
        late: last(col("delay").gt(15)).over("1h"),
        prices: lastN("price", 3).over("1h"),
        delays: lastN(col("delay").gt(15), 3).over("1h"),
        distinct: countDistinct("destination", { exact: 10 }).over("1h"),
        p90: quantile("delay", 0.9, { accuracy: 0.02 }).over("1h"),
        median: median(col("price")).over("1h"),
        top: topK("miles", 2).over("1h"),
        top_up: topK(col("number").plus(1), 2, { limit: 9 }).over("1h"),
        cities: histogram("destination").where(col("cancelled")).over("1h"),
      },
    });
    const service = featureService("s", [view]);
    expectTypeOf<FeaturesOf<typeof service>>().toEqualTypeOf<{
      readonly v__first_1h: number | null;
      readonly v__last_1h: bigint | null;
      readonly v__late_1h: boolean | null;
      readonly v__prices_1h: readonly number[];
      readonly v__delays_1h: readonly boolean[];
      readonly v__distinct_1h: number;
      readonly v__p90_1h: number | null;
      readonly v__median_1h: number | null;
      readonly v__top_1h: readonly bigint[] | null;
      readonly v__top_up_1h: readonly number[] | null;
      readonly v__cities_1h: Readonly<Record<string, number>> | null;
    }>();
    const base = { source: flights, entity: from } as const;
    // @ts-expect-error -- no such column
    void (() => aggregateView("v", { ...base, features: { x: lastN("speed", 2).over("1h") } }));
    // @ts-expect-error -- no such column, in an expression
    void (() => aggregateView("v", { ...base, features: { x: topK(col("speed"), 2).over("1h") } }));
    // @ts-expect-error -- the quantile of texts
    void (() => aggregateView("v", { ...base, features: { x: quantile("origin", 0.5).over("1h") } }));
    // @ts-expect-error -- the median of truths
    void (() => aggregateView("v", { ...base, features: { x: median("cancelled").over("1h") } }));
    // @ts-expect-error -- an order by a field that the source does not have
    void (() => eventSource("s", { fields: flights.fields, eventTime: "scheduled", order: "seq" }));
    eventSource("s", { fields: flights.fields, eventTime: "scheduled", order: "number" });
  });

  test("gives maps for what is computed per value of a field", () => {
    const view = aggregateView("v", {
      source: flights,
      entity: from,
      features: {
        n: count().per("destination").over("1h"),
        delay: sum("delay").per("destination", { limit: 50 }).over("1h", "1d"),
        spread: variance("delay").where(col("cancelled")).per(col("number")).over("1h"),
        longest: max("miles").per("cancelled").where(col("diverted")).over("1h"),
        latest: last(col("delay").gt(15)).per(col("number").plus(1)).over("1h"),
        kinds: countDistinct("number").per("destination").over("1h"),
        p90: quantile("delay", 0.9).per("destination").over("1h"),
      },
    });
    const service = featureService("s", [view]);
    expectTypeOf<FeaturesOf<typeof service>>().toEqualTypeOf<{
      readonly v__n_1h: Readonly<Record<string, number>> | null;
      readonly v__delay_1h: Readonly<Record<string, number>> | null;
      readonly v__delay_1d: Readonly<Record<string, number>> | null;
      readonly v__spread_1h: Readonly<Record<string, number | null>> | null;
      readonly v__longest_1h: Readonly<Record<string, bigint>> | null;
      readonly v__latest_1h: Readonly<Record<string, boolean>> | null;
      readonly v__kinds_1h: Readonly<Record<string, number>> | null;
      readonly v__p90_1h: Readonly<Record<string, number>> | null;
    }>();
    const base = { source: flights, entity: from } as const;
    // @ts-expect-error -- no such column
    void (() => aggregateView("v", { ...base, features: { x: count().per("airline").over("1h") } }));
    // @ts-expect-error -- no such column, in an expression
    void (() => aggregateView("v", { ...base, features: { x: count().per(col("airline")).over("1h") } }));
    // @ts-expect-error -- a list per value
    void (() => lastN("delay", 3).per("destination"));
    // @ts-expect-error -- counts per value
    void (() => histogram("delay").per("destination"));
    // @ts-expect-error -- per value twice
    void (() => count().per("destination").per("number"));
  });

  test("gives a list for a series of windows", () => {
    const view = aggregateView("v", {
      source: flights,
      entity: from,
      features: {
        n: count().over("1h", series("1d", { count: 12 })),
        last: last("destination").over(series("1h", { count: 3, name: "by_hour", hop: "15m" })),
      },
    });
    const service = featureService("s", [view]);
    expectTypeOf<FeaturesOf<typeof service>>().toEqualTypeOf<{
      readonly v__n_1h: number;
      readonly v__n_1d_x12: readonly number[];
      readonly v__last_by_hour: readonly (string | null)[];
    }>();
    // @ts-expect-error -- all of history has no steps
    void (() => series("lifetime", { count: 2 }));
  });

  test("takes columns by name and as expressions, and conditions of bare columns", () => {
    const features = {
      a: count().where(col("cancelled")).over("1h"),
      b: count().where(col("diverted")).where(col("delay").gt(15)).over("1h"),
      c: sum(col("delay"))
        .where(col("cancelled").and(col("diverted")))
        .over("1h"),
      d: avg(col("price")).over("1h"),
      e: variance(col("miles")).over("1h"),
      f: stddev("cancelled").over("1h"),
      g: min(col("origin")).over("1h"),
      h: max(coalesce(col("delay"), col("number"))).over("1h"),
      i: sum(coalesce(col("price"), 0)).over("1h"),
    };
    const view = aggregateView("v", { source: flights, entity: from, features });
    const service = featureService("s", [view]);
    type Answer = FeaturesOf<typeof service>;
    expectTypeOf<Answer["v__a_1h"]>().toEqualTypeOf<number>();
    expectTypeOf<Answer["v__c_1h"]>().toEqualTypeOf<number | null>();
    expectTypeOf<Answer["v__g_1h"]>().toEqualTypeOf<string | null>();
    expectTypeOf<Answer["v__h_1h"]>().toEqualTypeOf<number | null>();
  });

  test("refuses columns that the source does not have, or has as another type", () => {
    const base = { source: flights, entity: from } as const;
    // @ts-expect-error -- no such column
    void (() => aggregateView("v", { ...base, features: { x: sum("speed").over("1h") } }));
    // @ts-expect-error -- no such column, in an expression
    void (() => aggregateView("v", { ...base, features: { x: sum(col("speed")).over("1h") } }));
    // @ts-expect-error -- no such column, deep in an expression
    void (() => aggregateView("v", { ...base, features: { x: avg(col("speed").gt(1)).over("1h") } }));
    // @ts-expect-error -- no such column, in a maximum
    void (() => aggregateView("v", { ...base, features: { x: max("speed").over("1h") } }));
    // @ts-expect-error -- no such column, in a condition
    void (() => aggregateView("v", { ...base, features: { x: count().where(col("speed").gt(1)).over("1h") } }));
    // @ts-expect-error -- no such column that is a condition
    void (() => aggregateView("v", { ...base, features: { x: count().where(col("delayed")).over("1h") } }));
    // @ts-expect-error -- the sum of texts
    void (() => aggregateView("v", { ...base, features: { x: sum("origin").over("1h") } }));
    // @ts-expect-error -- the mean of texts, as an expression
    void (() => aggregateView("v", { ...base, features: { x: avg(col("origin")).over("1h") } }));
    // @ts-expect-error -- a text compared with a number
    void (() => aggregateView("v", { ...base, features: { x: avg(col("origin").gt(15)).over("1h") } }));
    // @ts-expect-error -- a number that is a condition
    void (() => aggregateView("v", { ...base, features: { x: count().where(col("delay")).over("1h") } }));
    // @ts-expect-error -- an aggregate without windows
    void (() => aggregateView("v", { ...base, features: { x: count() } }));
    const twice = count().where(col("cancelled")).where(col("delayed")).over("1h");
    // @ts-expect-error -- no such column in the second condition
    void (() => aggregateView("v", { ...base, features: { twice } }));
    // @ts-expect-error -- a number that is a condition, as an expression
    void (() => count().where(col("delay").plus(1)));
    // @ts-expect-error -- a window that is no duration
    void (() => count().over("an hour"));
    // @ts-expect-error -- a window of no unit
    void (() => count().over("15"));
  });

  test("has every key of its entity in the source, of its type", () => {
    aggregateView("v", { source: flights, entity: route, features: { n } });
    aggregateView("v", {
      source: flights,
      entity: route.from({ origin: "destination", number: "delay" }),
      features: { n },
    });
    // @ts-expect-error -- the source has no `airport`
    void (() => aggregateView("v", { source: flights, entity: airport, features: { n } }));
    // @ts-expect-error -- the source has no `tail`
    void (() => aggregateView("v", { source: flights, entity: airport.from({ airport: "tail" }), features: { n } }));
    // @ts-expect-error -- a number for a text
    void (() => aggregateView("v", { source: flights, entity: airport.from({ airport: "delay" }), features: { n } }));
    const twice = route.from({ origin: "origin", number: "origin" });
    // @ts-expect-error -- a text for a number
    void (() => aggregateView("v", { source: flights, entity: twice, features: { n } }));
    // @ts-expect-error -- one of the keys is missing
    void (() => route.from({ origin: "origin" }));
    // @ts-expect-error -- a key that the entity does not have
    void (() => aggregateView("v", { source: flights, entity: airport.from({ airprt: "origin" }), features: { n } }));
  });
});

describe("a batch view", () => {
  test("gives its features, or null where there is no row", () => {
    const view = batchView("v", {
      entity: airport,
      sources: [flights],
      sql: "",
      features: { mean: t.float64(), name: t.nullable(t.string()), miles: t.int64() },
      eventTime: "day",
    });
    const service = featureService("s", [view.as("daily", { airport: "origin" })]);
    expectTypeOf<RequestOf<typeof service>>().toEqualTypeOf<{ readonly origin: string }>();
    expectTypeOf<FeaturesOf<typeof service>>().toEqualTypeOf<{
      readonly daily__mean: number | null;
      readonly daily__name: string | null;
      readonly daily__miles: bigint | null;
    }>();
  });
});

describe("an on-demand view", () => {
  test("computes its features from its input", () => {
    onDemandView("v", {
      input: { at: t.timestamp(), n: t.nullable(t.int32()), big: t.int64(), name: t.string() },
      features: { x: t.float64(), y: t.nullable(t.boolean()) },
      compute: (input, context) => {
        expectTypeOf(input).toEqualTypeOf<{
          readonly at: number;
          readonly n: number | null;
          readonly big: bigint;
          readonly name: string;
        }>();
        expectTypeOf(context.t).toEqualTypeOf<number>();
        return { x: 1, y: null };
      },
    });
    const one = { input: { n: t.int32() }, features: { x: t.int32() } } as const;
    const two = { input: { n: t.int32() }, features: { x: t.int32(), y: t.int32() } } as const;
    // @ts-expect-error -- a feature is missing
    void (() => onDemandView("v", { ...two, compute: () => ({ x: 1 }) }));
    // @ts-expect-error -- a feature of another type
    void (() => onDemandView("v", { ...one, compute: () => ({ x: "1" }) }));
    // @ts-expect-error -- null where it may not be
    void (() => onDemandView("v", { ...one, compute: () => ({ x: null }) }));
    // @ts-expect-error -- an input that it does not have
    void (() => onDemandView("v", { ...one, compute: ({ m }) => ({ x: m }) }));
    // @ts-expect-error -- a promise
    void (() => onDemandView("v", { ...one, compute: async () => ({ x: 1 }) }));
  });
});

describe("a service", () => {
  const extra = onDemandView("extra", {
    input: {
      at: t.timestamp(),
      big: t.int64(),
      airport: t.string(),
      maybe: t.nullable(t.int32()),
      since: t.nullable(t.timestamp()),
    },
    features: { x: t.float64() },
    compute: () => ({ x: 1 }),
  });

  test("asks for the inputs of all its views, each once", () => {
    const service = featureService("s", [departures, extra, departures.as("other", { airport: "destination" })]);
    expectTypeOf<RequestOf<typeof service>>().toEqualTypeOf<{
      readonly airport: string;
      readonly at: TimestampInput;
      readonly big: bigint | number;
      readonly maybe: number | null;
      readonly since: TimestampInput | null;
      readonly destination: string;
    }>();
  });

  test("answers what was selected", () => {
    const service = featureService("s", [
      departures.select("n_1h", "first_3h"),
      departures.select("late_3h").as("other"),
    ]);
    expectTypeOf<FeaturesOf<typeof service>>().toEqualTypeOf<{
      readonly departures__n_1h: number;
      readonly departures__first_3h: string | null;
      readonly other__late_3h: number | null;
    }>();
    // @ts-expect-error -- a feature that the view does not have
    void (() => departures.select("n_2h"));
  });

  test("needs an input for every key", () => {
    const view = aggregateView("v", { source: flights, entity: route, features: { n } });
    const service = featureService("s", [view.as("a", { origin: "x", number: "y" })]);
    expectTypeOf<RequestOf<typeof service>>().toEqualTypeOf<{ readonly x: string; readonly y: number }>();
    // @ts-expect-error -- one of two keys
    void (() => view.as("a", { origin: "x" }));
    // @ts-expect-error -- a key that it does not have
    void (() => view.as("a", { airport: "x" }));
  });

  test("an input that several views ask for must do for each of them", () => {
    const strict = onDemandView("strict", {
      input: { maybe: t.int32() },
      features: { x: t.float64() },
      compute: () => ({ x: 1 }),
    });
    const service = featureService("s", [extra, strict]);
    expectTypeOf<RequestOf<typeof service>["maybe"]>().toEqualTypeOf<number>();
  });
});

describe("a model", () => {
  const service = featureService("s", [departures.as("at", { airport: "origin" })]);
  const rest = {
    features: service,
    split: { train: ["2001-01-01", "2001-02-01"], test: ["2001-02-01", "2001-03-01"] },
    trainer: gradientBoostedTrees(),
  } as const;

  test("learns from a source that has its service's inputs", () => {
    const found = model("m", { ...rest, examples: { source: flights, at: "scheduled" }, label: "cancelled" });
    expectTypeOf<RequestOf<typeof found.features>>().toEqualTypeOf<{ readonly origin: string }>();
    model("m", {
      ...rest,
      examples: { source: flights, at: col("scheduled").minus("1h"), where: col("diverted") },
      label: col("delay").gt(15),
    });
    // @ts-expect-error -- no such moment
    void (() => model("m", { ...rest, examples: { source: flights, at: "when" }, label: "delay" }));
    // @ts-expect-error -- no such label
    void (() => model("m", { ...rest, examples: { source: flights, at: "scheduled" }, label: "late" }));
    // @ts-expect-error -- no such column in the label
    void (() => model("m", { ...rest, examples: { source: flights, at: "scheduled" }, label: col("late").gt(15) }));
    // @ts-expect-error -- a label that is a text
    void (() => model("m", { ...rest, examples: { source: flights, at: "scheduled" }, label: "origin" }));
    // @ts-expect-error -- a moment that is no timestamp
    void (() => model("m", { ...rest, examples: { source: flights, at: "origin" }, label: "delay" }));
    const where = col("late");
    // @ts-expect-error -- no such column in the condition
    void (() => model("m", { ...rest, examples: { source: flights, at: "scheduled", where }, label: "delay" }));
    const other = { ...rest, features: featureService("s", [departures]) } as const;
    // @ts-expect-error -- the source has no `airport`, which the service asks for
    void (() => model("m", { ...other, examples: { source: flights, at: "scheduled" }, label: "delay" }));
    const wrong = { ...rest, features: featureService("s", [departures.as("at", { airport: "delay" })]) } as const;
    // @ts-expect-error -- the source has `delay` as a number, the service asks for a text
    void (() => model("m", { ...wrong, examples: { source: flights, at: "scheduled" }, label: "delay" }));
  });
});
