import type { FeatureType, FeatureValue } from "../../../core/aggregation/feature-type.ts";
import type { Value } from "../../../core/schema/data-type.ts";
import { SECOND } from "../../../core/time/timestamp.ts";
import { writeJson, writeNumber } from "../json/write-json.ts";

export type WriteValue = (value: FeatureValue) => string;

/**
 * Writes values of a type as Feast's clients tell types apart, by their looks: a double always has a point, an integer
 * never, whatever its length; a timestamp is whole seconds since the epoch.
 */
export function feastValueWriter(type: FeatureType): WriteValue {
  switch (type.kind) {
    case "float64":
      return (value) => (typeof value === "number" ? writeDouble(value) : "null");
    case "timestamp":
      return (value) => (typeof value === "number" ? String(Math.floor(value / SECOND)) : "null");
    case "list": {
      const write = feastValueWriter(type.of);
      return (value) => (value === null ? "null" : `[${(value as readonly Value[]).map(write).join(",")}]`);
    }
    case "map": {
      const write = feastValueWriter(type.of);
      return (value) =>
        value === null
          ? "null"
          : `{${Object.entries(value as Readonly<Record<string, Value>>)
              .map(([key, one]) => `${JSON.stringify(key)}:${write(one)}`)
              .join(",")}}`;
    }
    default:
      return writeJson;
  }
}

function writeDouble(value: number): string {
  const text = writeNumber(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
