import type { FeatureType, FeatureValue } from "../../core/aggregation/aggregation.ts";
import type { Value } from "../../core/schema/data-type.ts";
import { formatTimestamp } from "../../core/time/timestamp.ts";

/** A value of a type for people and for JSON: its moments are ISO 8601. */
export function legible(value: FeatureValue, type: FeatureType | undefined): FeatureValue {
  if (type?.kind === "timestamp") return typeof value === "number" ? formatTimestamp(value) : value;
  if (type?.kind === "list")
    return Array.isArray(value) ? value.map((item: Value) => legible(item, type.of) as Value) : value;
  if (type?.kind === "map" && value !== null)
    return Object.fromEntries(
      Object.entries(value as Readonly<Record<string, Value>>).map(([key, item]) => [
        key,
        legible(item, type.of) as Value,
      ]),
    );
  return value;
}
