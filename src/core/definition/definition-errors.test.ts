import { describe, expect, test } from "vitest";
import { col } from "../expression/expr.ts";
import { minutes } from "../expression/expr-functions.ts";
import { AsofError, type ErrorCode } from "../errors.ts";
import { type DataType, t } from "../schema/data-type.ts";
import { aggregateView } from "./aggregate-view.ts";
import { Aggregate } from "./aggregate.ts";
import { histogram, topK } from "./distinct-aggregates.ts";
import { series, window } from "./named-window.ts";
import { avg, count, quantile, sum } from "./numeric-aggregates.ts";
import { lastN, max, min } from "./value-aggregates.ts";
import { batchView } from "./batch-view.ts";
import { entity } from "./entity.ts";
import { eventSource } from "./event-source.ts";
import { featureService } from "./feature-service.ts";
import { gradientBoostedTrees, model } from "./model.ts";
import { onDemandView } from "./on-demand-view.ts";
import type { View } from "./view.ts";

/** Definitions as JavaScript may write them: what TypeScript refuses, too, must be refused by its code. */
type Loose = (...args: never[]) => unknown;
const loose = (f: Loose): ((...args: readonly unknown[]) => unknown) => f as never;

const fields = {
  at: t.timestamp(),
  known: t.nullable(t.timestamp()),
  airport: t.string(),
  delay: t.int32(),
  late: t.boolean(),
};
const airport = entity("airport", { airport: t.string() });
const flights = eventSource("flights", { fields, eventTime: "at" });
const departures = aggregateView("departures", {
  source: flights,
  entity: airport,
  features: { n: count().over("1h") },
});
const extra = onDemandView("extra", {
  input: { delay: t.int32() },
  features: { twice: t.int32() },
  compute: ({ delay }) => ({ twice: delay * 2 }),
});
const collections = aggregateView("collections", {
  source: flights,
  entity: airport,
  features: { n: count().over("1h", series("1h", { count: 3 })), delays: lastN("delay", 2).over("1h") },
});
const maps = aggregateView("maps", {
  source: flights,
  entity: airport,
  features: { n: count().per("delay").over("1h") },
});
/** As JavaScript would have it. */
const perDelay = (aggregate: { per: unknown }): Aggregate<unknown, number> =>
  (aggregate.per as (by: string) => Aggregate<unknown, number>).call(aggregate, "delay");
const service = featureService("service", [departures, extra]);
const view =
  (options: object): (() => unknown) =>
  () =>
    loose(aggregateView)("view", { source: flights, entity: airport, features: { n: count().over("1h") }, ...options });
const source =
  (options: object): (() => unknown) =>
  () =>
    loose(eventSource)("source", { fields, eventTime: "at", ...options });
const daily =
  (options: object): (() => unknown) =>
  () =>
    loose(batchView)("daily", {
      entity: airport,
      sources: [flights],
      sql: "select 1",
      features: { mean: t.float64() },
      eventTime: "day",
      ...options,
    });
const late =
  (options: object): (() => unknown) =>
  () =>
    loose(model)("late", {
      features: service,
      examples: { source: flights, at: "at" },
      label: "late",
      split: { train: ["2001-01-01", "2001-02-01"], test: ["2001-02-01", "2001-03-01"] },
      trainer: gradientBoostedTrees(),
      ...options,
    });

