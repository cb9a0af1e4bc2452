// What examples in the documentation are about, where they do not say it themselves.
import { aggregateView, count, entity, eventSource, featureService, t } from "asof";

export const customer = entity("customer", { customer: t.string() });

export const payments = eventSource("payments", {
  fields: { at: t.timestamp(), customer: t.string(), amount: t.float64(), refund: t.boolean() },
  eventTime: "at",
});

export const activity = aggregateView("activity", {
  source: payments,
  entity: customer.from({ customer: "customer" }),
  features: { payments: count().over("1h") },
});

export const riskFeatures = featureService("risk_features", [activity]);

export const orders = eventSource("orders", {
  fields: { order: t.int64(), at: t.timestamp(), amount: t.float64() },
  eventTime: "at",
  id: ["order"],
});
