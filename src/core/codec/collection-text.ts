import type { CountsType, FeatureType, FeatureValue, ListType } from "../aggregation/feature-type.ts";
import { isCollection } from "../aggregation/feature-type.ts";
import type { DataType, Fields, Row, Value } from "../schema/data-type.ts";
import { formatTimestamp, parseTimestamp } from "../time/timestamp.ts";

/** The value of a feature that is a collection. */
export type Collection = Exclude<FeatureValue, Value>;

/**
 * The type of the column that a feature travels in: where a row has one value a column, a collection is its canonical
 * JSON text, by `collectionText`.
 */
export function columnType(type: FeatureType): DataType {
  return isCollection(type) ? { kind: "string", nullable: type.nullable } : type;
}

/** The columns of features. */
export function columnTypes(features: Readonly<Record<string, FeatureType>>): Fields {
  return Object.fromEntries(Object.entries(features).map(([name, type]) => [name, columnType(type)]));
}

/**
 * The canonical JSON of a collection: equal values have equal text. A list is an array, counts are an object in the
 * order of its values; an int64 is exact, a timestamp ISO 8601, NaN and ±Infinity are strings.
 */
export function collectionText(type: ListType | CountsType, value: Collection): string {
  if (type.kind === "counts") return JSON.stringify(value);
  return `[${(value as readonly Value[]).map((item) => itemText(type.of, item)).join(",")}]`;
}

/** Reads what `collectionText` wrote. */
export function parseCollection(type: ListType | CountsType, text: string): FeatureValue {
  if (type.kind === "counts") return JSON.parse(text) as Record<string, number>;
  // JSON numbers would lose an int64's last digits; its text has nothing but digits, signs, nulls and commas.
  if (type.of.kind === "int64")
    return text === "[]"
      ? []
      : text
          .slice(1, -1)
          .split(",")
          .map((item) => (item === "null" ? null : BigInt(item)));
  const items = JSON.parse(text) as (string | number | boolean | null)[];
  return items.map((item): Value => {
    if (typeof item !== "string" || type.of.kind === "string") return item;
    return type.of.kind === "timestamp" ? parseTimestamp(item) : Number(item);
  });
}

/** Features' values as the row of columns that they travel in. */
export function columnRow(
  features: Readonly<Record<string, FeatureType>>,
): (values: Readonly<Record<string, FeatureValue>>) => Row {
  const collections = Object.entries(features).filter(([, type]) => isCollection(type));
  return (values) => {
    if (collections.length === 0) return values as Row;
    const row: Record<string, FeatureValue> = { ...values };
    for (const [name, type] of collections)
      if (values[name] !== null) row[name] = collectionText(type as ListType | CountsType, values[name] as Collection);
    return row as Row;
  };
}

/** The feature that a column holds the value of. */
export function featureOfColumn(type: FeatureType, value: Value): FeatureValue {
  return isCollection(type) && value !== null ? parseCollection(type, value as string) : value;
}

function itemText({ kind }: DataType, item: Value): string {
  if (item === null) return "null";
  if (kind === "timestamp") return JSON.stringify(formatTimestamp(item as number));
  if (typeof item === "bigint") return String(item);
  if (typeof item === "number" && !Number.isFinite(item)) return JSON.stringify(String(item));
  return JSON.stringify(item);
}