const refused: readonly [string, ErrorCode, () => unknown][] = [
  ["a name in upper case", "ASOF_DEFINITION", () => entity("Airport", { a: t.string() })],
  ["a name with a blank", "ASOF_DEFINITION", () => entity("air port", { a: t.string() })],
  ["a name with two underscores", "ASOF_DEFINITION", () => entity("air__port", { a: t.string() })],
  ["a name that ends in an underscore", "ASOF_DEFINITION", () => entity("airport_", { a: t.string() })],
  ["a name that begins with a digit", "ASOF_DEFINITION", () => entity("1airport", { a: t.string() })],
  ["an empty name", "ASOF_DEFINITION", () => entity("", { a: t.string() })],
  ["a name of 64 letters", "ASOF_DEFINITION", () => entity("a".repeat(64), { a: t.string() })],
  ["no name", "ASOF_DEFINITION", () => loose(entity)(undefined, { a: t.string() })],
  ["an entity without keys", "ASOF_DEFINITION", () => entity("airport", {})],
  ["a key with a system column's name", "ASOF_DEFINITION", () => entity("airport", { __event: t.string() })],
  [
    "fields that differ in case alone",
    "ASOF_DEFINITION",
    () => entity("airport", { code: t.string(), Code: t.string() }),
  ],
  ["a source without fields", "ASOF_DEFINITION", source({ fields: {} })],
  ["a source's field with a dot", "ASOF_DEFINITION", source({ fields: { at: t.timestamp(), "a.b": t.int32() } })],
  ["an event time that is no field", "ASOF_UNKNOWN_FIELD", source({ eventTime: "then" })],
  ["an event time that is the name of a method", "ASOF_UNKNOWN_FIELD", source({ eventTime: "constructor" })],
  ["an event time that is no time", "ASOF_DEFINITION", source({ eventTime: "delay" })],
  ["an event time that is a duration", "ASOF_DEFINITION", source({ eventTime: minutes(3) })],
  ["an available time that is no time", "ASOF_DEFINITION", source({ availableAt: "airport" })],
  ["an available time that is no field", "ASOF_UNKNOWN_FIELD", source({ availableAt: "landed" })],
  ["a delay that is no duration", "ASOF_WINDOW", source({ availableAt: "15" })],
  ["a tolerance that is no duration", "ASOF_WINDOW", source({ tolerance: "five minutes" })],
  ["a view without features", "ASOF_DEFINITION", view({ features: {} })],
  ["a feature with a capital", "ASOF_DEFINITION", view({ features: { N: count().over("1h") } })],
  ["a feature with two underscores", "ASOF_DEFINITION", view({ features: { a__b: count().over("1h") } })],
  ["a window twice", "ASOF_DEFINITION", view({ features: { n: count().over("1h", "1h") } })],
  [
    "two features of one name",
    "ASOF_DEFINITION",
    view({
      features: { a: count().over(window("1h", { name: "b_c" })), a_b: count().over(window("1h", { name: "c" })) },
    }),
  ],
  [
    "hops that do not divide one another",
    "ASOF_WINDOW",
    view({
      features: { n: count().over(window("10m", { name: "a", hop: "2m" }), window("9m", { name: "b", hop: "3m" })) },
    }),
  ],
  ["no window", "ASOF_WINDOW", () => count().over()],
  ["a window that is no duration", "ASOF_WINDOW", () => count().over("1.5h")],
  ["a window of nothing", "ASOF_WINDOW", () => count().over("0s")],
  ["a window that its hop does not divide", "ASOF_WINDOW", () => count().over("61m")],
  ["a window's name with a capital", "ASOF_WINDOW", () => window("1h", { name: "Hour" })],
  ["a lifetime with an offset", "ASOF_WINDOW", () => window("lifetime", { name: "before", offset: "1d" })],
  ["a column that the source lacks", "ASOF_UNKNOWN_FIELD", view({ features: { n: sum("speed").over("1h") } })],
  [
    "a column that the condition lacks",
    "ASOF_UNKNOWN_FIELD",
    view({ features: { n: count().where(col("x").gt(1)).over("1h") } }),
  ],
  ["the sum of texts", "ASOF_DEFINITION", view({ features: { n: sum("airport").over("1h") } })],
  ["the mean of times", "ASOF_DEFINITION", view({ features: { n: avg("at").over("1h") } })],
  [
    "the maximum of a duration",
    "ASOF_EXPRESSION",
    view({ features: { n: new Aggregate({ kind: "max" }, minutes(col("delay")).expression).over("1h") } }),
  ],
  [
    "a condition that is no condition",
    "ASOF_DEFINITION",
    view({ features: { n: count().where(col("delay")).over("1h") } }),
  ],
  ["a key that the source lacks", "ASOF_UNKNOWN_FIELD", view({ entity: entity("plane", { tail: t.string() }) })],
  ["a key that is the name of a method", "ASOF_UNKNOWN_FIELD", view({ entity: airport.from({ airport: "toString" }) })],
  ["a key of another type", "ASOF_DEFINITION", view({ entity: airport.from({ airport: "delay" }) })],
  ["a key that is not bound", "ASOF_UNKNOWN_FIELD", view({ entity: airport.from({} as never) })],
  ["a batch view without features", "ASOF_DEFINITION", daily({ features: {} })],
  ["a batch view's feature that is a key", "ASOF_DEFINITION", daily({ features: { airport: t.string() } })],
  ["a batch view's feature that is its event time", "ASOF_DEFINITION", daily({ features: { day: t.timestamp() } })],
  ["a batch view's event time that is a key", "ASOF_DEFINITION", daily({ eventTime: "airport" })],
  ["a batch view's event time without a name", "ASOF_DEFINITION", daily({ eventTime: undefined })],
  [
    "a batch view's column that differs from a key in case alone",
    "ASOF_DEFINITION",
    daily({ features: { Airport: t.string() } }),
  ],
  ["a time to live that is no duration", "ASOF_WINDOW", daily({ ttl: "long" })],
  ["a delay of a batch view that is no duration", "ASOF_WINDOW", daily({ delay: "-1h" })],
  [
    "an on-demand view without input",
    "ASOF_DEFINITION",
    () => onDemandView("calm", { input: {}, features: { a: t.int32() }, compute: () => ({ a: 1 }) }),
  ],
  [
    "an on-demand view without features",
    "ASOF_DEFINITION",
    () => onDemandView("calm", { input: { a: t.int32() }, features: {}, compute: () => ({}) }),
  ],
  ["a service without views", "ASOF_DEFINITION", () => featureService("empty", [])],
  ["two views of one alias", "ASOF_DEFINITION", () => featureService("twice", [departures, departures])],
  ["an alias that is no name", "ASOF_DEFINITION", () => departures.as("a__b")],
  ["an alias without an input for a key", "ASOF_DEFINITION", () => departures.as("other", {} as never)],
  ["an input with a system column's name", "ASOF_DEFINITION", () => departures.as("other", { airport: "__t" })],
  [
    "an input for keys of different types",
    "ASOF_DEFINITION",
    () =>
      onDemandView("both", {
        input: { a: t.int32(), b: t.string() },
        features: { c: t.int32() },
        compute: () => ({ c: 1 }),
      }).as("x", { a: "k", b: "k" }),
  ],
  [
    "an input of two types",
    "ASOF_DEFINITION",
    () => featureService("mixed", [departures.as("a", { airport: "delay" }), extra]),
  ],
  [
    "inputs that differ in case alone",
    "ASOF_DEFINITION",
    () => featureService("mixed", [departures.as("a", { airport: "Delay" }), extra]),
  ],
  ["a feature that the view lacks", "ASOF_DEFINITION", () => departures.select("n_2h" as never)],
  ["a model's moment that is no time", "ASOF_DEFINITION", late({ examples: { source: flights, at: "delay" } })],
  ["a model's moment that is no field", "ASOF_UNKNOWN_FIELD", late({ examples: { source: flights, at: "then" } })],
  [
    "a model's condition that is no condition",
    "ASOF_DEFINITION",
    late({ examples: { source: flights, at: "at", where: col("delay") } }),
  ],
  ["a sample of nothing", "ASOF_DEFINITION", late({ examples: { source: flights, at: "at", sample: 0 } })],
  ["half a sample", "ASOF_DEFINITION", late({ examples: { source: flights, at: "at", sample: 1.5 } })],
  ["a label that is a text", "ASOF_DEFINITION", late({ label: "airport" })],
  ["a label that is no field", "ASOF_UNKNOWN_FIELD", late({ label: "delayed" })],
  [
    "a service's input that the examples lack",
    "ASOF_DEFINITION",
    late({ features: featureService("other", [departures.as("a", { airport: "origin" })]) }),
  ],
  [
    "a service's input of another type",
    "ASOF_DEFINITION",
    late({ features: featureService("other", [departures.as("a", { airport: "delay" })]) }),
  ],
  ["an order that is no field", "ASOF_UNKNOWN_FIELD", source({ order: "seq" })],
  ["a quantile beyond 1", "ASOF_DEFINITION", view({ features: { n: quantile("delay", 1.5).over("1h") } })],
  ["a quantile of texts", "ASOF_DEFINITION", view({ features: { n: quantile("airport" as never, 0.5).over("1h") } })],
  ["a histogram of times", "ASOF_DEFINITION", view({ features: { n: histogram("at").over("1h") } })],
  ["no last values", "ASOF_DEFINITION", view({ features: { n: lastN("delay", 0).over("1h") } })],
  [
    "more of the most frequent values than may be counted",
    "ASOF_DEFINITION",
    view({ features: { n: topK("delay", 3, { limit: 2 }).over("1h") } }),
  ],
  ["sums per time", "ASOF_DEFINITION", view({ features: { n: count().per("at").over("1h") } })],
  ["sums per nothing known", "ASOF_UNKNOWN_FIELD", view({ features: { n: count().per("speed").over("1h") } })],
  ["lists per value", "ASOF_DEFINITION", view({ features: { n: perDelay(lastN("delay", 2)).over("1h") } })],
  ["values per value per value", "ASOF_DEFINITION", () => perDelay(perDelay(count()))],
  ["no values at all", "ASOF_DEFINITION", view({ features: { n: count().per("delay", { limit: 0 }).over("1h") } })],
  [
    "a series of maps",
    "ASOF_DEFINITION",
    view({
      features: {
        n: count()
          .per("delay")
          .over(series("1h", { count: 2 })),
      },
    }),
  ],
  ["a model that is to learn from maps", "ASOF_DEFINITION", late({ features: featureService("maps", [maps, extra]) })],
  ["a series without elements", "ASOF_WINDOW", () => series("1h", { count: 0 })],
  ["a series of half an element", "ASOF_WINDOW", () => series("1h", { count: 1.5 })],
  ["a series whose hop does not divide its step", "ASOF_WINDOW", () => series("1h", { count: 2, hop: "7m" })],
  [
    "a series of lists",
    "ASOF_DEFINITION",
    view({ features: { n: lastN("delay", 2).over(series("1h", { count: 2 })) } }),
  ],
  [
    "a model that is to learn from lists",
    "ASOF_DEFINITION",
    late({ features: featureService("lists", [collections, extra]) }),
  ],
  [
    "a model that is to learn from a selected series",
    "ASOF_DEFINITION",
    late({ features: featureService("lists", [collections.select("n_1h_x3"), extra]) }),
  ],
  [
    "a test before the training",
    "ASOF_DEFINITION",
    late({ split: { train: ["2001-02-01", "2001-03-01"], test: ["2001-01-01", "2001-02-01"] } }),
  ],
  [
    "a test during the training",
    "ASOF_DEFINITION",
    late({ split: { train: ["2001-01-01", "2001-03-01"], test: ["2001-02-01", "2001-04-01"] } }),
  ],
  [
    "training on no time",
    "ASOF_DEFINITION",
    late({ split: { train: ["2001-01-01", "2001-01-01"], test: ["2001-02-01", "2001-04-01"] } }),
  ],
  [
    "a split that is no time",
    "ASOF_TIMESTAMP",
    late({ split: { train: ["January", "2001-01-01"], test: ["2001-02-01", "2001-04-01"] } }),
  ],
];

