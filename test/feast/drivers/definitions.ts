// The definitions of the Feast project drivers, made by `asof import feast` from registry.db, of 2026-11-25T21:45:32Z.
// They are yours now: change them as you like.
//
// What is not taken over as it is:
// FEAST_ON_DEMAND boosted: an on-demand view is Python: write it as an onDemandView
// FEAST_TYPE customer_orders: feature note: a feature or key of a type or a name that there cannot be is left out
// FEAST_TYPE customer_orders: feature scores: a feature or key of a type or a name that there cannot be is left out
// FEAST_NULLS driver_live: a null that is pushed leaves the value before it, as last values are of records that have one
// FEAST_TTL driver_live: a time to live of pushed features ends with a window's hop
// FEAST_SERVICE with_boost: boosted: a service lacks what was left out

import { aggregateView, batchView, entity, eventSource, featureService, last, t, window } from "asof";

export const customerDriver = entity("customer_driver", { customer_id: t.string(), driver_id: t.int64() });

export const driver = entity("driver", { driver_id: t.int64() }, {
  description: "A driver",
});

export const driverPush = eventSource("driver_push", {
  fields: {
    event_timestamp: t.timestamp(),
    driver_id: t.int64(),
    conv_rate: t.nullable(t.float64()),
    speed: t.nullable(t.float64()),
    rides: t.nullable(t.int64()),
    state: t.nullable(t.string()),
    since: t.nullable(t.timestamp()),
  },
  eventTime: "event_timestamp",
  // As Feast takes it. Where rows were known later than that, say when: it keeps training from seeing the future.
  availableAt: "event_timestamp",
});

export const orders = eventSource("orders", {
  fields: {
    placed: t.timestamp(),
    customer_id: t.string(),
    driver_id: t.int64(),
    amount: t.nullable(t.float64()),
  },
  columns: { customer_id: "cust", amount: "amt" },
  eventTime: "placed",
  // As Feast takes it. Where rows were known later than that, say when: it keeps training from seeing the future.
  availableAt: "placed",
});

export const driverHourly = eventSource("driver_hourly", {
  fields: {
    event_timestamp: t.timestamp(),
    created: t.nullable(t.timestamp()),
    driver_id: t.int64(),
    conv_rate: t.nullable(t.float64()),
    acc_rate: t.nullable(t.float64()),
    trips: t.nullable(t.int64()),
    rank: t.nullable(t.int32()),
    city: t.nullable(t.string()),
    active: t.nullable(t.boolean()),
    seen: t.nullable(t.timestamp()),
  },
  eventTime: "event_timestamp",
  // As Feast takes it. Where rows were known later than that, say when: it keeps training from seeing the future.
  availableAt: "event_timestamp",
  order: "created",
});

export const customerOrders = batchView("customer_orders", {
  entity: customerDriver,
  sources: [orders],
  sql: `
    SELECT "customer_id", "driver_id", "amount", "placed" + INTERVAL 1 MICROSECOND AS as_of
    FROM "orders"
    QUALIFY row_number() OVER (PARTITION BY "customer_id", "driver_id", "placed" ORDER BY "amount" DESC NULLS LAST) = 1`,
  features: {
    amount: t.nullable(t.float64()),
  },
  eventTime: "as_of",
});

export const driverLive = aggregateView("driver_live", {
  source: driverPush,
  entity: driver,
  features: {
    conv_rate: last("conv_rate").over(window("30d", { name: "latest", hop: "1d" })),
    speed: last("speed").over(window("30d", { name: "latest", hop: "1d" })),
    rides: last("rides").over(window("30d", { name: "latest", hop: "1d" })),
    state: last("state").over(window("30d", { name: "latest", hop: "1d" })),
    since: last("since").over(window("30d", { name: "latest", hop: "1d" })),
  },
});

export const driverStats = batchView("driver_stats", {
  entity: driver,
  sources: [driverHourly],
  sql: `
    SELECT "driver_id", "conv_rate", "acc_rate", "trips", "rank", "city", "active", "seen", "event_timestamp" + INTERVAL 1 MICROSECOND AS as_of
    FROM "driver_hourly"
    QUALIFY row_number() OVER (PARTITION BY "driver_id", "event_timestamp" ORDER BY "created" DESC NULLS LAST, "conv_rate" DESC NULLS LAST, "acc_rate" DESC NULLS LAST, "trips" DESC NULLS LAST, "rank" DESC NULLS LAST, "city" DESC NULLS LAST, "active" DESC NULLS LAST, "seen" DESC NULLS LAST) = 1`,
  features: {
    conv_rate: t.nullable(t.float64()),
    acc_rate: t.nullable(t.float64()),
    trips: t.nullable(t.int64()),
    rank: t.nullable(t.int32()),
    city: t.nullable(t.string()),
    active: t.nullable(t.boolean()),
    seen: t.nullable(t.timestamp()),
  },
  eventTime: "as_of",
  ttl: "365d",
  description: "What drivers did",
  owner: "a@example.com",
  tags: ["team=drivers"],
});

export const activity = featureService("activity", [
  driverStats.select("conv_rate", "trips"),
  driverLive.select("speed_latest"),
], {
  description: "For the demo",
  owner: "b@example.com",
  tags: ["use=demo"],
});

export const pairs = featureService("pairs", [
  driverStats.select("conv_rate").as("mine", { driver_id: "first_driver" }),
  driverStats.select("conv_rate").as("theirs", { driver_id: "second_driver" }),
]);

export const withBoost = featureService("with_boost", [
  driverStats,
]);

// Left out: the on-demand view boosted.
// @on_demand_feature_view(sources=[driver_stats, vals], schema=[Field(name="boosted", dtype=Float64)])
// def boosted(inputs: pd.DataFrame) -> pd.DataFrame:
//     out = pd.DataFrame()
//     out["boosted"] = inputs["conv_rate"] * inputs["boost"]
//     return out
//
