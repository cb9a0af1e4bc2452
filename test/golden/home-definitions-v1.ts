// The definitions of the golden home of version 1. Another version of the home has a file of its own.
import {
  aggregateView,
  batchView,
  col,
  count,
  countDistinct,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  histogram,
  last,
  lastN,
  max,
  median,
  model,
  onDemandView,
  series,
  stddev,
  sum,
  t,
  topK,
  window,
} from "../../src/index.ts";

export const customer = entity("customer", { customer: t.string() });
export const shop = entity("shop", { zone: t.string(), number: t.int32() });

export const payments = eventSource("payments", {
  description: "What customers paid.",
  fields: {
    at: t.timestamp(),
    customer: t.string(),
    zone: t.nullable(t.string()),
    number: t.int32(),
    amount: t.float64(),
    cents: t.int64(),
    points: t.nullable(t.int32()),
    refund: t.boolean(),
  },
  eventTime: "at",
  availableAt: "1m",
  order: "points",
});

export const spending = aggregateView("spending", {
  source: payments,
  entity: customer.from({ customer: "customer" }),
  features: {
    payments: count().over("1h", "1d", series("1h", { count: 3 }), "lifetime"),
    refunds: count().where(col("refund")).over("1d"),
    amount: sum("amount").over("1d", window("1h", { offset: "1h", name: "hour_before" })),
    spread: stddev("amount").over("1d"),
    cents: max("cents").over("1d"),
    middle: median("amount").over("1d"),
    kinds: countDistinct("points", { exact: 3 }).over("1d"),
    latest: last("points").over("1d"),
    amounts: lastN("amount", 3).over("1d"),
    top: topK("zone", 2).over("1d"),
    by_zone: histogram("zone").over("1d"),
  },
});

export const turnover = aggregateView("turnover", {
  source: payments,
  entity: shop.from({ zone: "zone", number: "number" }),
  features: { payments: count().over("1d"), amount: sum("amount").over("1d") },
});

export const totals = batchView("totals", {
  entity: customer,
  sources: [payments],
  sql: `select customer, date_trunc('day', event_time) + interval 1 day as until, count(*)::integer as payments, max(cents) as cents
        from payments where available_time < date_trunc('day', event_time) + interval 1 day group by all`,
  features: { payments: t.int32(), cents: t.int64() },
  eventTime: "until",
  ttl: "7d",
});

/** Made at run time: what strips types may write a function's text anew, and its text is part of its fingerprint. */
// oxlint-disable-next-line typescript/no-implied-eval
const compute = new Function("{ basket }", "return { size: basket / 3, big: basket > 100 };") as (input: {
  basket: number;
}) => { size: number; big: boolean };

export const basket = onDemandView("basket", {
  input: { basket: t.float64() },
  features: { size: t.float64(), big: t.boolean() },
  compute,
});

export const checkout = featureService("checkout", [spending, turnover, totals, basket]);

/** What the model is told. */
export const risk = featureService("risk", [spending.select("payments_1d", "amount_1d", "refunds_1d"), basket]);

export const examples = eventSource("examples", {
  fields: { at: t.timestamp(), customer: t.string(), basket: t.float64(), fraud: t.boolean() },
  eventTime: "at",
});

export const fraud = model("fraud", {
  features: risk,
  examples: { source: examples, at: "at" },
  label: "fraud",
  split: { train: ["2026-03-01", "2026-03-04"], test: ["2026-03-04", "2026-03-06"] },
  trainer: gradientBoostedTrees(),
});
