// Definitions with every window, aggregation and type that verification should meet: doubles that do not add up
// exactly, keys that may be null, offsets, series, lifetimes, a source that does not declare when its records are
// known, one that says which of two records comes first, request-time functions.
import {
  aggregateView,
  avg,
  batchView,
  col,
  count,
  countDistinct,
  entity,
  eventSource,
  featureService,
  first,
  histogram,
  last,
  lastN,
  max,
  median,
  min,
  onDemandView,
  quantile,
  series,
  stddev,
  sum,
  t,
  topK,
  variance,
  window,
} from "asof";

export const shop = entity("shop", { shop: t.string(), part: t.int32() });
export const customer = entity("customer", { customer: t.int64() });

export const sales = eventSource("sales", {
  fields: {
    sale: t.int32(),
    sold: t.timestamp(),
    known: t.timestamp(),
    shop: t.string(),
    part: t.nullable(t.int32()),
    customer: t.nullable(t.int64()),
    price: t.float64(),
    pieces: t.nullable(t.int32()),
    rate: t.nullable(t.float64({ nonFinite: true })),
    cents: t.int64(),
    online: t.boolean(),
  },
  columns: { sold: "sold_at" },
  eventTime: "sold",
  availableAt: "known",
  id: ["sale"],
});

/** Nobody says when these are known; of two at the same time the one with the greater number comes later. */
export const visits = eventSource("visits", {
  fields: {
    at: t.timestamp(),
    customer: t.int64(),
    seconds: t.nullable(t.float64()),
    page: t.string(),
    step: t.nullable(t.int32()),
  },
  eventTime: "at",
  order: "step",
});

export const sold = aggregateView("sold", {
  source: sales,
  entity: shop.from({ shop: "shop", part: "part" }),
  features: {
    sales: count().over("10m", "1h", "1d", "lifetime"),
    price: sum("price").over("1h", "1d", window("1d", { name: "before", offset: "1d" })),
    mean: avg("price").over("3h", "lifetime"),
    spread: stddev("price").over("1d"),
    pieces: sum("pieces").over("1h", "1d"),
    online: avg("online").over("1d"),
    rate: max("rate").over("1d"),
    dear: count().where(col("price").gt(100)).over("1d"),
    cents: sum("cents").over("1d"),
    last: max("sold").over("lifetime"),
    channels: sum("price").per("online").over("1h", "1d"),
    dearest: max("price").where(col("pieces").gt(2)).per("customer", { limit: 3 }).over("1d"),
  },
});

export const buyer = aggregateView("buyer", {
  source: sales,
  entity: customer.from({ customer: "customer" }),
  features: { bought: count().over("2h", "2d"), least: min("price").over("2d"), varies: variance("pieces").over("2d") },
});

export const visitor = aggregateView("visitor", {
  source: visits,
  entity: customer.from({ customer: "customer" }),
  features: { visits: count().over("30m", "1d"), seconds: sum("seconds").over("1d"), page: max("page").over("1d") },
});

/** What order decides, and what is counted value by value. */
export const habits = aggregateView("habits", {
  source: visits,
  entity: customer.from({ customer: "customer" }),
  features: {
    first: first("page").over("1d", "lifetime"),
    last: last("seconds").over("1h", window("1d", { name: "before", offset: "1d" })),
    pages: lastN("page", 3).over("1d", "lifetime"),
    distinct: countDistinct("page").over("1h", "1d"),
    roughly: countDistinct("seconds", { exact: 5 }).over("1d", "lifetime"),
    favourites: topK("page", 2).over("1d"),
    often: histogram("page", { limit: 4 }).over("3h", "1d"),
    days: count().over(series("1d", { count: 4 })),
    pace: median("seconds").per("page").over("1d", "lifetime"),
    paces: variance("seconds")
      .per("step", { limit: 6 })
      .over(window("6h", { name: "earlier", offset: "6h" })),
    latest: last("step").per("page").over("1d"),
  },
});

/** Of numbers: sketches, and every aggregation over a window of its own kind. */
export const basket = aggregateView("basket", {
  source: sales,
  entity: shop.from({ shop: "shop", part: "part" }),
  features: {
    usual: median("price").over("1d", "lifetime"),
    dear: quantile("price", 0.95, { accuracy: 0.05 }).over("3h"),
    low: quantile("rate", 0.1).over("1d"),
    wide: quantile("cents", 0.5).over("1d"),
    hours: sum("price").over(series("1h", { count: 5 })),
    spreads: variance("rate")
      .where(col("online"))
      .over(series("6h", { count: 3 })),
    newest: last("cents").where(col("price").gt(0)).over("1d"),
    parts: topK("cents", 3, { limit: 8 }).over("1d"),
    online: histogram("online").over("1d"),
    pieces: first("pieces").over(window("6h", { name: "yesterday", offset: "1d", hop: "30m" })),
  },
});

/** What is computed of a request, and of its moment. */
export const discount = onDemandView("discount", {
  input: { asked: t.float64(), customer: t.int64() },
  features: { half: t.float64(), even: t.boolean() },
  compute: ({ asked, customer: who }) => ({ half: asked / 2, even: who % 2n === 0n }),
});

export const daily = batchView("daily", {
  entity: shop,
  sources: [sales],
  sql: `select shop, part, date_trunc('day', event_time) + interval 1 day as until, sum(pieces)::bigint as pieces,
               count(*)::integer as sales
        from sales where part is not null and available_time < date_trunc('day', event_time) + interval 1 day
        group by all`,
  features: { pieces: t.nullable(t.int64()), sales: t.int32() },
  eventTime: "until",
  ttl: "2d",
  delay: "1h",
});

/** Of bounded windows only: what lies before the farthest of them is never read. */
export const present = featureService("present", [visitor]);

export const offer = featureService("offer", [sold, daily, buyer, visitor, habits, discount]);
