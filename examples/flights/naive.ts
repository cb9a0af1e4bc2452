import {
  aggregateView,
  avg,
  col,
  count,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  model,
  t,
} from "asof";
import { calendar as calendarView } from "./definitions.ts";

// What not to do: the scheduled departure as the event, and nothing said of when a flight's delay is known. The
// features then see the delays of flights that are still in the air. Held out, such a model looks better than the
// honest one; in production nobody could tell it those delays.

export const airport = entity("airport", { airport: t.string() });

export const flights = eventSource("flights", {
  fields: {
    scheduled: t.timestamp(),
    delay: t.int32(),
    distance: t.int32(),
    origin: t.string(),
    destination: t.string(),
  },
  columns: { scheduled: "date" },
  eventTime: "scheduled",
});

const late = avg(col("delay").gt(15)).over("1h", "3h", "1d", "7d");
const left = count().over("1h", "3h", "1d", "7d");

export const departures = aggregateView("departures", {
  source: flights,
  entity: airport.from({ airport: "origin" }),
  features: { flights: left, late, delay: avg("delay").over("3h", "7d") },
});

export const arrivals = aggregateView("arrivals", {
  source: flights,
  entity: airport.from({ airport: "destination" }),
  features: { flights: left, late, delay: avg("delay").over("3h", "7d") },
});

export const calendar = calendarView;

export const naiveFlight = featureService("naive_flight", [
  departures.as("origin", { airport: "origin" }),
  arrivals.as("destination", { airport: "destination" }),
  arrivals.as("inbound", { airport: "origin" }),
  calendar,
]);

export const naiveModel = model("naive_model", {
  features: naiveFlight,
  examples: { source: flights, at: "scheduled", sample: 40_000 },
  label: col("delay").gt(15),
  split: { train: ["2001-01-08", "2001-06-15"], test: ["2001-06-15", "2001-06-24"] },
  trainer: gradientBoostedTrees(),
});
