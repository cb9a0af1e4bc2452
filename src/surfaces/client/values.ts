import type { FeatureType, FeatureValue } from "../../core/aggregation/feature-type.ts";
import type { DataType } from "../../core/schema/data-type.ts";
import { microsOf } from "./moment.ts";

/** What a service or a model takes and gives, as the server tells it. */
export interface ServiceTypes {
  readonly service: string;
  readonly inputs: Readonly<Record<string, DataType>>;
  readonly features: Readonly<Record<string, FeatureType>>;
}

/** JSON of what a caller gives: int64 as digits, and what JSON has no number for as its name. */
export function writeBody(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part === "bigint") return part.toString();
    return typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
  });
}

/** The strings and numbers of a JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
/** An integer that a double may not hold. */
const LONG = /^-?\d{16,}$/;

/** Parses an answer; where its features have int64, its long integers come as strings of digits, which are exact. */
export function parseAnswer(text: string, { features }: ServiceTypes): unknown {
  const exact = Object.values(features).some(hasInt64);
  return JSON.parse(exact ? text.replace(TOKEN, (found) => (LONG.test(found) ? `"${found}"` : found)) : text);
}

function hasInt64(type: FeatureType): boolean {
  return type.kind === "int64" || ((type.kind === "list" || type.kind === "map") && type.of.kind === "int64");
}

/** Turns the values of an answer into those of the store: microseconds, bigints, NaN. In place; other values stay. */
export function valueReader(types: ServiceTypes["features"]): (values: Record<string, unknown>) => void {
  const readers = Object.entries(types).flatMap(([name, type]) => {
    const read = readerOf(type);
    return read === null ? [] : [{ name, read }];
  });
  return (values) => {
    for (const { name, read } of readers) {
      const value = values[name];
      if (value !== null && value !== undefined) values[name] = read(value);
    }
  };
}

type Read = (value: unknown) => FeatureValue;

/** Null where a value is what JSON says. */
function readerOf(type: FeatureType): Read | null {
  switch (type.kind) {
    case "timestamp":
      return (value) => microsOf(value as string);
    case "int64":
      return (value) => BigInt(value as string | number);
    case "float64":
      return (value) => (typeof value === "string" ? Number(value) : (value as number));
    case "list": {
      const read = readerOf(type.of);
      return read === null
        ? null
        : (value) => (value as unknown[]).map((one) => (one === null ? null : read(one))) as FeatureValue;
    }
    case "map": {
      const read = readerOf(type.of);
      return read === null
        ? null
        : (value) =>
            Object.fromEntries(
              Object.entries(value as Record<string, unknown>).map(([key, one]) => [
                key,
                one === null ? null : read(one),
              ]),
            ) as FeatureValue;
    }
    default:
      return null;
  }
}
