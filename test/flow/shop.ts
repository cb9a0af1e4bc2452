// A small shop: definitions with every data type, for tests of the surfaces.
import {
  aggregateView,
  count,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  max,
  model,
  onDemandView,
  sum,
  t,
} from "../../src/index.ts";

export const customer = entity("customer", { customer: t.string() });

export const payments = eventSource("payments", {
  description: "What customers paid.",
  fields: {
    at: t.timestamp(),
    customer: t.string(),
    amount: t.float64(),
    cents: t.int64(),
    points: t.nullable(t.int32()),
    ratio: t.nullable(t.float64({ nonFinite: true })),
    refund: t.boolean(),
  },
  eventTime: "at",
});

export const spending = aggregateView("spending", {
  source: payments,
  entity: customer.from({ customer: "customer" }),
  features: {
    payments: count().over("1d"),
    amount: sum("amount").over("1d"),
    cents: max("cents").over("1d"),
    latest: max("at").over("1d"),
    ratio: max("ratio").over("1d"),
  },
});

export const basket = onDemandView("basket", {
  input: { basket: t.float64({ nonFinite: true }), opened: t.timestamp() },
  features: { size: t.float64({ nonFinite: true }), opened: t.timestamp(), big: t.boolean() },
  compute: ({ basket, opened }) => ({ size: basket, opened, big: basket > 100 }),
});

export const checkout = featureService("checkout", [spending, basket]);

export const fraudFeatures = featureService("fraud_features", [spending]);

/** What the model is told: it learns from no timestamps and no infinities. */
export const riskFeatures = featureService("risk_features", [spending.select("payments_1d", "amount_1d", "cents_1d")]);

export const fraud = model("fraud", {
  features: riskFeatures,
  examples: { source: payments, at: "at" },
  label: "refund",
  split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
  trainer: gradientBoostedTrees(),
});
