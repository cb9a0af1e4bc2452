import {
  aggregateView,
  avg,
  batchView,
  col,
  count,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  greatest,
  minutes,
  model,
  onDemandView,
  t,
} from "asof";

export const airport = entity("airport", { airport: t.string() });

const scheduled = col("scheduled");

/** A flight lands half an hour of taxiing and its distance at 8 miles a minute after it should have left, plus its delay. */
const landing = greatest(
  scheduled,
  scheduled
    .plus(minutes(30))
    .plus(minutes(col("distance").div(8)))
    .plus(minutes(col("delay"))),
);

export const flights = eventSource("flights", {
  description: "US flights of January to June 2001; a flight is known ten minutes after it has landed.",
  fields: {
    scheduled: t.timestamp(),
    delay: t.int32(),
    distance: t.int32(),
    origin: t.string(),
    destination: t.string(),
  },
  columns: { scheduled: "date" },
  eventTime: landing,
  availableAt: landing.plus("10m"),
});

const late = avg(col("delay").gt(15)).over("1h", "3h", "1d", "7d");
const landed = count().over("1h", "3h", "1d", "7d");

export const departures = aggregateView("departures", {
  description: "Flights that left an airport and have landed elsewhere.",
  source: flights,
  entity: airport.from({ airport: "origin" }),
  features: { flights: landed, late, delay: avg("delay").over("3h", "7d") },
});

export const arrivals = aggregateView("arrivals", {
  description: "Flights that landed at an airport.",
  source: flights,
  entity: airport.from({ airport: "destination" }),
  features: { flights: landed, late, delay: avg("delay").over("3h", "7d") },
});

export const airportDaily = batchView("airport_daily", {
  description: "An airport's departures of the last finished day.",
  entity: airport,
  sources: [flights],
  sql: `
    select origin as airport,
           date_trunc('day', event_time) + interval 1 day as day,
           avg(delay)::double as mean_delay,
           count(*)::integer as flights
    from flights
    where available_time < date_trunc('day', event_time) + interval 1 day
    group by all`,
  features: { mean_delay: t.float64(), flights: t.int32() },
  eventTime: "day",
  ttl: "3d",
  delay: "2h",
});

export const calendar = onDemandView("calendar", {
  description: "What the clock and the map say of a flight.",
  input: { scheduled: t.timestamp(), distance: t.int32() },
  features: { hour: t.int32(), weekday: t.int32(), miles: t.int32() },
  compute: ({ scheduled, distance }) => {
    const at = new Date(scheduled / 1000);
    return { hour: at.getHours(), weekday: at.getDay(), miles: distance };
  },
});

export const lateFlight = featureService("late_flight", [
  departures.as("origin", { airport: "origin" }),
  arrivals.as("destination", { airport: "destination" }),
  arrivals.as("inbound", { airport: "origin" }),
  airportDaily.as("yesterday", { airport: "origin" }),
  calendar,
]);

export const lateFlightModel = model("late_flight_model", {
  features: lateFlight,
  examples: { source: flights, at: "scheduled", sample: 55_000 },
  label: col("delay").gt(15),
  split: { train: ["2001-01-08", "2001-06-15"], test: ["2001-06-15", "2001-06-24"] },
  trainer: gradientBoostedTrees(),
});
