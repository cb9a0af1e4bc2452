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
