// Definitions with every window, aggregation and type that verification should meet: doubles that do not add up
// exactly, keys that may be null, offsets, lifetimes, a source that does not declare when its records are known.
import {
  aggregateView,
  avg,
  batchView,
  col,
  count,
  entity,
  eventSource,
  featureService,
  max,
  min,
  stddev,
  sum,
  t,
  variance,
  window,
} from "asof";

export const shop = entity("shop", { shop: t.string(), part: t.int32() });
export const customer = entity("customer", { customer: t.int64() });

export const sales = eventSource("sales", {
  fields: {
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
});

/** Nobody says when these are known. */
export const visits = eventSource("visits", {
  fields: { at: t.timestamp(), customer: t.int64(), seconds: t.nullable(t.float64()), page: t.string() },
  eventTime: "at",
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

export const offer = featureService("offer", [sold, daily, buyer, visitor]);