describe("a definition is refused by its code", () => {
  test.each(refused)("%s: %s", (_, code, define) => {
    let error: unknown;
    try {
      define();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AsofError);
    expect((error as AsofError).code).toBe(code);
  });
});

test("what is at the edge of being refused is not", () => {
  const single = featureService("single", [collections.select("n_1h"), extra]);
  expect(late({ features: single })).not.toThrow();
  series("1h", { count: 1000 });
  entity("a".repeat(63), { a: t.string() });
  entity("x_1_y", { camelCase_2: t.string(), constructor: t.string() });
  const source = eventSource("source", { fields: { ...fields, constructor: t.string() }, eventTime: "at" });
  const owner = entity("owner", { constructor: t.string() });
  const view = aggregateView("view", {
    source,
    entity: owner,
    features: { n: count().over("1h"), x: max("at").over("lifetime"), y: min("late").over("12s") },
  });
  expect(featureService("of_owners", [view, extra]).definition.inputs).toEqual({
    constructor: t.string(),
    delay: t.int32(),
  });
});

test("an input that several views ask for must do for each of them", () => {
  const asking = (name: string, x: DataType<"float64">): View =>
    onDemandView(name, { input: { x }, features: { y: t.int32() }, compute: () => ({ y: 1 }) });
  const any = asking("any", t.nullable(t.float64({ nonFinite: true })));
  const finite = asking("finite", t.nullable(t.float64()));
  const wild = asking("wild", t.float64({ nonFinite: true }));
  expect(featureService("s", [any]).definition.inputs["x"]).toEqual({
    kind: "float64",
    nullable: true,
    nonFinite: true,
  });
  expect(featureService("s", [any, finite]).definition.inputs["x"]).toEqual({ kind: "float64", nullable: true });
  expect(featureService("s", [finite, wild]).definition.inputs["x"]).toEqual({ kind: "float64", nullable: false });
  expect(featureService("s", [any, wild]).definition.inputs["x"]).toEqual({
    kind: "float64",
    nullable: false,
    nonFinite: true,
  });
});

test("what an aggregation refuses names the view and the feature", () => {
  const refusal = (define: () => unknown): AsofError => {
    try {
      define();
    } catch (error) {
      if (error instanceof AsofError) return error;
    }
    throw new Error("nothing was refused");
  };
  const quantiles = refusal(view({ features: { n: quantile("delay", 1.5).over("1h") } }));
  expect(quantiles.message).toBe("view view, feature n: quantile: q must be from 0 to 1, not 1.5");
  expect(quantiles.details).toMatchObject({ view: "view", feature: "n", option: "q" });
  const hops = refusal(
    view({
      features: { n: count().over(window("2h", { name: "a", hop: "2m" }), window("3h", { name: "b", hop: "3m" })) },
    }),
  );
  expect(hops.message).toBe("view view: the hops 2m and 3m of one view do not divide one another");
  expect(hops.details).toMatchObject({ view: "view" });
});
