import { describe, expect, test } from "vitest";
import * as flightsExample from "../../../examples/flights/definitions.ts";
import type { AsofError } from "../errors.ts";
import { type ErrorCode } from "../errors.ts";
import { col } from "../expression/expr.ts";
import { minutes } from "../expression/expr-functions.ts";
import { type Fields, t } from "../schema/data-type.ts";
import { aggregateView } from "./aggregate-view.ts";
import { window } from "./named-window.ts";
import { avg, count, sum } from "./numeric-aggregates.ts";
import { last, max } from "./value-aggregates.ts";
import { batchView } from "./batch-view.ts";
import { type Catalog, catalogOf, fingerprintOf, modelNamed, serviceNamed, sourceNamed, viewNamed } from "./catalog.ts";
import type { Definition } from "./data.ts";
import { entity } from "./entity.ts";
import { eventSource } from "./event-source.ts";
import { featureService } from "./feature-service.ts";
import { gradientBoostedTrees, model, randomForest } from "./model.ts";
import { onDemandView } from "./on-demand-view.ts";
import { serviceFeatures } from "./service-features.ts";

/** What may differ between two versions of a project. */
interface Version {
  readonly delay?: "int32" | "float64";
  readonly key?: "string" | "int32";
  readonly eventTime?: "at" | "landed";
  readonly availableAt?: "1m" | "2m" | "at";
  readonly extraField?: boolean;
  readonly tolerance?: "5m" | "6m";
  readonly condition?: 15 | 16;
  readonly hop?: "5m" | "15m";
  readonly sql?: string;
  readonly ttl?: "1d" | "2d";
  readonly factor?: boolean;
  readonly alias?: "origin" | "from";
  readonly until?: "2001-03-01" | "2001-04-01";
  readonly forest?: boolean;
  readonly description?: string;
  readonly shuffled?: boolean;
}

function project(version: Version = {}): Record<string, unknown> {
  const {
    delay = "int32",
    key = "string",
    eventTime = "at",
    availableAt = "1m",
    description,
    shuffled = false,
  } = version;
  const about = description === undefined ? {} : { description, owner: description, tags: [description] };
  const mixed = <T extends object>(data: T): T =>
    shuffled ? (Object.fromEntries(Object.entries(data).reverse()) as T) : data;
  const airport = entity("airport", mixed({ airport: t[key](), code: t.int32() }) as Fields, about);
  const flights = eventSource("flights", {
    fields: mixed({
      at: t.timestamp(),
      landed: t.timestamp(),
      airport: t[key](),
      code: t.int32(),
      delay: t[delay](),
      late: t.nullable(t.boolean()),
      ...(version.extraField === true ? { extra: t.string() } : {}),
    }) as Fields,
    eventTime: eventTime as never,
    availableAt: availableAt as "1m",
    tolerance: version.tolerance ?? "5m",
    ...about,
  });
  const departures = aggregateView("departures", {
    source: flights,
    entity: airport,
    features: {
      late: count()
        .where(col("delay").gt(version.condition ?? 15))
        .over("3h"),
      delay: avg("delay").over(window("3h", { name: "3h", hop: version.hop ?? "5m" })),
    } as never,
    ...about,
  });
  const daily = batchView("daily", {
    entity: airport,
    sources: [flights],
    sql: version.sql ?? "select 1",
    features: mixed({ mean: t.float64(), n: t.int32() }),
    eventTime: "day",
    ttl: version.ttl ?? "1d",
    ...about,
  });
  const extra = onDemandView("extra", {
    input: mixed({ delay: t[delay](), at: t.timestamp() }) as Fields,
    features: { twice: t.float64() },
    compute: version.factor === true ? () => ({ twice: 3 }) : () => ({ twice: 2 }),
    ...about,
  });
  const service = featureService("service", [departures.as(version.alias ?? "origin"), daily, extra], about);
  const late = model("late", {
    features: service,
    examples: { source: flights, at: "at" },
    label: "late",
    split: { train: ["2001-01-01", "2001-02-01"], test: ["2001-02-01", version.until ?? "2001-03-01"] },
    trainer: version.forest === true ? randomForest() : gradientBoostedTrees(),
    ...about,
  });
  return { airport, flights, departures, daily, extra, service, late };
}

function fingerprints(version: Version): Record<string, string> {
  const catalog = catalogOf(Object.values(project(version)));
  return Object.fromEntries(catalog.all.map((definition) => [definition.name, fingerprintOf(catalog, definition)]));
}

