import { expect, test } from "vitest";
import {
  aggregateView,
  batchView,
  count,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  model,
  t,
} from "../../index.ts";
import { keyCarriers } from "./key-carriers.ts";

const airport = entity("airport", { airport: t.string() });
const route = entity("route", { from: t.string(), to: t.string() });
const fields = { at: t.timestamp(), origin: t.string(), destination: t.nullable(t.string()), late: t.boolean() };
const flights = eventSource("flights", { fields, eventTime: "at" });
const weather = eventSource("weather", { fields: { at: t.timestamp(), airport: t.string() }, eventTime: "at" });
const other = eventSource("other", { fields: { at: t.timestamp(), place: t.string() }, eventTime: "at" });
const asked = eventSource("asked", {
  fields: { at: t.timestamp(), leaving: t.string(), from: t.string(), to: t.string(), late: t.boolean() },
  eventTime: "at",
});
const features = { n: count().over("1d") };
const departures = aggregateView("departures", {
  source: flights,
  entity: airport.from({ airport: "origin" }),
  features,
});
const arrivals = aggregateView("arrivals", {
  source: flights,
  entity: airport.from({ airport: "destination" }),
  features,
});
const routes = aggregateView("routes", {
  source: flights,
  entity: route.from({ from: "origin", to: "destination" }),
  features,
});
const daily = batchView("daily", {
  entity: airport,
  sources: [weather, other],
  sql: "select airport, event_time as until, 1 as n from weather, other",
  features: { n: t.int32() },
  eventTime: "until",
});
const service = featureService("service", [departures.as("leaving", { airport: "leaving" }), routes]);
const late = model("late", {
  features: service,
  examples: { source: asked, at: "at" },
  label: "late",
  split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
  trainer: gradientBoostedTrees(),
});
const definitions = [airport, route, flights, weather, other, asked, service, late].map(({ definition }) => definition);
const all = [...definitions, ...[departures, arrivals, routes, daily].map(({ view }) => view)];

const told = (of: typeof airport | typeof route): unknown =>
  keyCarriers(all, of.definition)
    .map(({ kind, name, columns }) => [kind, name, columns])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

test("sources, batch views and served logs carry the keys of their entity", () => {
  expect(told(airport)).toEqual([
    ["batchView", "daily", { airport: "airport" }],
    ["model", "late", { airport: "leaving" }],
    ["source", "asked", { airport: "leaving" }],
    ["source", "flights", { airport: "destination" }],
    ["source", "flights", { airport: "origin" }],
    ["source", "weather", { airport: "airport" }],
  ]);
  expect(told(route)).toEqual([
    ["model", "late", { from: "from", to: "to" }],
    ["source", "asked", { from: "from", to: "to" }],
    ["source", "flights", { from: "origin", to: "destination" }],
  ]);
});

test("all versions of a stream are meant, and no other's", () => {
  const streams = ["daily.0123abcd", "daily", "daily.x.0123abcd", "served.late.0123abcd", "served.late", "flights"];
  const matched = keyCarriers(all, airport.definition).flatMap(({ name, matches }) =>
    streams.filter(matches).map((stream) => [name, stream]),
  );
  expect(new Map(matched as [string, string][])).toEqual(
    new Map([
      ["daily", "daily.0123abcd"],
      ["late", "served.late.0123abcd"],
      ["flights", "flights"],
    ]),
  );
});
