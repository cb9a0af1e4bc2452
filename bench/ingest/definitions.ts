import { aggregateView, avg, col, count, entity, eventSource, featureService, sum, t } from "../../src/index.ts";

// What the load is counted into: flights by airport and by route, and payments by one of a million users.

const airport = entity("airport", { airport: t.string() });
const route = entity("route", { from: t.string(), to: t.string() });
const user = entity("user", { user: t.int32() });

const flights = eventSource("flights", {
  fields: {
    scheduled: t.timestamp(),
    delay: t.int32(),
    distance: t.int32(),
    origin: t.string(),
    destination: t.string(),
  },
  eventTime: "scheduled",
  availableAt: "scheduled",
});

const late = avg(col("delay").gt(15));

const departures = aggregateView("departures", {
  source: flights,
  entity: airport.from({ airport: "origin" }),
  features: {
    flights: count().over("1h", "1d"),
    late: late.over("3h", "7d"),
    delay: avg("delay").over("1d", "7d"),
  },
});

const arrivals = aggregateView("arrivals", {
  source: flights,
  entity: airport.from({ airport: "destination" }),
  features: {
    flights: count().over("1h", "1d"),
    late: late.over("3h", "7d"),
    delay: avg("delay").over("1d", "7d"),
  },
});

const routes = aggregateView("routes", {
  source: flights,
  entity: route.from({ from: "origin", to: "destination" }),
  features: { flights: count().over("1d", "30d"), delay: avg("delay").over("7d"), miles: sum("distance").over("30d") },
});

const payments = eventSource("payments", {
  fields: { at: t.timestamp(), user: t.int32(), amount: t.float64() },
  eventTime: "at",
  availableAt: "at",
});

const spending = aggregateView("spending", {
  source: payments,
  entity: user.from({ user: "user" }),
  features: { payments: count().over("1d", "7d"), amount: sum("amount").over("1d", "7d") },
});

const flightService = featureService("flight", [
  departures.as("origin", { airport: "origin" }),
  arrivals.as("destination", { airport: "destination" }),
  routes.as("route", { from: "origin", to: "destination" }),
]);

const userService = featureService("user_spending", [spending]);

export const definitions = {
  airport,
  route,
  user,
  flights,
  departures,
  arrivals,
  routes,
  payments,
  spending,
  flightService,
  userService,
};
