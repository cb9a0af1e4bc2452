import type { CollectionType, FeatureType, FeatureValue } from "../aggregation/feature-type.ts";
import { isCollection } from "../aggregation/feature-type.ts";
import { AsofError } from "../errors.ts";
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

/** Those of the features that are collections, and their types. */
export function collectionTypes(
  features: Readonly<Record<string, FeatureType>>,
): Readonly<Record<string, CollectionType>> {
  return Object.fromEntries(
    Object.entries(features).flatMap(([name, type]) => (isCollection(type) ? [[name, type] as const] : [])),
  );
}

/** The columns of features. */
export function columnTypes(features: Readonly<Record<string, FeatureType>>): Fields {
  return Object.fromEntries(Object.entries(features).map(([name, type]) => [name, columnType(type)]));
}

/**
 * The canonical JSON of a collection: equal values have equal text. A list is an array, counts and maps are an object in
 * the order of its keys; an int64 is exact, a timestamp ISO 8601, NaN and ±Infinity are strings.
 */
export function collectionText(type: CollectionType, value: Collection): string {
  if (type.kind === "counts") return JSON.stringify(value);
  if (type.kind === "map")
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${itemText(type.of, item)}`)
      .join(",")}}`;
  return `[${(value as readonly Value[]).map((item) => itemText(type.of, item)).join(",")}]`;
}

/** Reads what `collectionText` wrote. @throws AsofError ASOF_CORRUPT where it did not */
export function parseCollection(type: CollectionType, text: string): FeatureValue {
  try {
    return collectionIn(type, text);
  } catch (cause) {
    throw new AsofError("ASOF_CORRUPT", `a text holds no ${type.kind}`, { expected: type.kind }, cause);
  }
}

function collectionIn(type: CollectionType, text: string): FeatureValue {
  const ends = type.kind === "list" ? "[]" : "{}";
  if (text.length < 2 || text[0] !== ends[0] || !text.endsWith(ends[1])) throw new TypeError(`it is not in ${ends}`);
  const items = parseItems(type, text);
  if (type.kind === "list") return items.map((item) => itemValue(type.of, item));
  const of = type.kind === "counts" ? COUNT : type.of;
  const entries: [string, Value][] = [];
  for (let i = 0; i < items.length; i += 2) entries.push([items[i] as string, itemValue(of, items[i + 1] ?? null)]);
  // fromEntries defines own properties, also one named __proto__.
  return Object.fromEntries(entries);
}

const COUNT: DataType = { kind: "float64", nullable: false };

type Item = string | number | boolean | null;

/**
 * A string, or what else is changed before the text is parsed. One that does not end is taken to the end, so that no
 * text is looked through twice.
 */
const TOKEN = /"(?:[^"\\]|\\[^])*\\?(?:"|$)|-?\d+|:/g;

/**
 * The items of a list, the keys and values of an object one after the other. JSON's numbers would lose an int64's last
 * digits: they are read as text. An object is read as an array, as V8 13.6 takes a key that has escapes for another
 * one: after `{"a":1,"\\\\":1}` it reads `{"a":1,"\\n":1}` as the same.
 */
function parseItems(type: CollectionType, text: string): Item[] {
  const isInt64 = type.kind !== "counts" && type.of.kind === "int64";
  if (type.kind === "list" && !isInt64) return JSON.parse(text) as Item[];
  const items = text
    .slice(1, -1)
    .replaceAll(TOKEN, (part) => (part === ":" ? "," : part.startsWith('"') || !isInt64 ? part : `"${part}"`));
  return JSON.parse(`[${items}]`) as Item[];
}

function itemValue({ kind }: DataType, item: Item): Value {
  if (item === null) return null;
  if (kind === "string" || kind === "boolean") {
    if (typeof item === kind) return item;
  } else if (kind === "int32" || kind === "float64") {
    if (typeof item === "number") return item;
    if (kind === "float64" && NOT_FINITE.has(item)) return Number(item);
  } else if (typeof item === "string") return kind === "int64" ? BigInt(item) : parseTimestamp(item);
  throw new TypeError(`an item is no ${kind}`);
}

const NOT_FINITE: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);

/** Features' values as the row of columns that they travel in. */
export function columnRow(
  features: Readonly<Record<string, FeatureType>>,
): (values: Readonly<Record<string, FeatureValue>>) => Row {
  const collections = Object.entries(features).filter(([, type]) => isCollection(type));
  return (values) => {
    if (collections.length === 0) return values as Row;
    const row: Record<string, FeatureValue> = { ...values };
    for (const [name, type] of collections)
      if (values[name] !== null) row[name] = collectionText(type as CollectionType, values[name] as Collection);
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