describe("the fingerprint of a definition", () => {
  const before = fingerprints({});

  test("is the same in every run, whatever the order of names and the descriptions", () => {
    expect(fingerprints({})).toEqual(before);
    expect(fingerprints({ description: "other" })).toEqual(before);
    expect(fingerprints({ shuffled: true })).toEqual(before);
    expect(new Set(Object.values(before)).size).toBe(7);
  });

  test.each<[Version, string[]]>([
    [{ key: "int32" }, ["airport", "daily", "departures", "flights", "late", "service"]],
    [{ delay: "float64" }, ["daily", "departures", "extra", "flights", "late", "service"]],
    [{ eventTime: "landed" }, ["daily", "departures", "flights", "late", "service"]],
    [{ availableAt: "2m" }, ["daily", "departures", "flights", "late", "service"]],
    [{ availableAt: "at" }, ["daily", "departures", "flights", "late", "service"]],
    // A view that does not read the field stays as it is; SQL might read it, and so might a model.
    [{ extraField: true }, ["daily", "flights", "late", "service"]],
    [{ tolerance: "6m" }, ["daily", "flights", "late", "service"]],
    [{ condition: 16 }, ["departures", "late", "service"]],
    [{ hop: "15m" }, ["departures", "late", "service"]],
    [{ sql: "select 2" }, ["daily", "late", "service"]],
    [{ ttl: "2d" }, ["daily", "late", "service"]],
    [{ factor: true }, ["extra", "late", "service"]],
    [{ alias: "from" }, ["late", "service"]],
    [{ until: "2001-04-01" }, ["late"]],
    [{ forest: true }, ["late"]],
  ])("changes with %j in what rests on it: %j", (version, expected) => {
    const after = fingerprints(version);
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(expect.arrayContaining(expected));
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toHaveLength(expected.length);
  });

  test("of a view in which the order of records decides depends on all of its source's fields, and on its order", () => {
    const of = (aggregate: "last" | "max", version: { extra?: boolean; order?: "at" | "n" }): string => {
      const airport = entity("airport", { airport: t.string() });
      const fields = { at: t.timestamp(), airport: t.string(), n: t.int32() };
      const { extra = false, order } = version;
      const flights = eventSource("flights", {
        fields: extra ? { ...fields, extra: t.int32() } : fields,
        eventTime: "at",
        ...(order === undefined ? {} : { order }),
      });
      const features = { n: (aggregate === "last" ? last("n") : max("n")).over("3h") };
      const view = aggregateView("view", { source: flights, entity: airport, features });
      const catalog = catalogOf([airport, flights, view]);
      return fingerprintOf(catalog, catalog.views.get("view")!);
    };
    const versions = [{}, { extra: true }, { order: "at" }, { order: "n" }] as const;
    expect(new Set(versions.map((version) => of("last", version))).size).toBe(4);
    expect(new Set(versions.map((version) => of("max", version))).size).toBe(1);
  });

  test("of a view depends on whether records of its source can be withdrawn", () => {
    const of = (id?: ["user"] | ["user", "at"]): string => {
      const user = entity("user", { user: t.string() });
      const clicks = eventSource("clicks", {
        fields: { at: t.timestamp(), user: t.string() },
        eventTime: "at",
        ...(id === undefined ? {} : { id }),
      });
      const view = aggregateView("clicked", { source: clicks, entity: user, features: { n: count().over("1h") } });
      expect("retractable" in view.view).toBe(id !== undefined);
      return fingerprintOf(catalogOf([user, clicks, view]), view.view);
    };
    expect(of(["user"])).not.toBe(of());
    expect(of(["user"])).toBe(of(["user", "at"]));
  });

  test("of a view depends on the types that its times are computed from", () => {
    const of = (distance: "int32" | "float64"): string => {
      const airport = entity("airport", { airport: t.string() });
      const flights = eventSource("flights", {
        fields: { at: t.timestamp(), airport: t.string(), distance: t[distance]() },
        eventTime: col("at").plus(minutes(col("distance"))),
      });
      const view = aggregateView("view", { source: flights, entity: airport, features: { n: count().over("3h") } });
      const catalog = catalogOf([airport, flights, view]);
      return fingerprintOf(catalog, catalog.views.get("view")!);
    };
    expect(of("int32")).not.toBe(of("float64"));
    expect(of("int32")).toBe(of("int32"));
  });
});

