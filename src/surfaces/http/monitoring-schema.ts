import { count, listOf, mapOf, moment, objectOf, orNull, type Schema, text } from "./schema.ts";

const micros: Schema = { type: "integer", minimum: 0, description: "microseconds" };

export const sourceFreshnessSchema: Schema = objectOf({
  source: text,
  newestEvent: orNull(moment),
  newestAvailable: orNull(moment),
  eventAge: orNull(micros),
  availableAge: orNull(micros),
});

export const serviceRatesSchema: Schema = objectOf({
  service: text,
  answers: count,
  views: listOf(
    objectOf({
      view: { ...text, description: "its alias in the service" },
      notFound: count,
      expired: count,
      overflow: count,
      nulls: count,
      values: count,
    }),
  ),
  features: { ...mapOf(count), description: "nulls by feature" },
});

export const shadowSchema: Schema = objectOf({
  model: text,
  version: count,
  predictions: { ...count, description: "predicted and logged" },
  errors: { ...count, description: "that it failed for" },
  dropped: { ...count, description: "that were given up: too many waited" },
  error: { ...orNull(objectOf({ code: text, message: text })), description: "why it failed last" },
});
