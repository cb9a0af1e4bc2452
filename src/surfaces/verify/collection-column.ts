import type { CollectionType, FeatureType, FeatureValue } from "../../core/aggregation/feature-type.ts";
import { isCollection } from "../../core/aggregation/feature-type.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { DataType, Value } from "../../core/schema/data-type.ts";
import { parseTimestamp } from "../../core/time/timestamp.ts";

/**
 * A column of a training set in SQL: a LIST or a MAP as JSON in which every part is text, which holds it exactly. The
 * keys of a map and its values stand in lists of their own.
 */
export function columnSql(name: string, type: FeatureType): string {
  const column = sqlIdentifier(name);
  if (!isCollection(type)) return column;
  const text =
    type.kind === "list"
      ? `to_json(CAST(${column} AS VARCHAR[]))`
      : `to_json([map_keys(${column}), CAST(map_values(${column}) AS VARCHAR[])])`;
  return `CASE WHEN ${column} IS NULL THEN NULL ELSE CAST(${text} AS VARCHAR) END AS ${column}`;
}

/** The feature that such a column holds. */
export function featureIn(type: FeatureType, value: Value): FeatureValue {
  if (!isCollection(type) || value === null) return value;
  const parts = JSON.parse(value as string) as unknown;
  if (type.kind === "list") return (parts as Part[]).map((part) => valueOf(type.of, part));
  const [keys, values] = parts as [string[], Part[]];
  return Object.fromEntries(keys.map((key, i) => [key, valueOf(itemType(type), values[i])]));
}

type Part = string | null;

const itemType = (type: Exclude<CollectionType, { readonly kind: "list" }>): DataType =>
  type.kind === "counts" ? { kind: "float64", nullable: false } : type.of;

const UNUSUAL: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };

function valueOf({ kind }: DataType, part: Part): Value {
  if (part === null || kind === "string") return part;
  if (kind === "boolean") return part === "true";
  if (kind === "int64") return BigInt(part);
  if (kind === "timestamp") return parseTimestamp(part);
  return UNUSUAL[part] ?? Number(part);
}