describe("definitions", () => {
  test("are frozen all the way down, and JSON tells all of them", () => {
    const inner = { kind: "string", nullable: false } as const;
    const shallow = Object.freeze({ airport: inner });
    const catalog = catalogOf([...Object.values(project()), entity("other", shallow)]);
    const frozen = (data: unknown): boolean =>
      typeof data !== "object" || data === null || (Object.isFrozen(data) && Object.values(data).every(frozen));
    for (const definition of catalog.all) {
      expect(frozen(definition)).toBe(true);
      expect(JSON.parse(JSON.stringify(definition))).toStrictEqual(definition);
    }
  });
});

describe("the catalog", () => {
  test("has everything once, in the order of the flow, whatever else modules export", () => {
    const exported = project();
    const { departures } = exported as {
      departures: ReturnType<typeof flightsExample.departures.as> & typeof flightsExample.departures;
    };
    const catalog = catalogOf([
      null,
      7,
      "text",
      () => 1,
      {},
      { definition: { kind: "other" } },
      departures.as("alias"),
      departures.select("late_3h" as never),
      ...Object.values(exported).reverse(),
      ...Object.values(exported),
      ...Object.values(project()),
    ]);
    expect(catalog.all.map(({ name }) => name)).toEqual([
      "airport",
      "flights",
      "departures",
      "daily",
      "extra",
      "service",
      "late",
    ]);
    expect([...catalog.views.keys()]).toEqual(["departures", "daily", "extra"]);
    expect([...catalog.functions.keys()]).toEqual(["extra"]);
  });

  test.each(["airport", "flights", "departures", "service"])("needs what its definitions refer to: %s", (missing) => {
    const exported = Object.entries(project()).filter(([name]) => name !== missing);
    expect(() => catalogOf(exported.map(([, value]) => value))).toThrow(
      expect.objectContaining({
        code: "ASOF_DEFINITION",
        details: expect.objectContaining({ missing }) as object,
      }) as AsofError,
    );
  });

  test("refuses two definitions of one name", () => {
    for (const other of [entity("flights", { a: t.string() }), entity("airport", { a: t.string() })])
      expect(() => catalogOf([...Object.values(project()), other])).toThrow(
        expect.objectContaining({ code: "ASOF_DEFINITION", details: { name: other.definition.name } }) as AsofError,
      );
  });

  test.each<[string, ErrorCode, (catalog: Catalog, name: string) => Definition, string]>([
    ["source", "ASOF_UNKNOWN_SOURCE", sourceNamed, "flights"],
    ["view", "ASOF_UNKNOWN_VIEW", viewNamed, "departures"],
    ["service", "ASOF_UNKNOWN_SERVICE", serviceNamed, "service"],
    ["model", "ASOF_UNKNOWN_MODEL", modelNamed, "late"],
  ])("knows a %s by its name, and says %s otherwise", (_, code, named, name) => {
    const catalog = catalogOf(Object.values(project()));
    expect(named(catalog, name).name).toBe(name);
    for (const unknown of ["nothing", "airport", "constructor"])
      expect(() => named(catalog, unknown)).toThrow(
        expect.objectContaining({ code, details: expect.objectContaining({ name: unknown }) as object }) as AsofError,
      );
    expect(() => named(catalogOf([]), name)).toThrow(expect.objectContaining({ code }) as AsofError);
  });
});

test("the flights example is a catalog", () => {
  const catalog = catalogOf(Object.values(flightsExample));
  expect(catalog.all.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "entity airport",
    "source flights",
    "aggregateView arrivals",
    "aggregateView departures",
    "batchView airport_daily",
    "onDemandView calendar",
    "service late_flight",
    "model late_flight_model",
  ]);
  const service = catalog.services.get("late_flight")!;
  expect(Object.keys(service.inputs).sort()).toEqual(["destination", "distance", "origin", "scheduled"]);
  const features = serviceFeatures(catalog, service);
  expect(Object.keys(features)).toHaveLength(3 * 10 + 2 + 3);
  expect(features["origin__flights_3h"]).toEqual({ kind: "float64", nullable: false });
  expect(features["inbound__late_7d"]).toEqual({ kind: "float64", nullable: true });
  expect(features["yesterday__flights"]).toEqual({ kind: "int32", nullable: true });
  expect(features["calendar__hour"]).toEqual({ kind: "int32", nullable: false });
});

test("a column by its name and as an expression are the same", () => {
  expect(sum("delay")).toEqual(sum(col("delay")));
});
