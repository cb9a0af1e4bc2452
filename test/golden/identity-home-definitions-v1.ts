// The definitions of the golden home of records with ids, version 1. Another version has a file of its own.
import {
  aggregateView,
  count,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  lastN,
  max,
  median,
  model,
  sum,
  t,
} from "../../src/index.ts";

export const customer = entity("customer", { customer: t.string() });

export const orders = eventSource("orders", {
  fields: {
    at: t.timestamp(),
    shop: t.string(),
    number: t.int64(),
    customer: t.string(),
    amount: t.float64(),
    note: t.nullable(t.string()),
  },
  eventTime: "at",
  availableAt: "1m",
  id: ["shop", "number"],
});

export const clicks = eventSource("clicks", {
  fields: { at: t.timestamp(), customer: t.string() },
  eventTime: "at",
  dedupe: "30d",
});

export const ordering = aggregateView("ordering", {
  source: orders,
  entity: customer.from({ customer: "customer" }),
  features: {
    orders: count().over("1d", "lifetime"),
    amount: sum("amount").over("1d", "lifetime"),
    most: max("amount").over("1d"),
    middle: median("amount").over("1d"),
    latest: lastN("amount", 3).over("1d"),
    note: lastN("note", 2).over("1d"),
  },
});

export const clicking = aggregateView("clicking", {
  source: clicks,
  entity: customer.from({ customer: "customer" }),
  features: { clicks: count().over("1d") },
});

export const asked = featureService("asked", [ordering, clicking]);

/** What the model is told. */
export const told = featureService("told", [ordering.select("orders_1d", "amount_1d", "most_1d"), clicking]);

export const examples = eventSource("examples", {
  fields: { at: t.timestamp(), customer: t.string(), good: t.boolean() },
  eventTime: "at",
});

export const quality = model("quality", {
  features: told,
  examples: { source: examples, at: "at" },
  label: "good",
  split: { train: ["2026-03-01", "2026-03-03"], test: ["2026-03-03", "2026-03-05"] },
  trainer: gradientBoostedTrees(),
});
