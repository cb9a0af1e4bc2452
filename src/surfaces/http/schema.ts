import type { FeatureType } from "../../core/aggregation/aggregation.ts";
import type { Fields, Kind } from "../../core/schema/data-type.ts";

/** A JSON schema of the dialect of OpenAPI 3.1: draft 2020-12. */
export type Schema = { readonly [keyword: string]: unknown };

export const text: Schema = { type: "string" };
export const flag: Schema = { type: "boolean" };
export const whole: Schema = { type: "integer" };
export const count: Schema = { type: "integer", minimum: 0 };
export const moment: Schema = { type: "string", format: "date-time" };
/** A plain value of a row whose fields are not known. */
export const anyValue: Schema = { type: ["string", "number", "boolean", "null"] };
/** A number that may be beyond JSON's. */
export const anyNumber: Schema = { anyOf: [{ type: "number" }, { enum: ["NaN", "Infinity", "-Infinity"] }] };
export const anything: Schema = {};
/** A moment as text, in all forms that are read: whether there is such a day only the reader knows. */
export const momentText: Schema = {
  type: "string",
  pattern:
    "^([+-]\\d{6}|\\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])" +
    "([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d([.,](\\d{1,6}|\\d{6}0{1,3}))?)?)?\\s*([Zz]|[+-]([01]\\d|2[0-3])(:?[0-5]\\d)?)?$",
  description: "ISO 8601, UTC where it names no zone",
};
/** A moment as requests give it. */
export const momentInput: Schema = {
  anyOf: [
    momentText,
    {
      type: "integer",
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "microseconds since the epoch",
    },
  ],
};
/** A length of time as requests give it. */
export const duration: Schema = { type: "string", pattern: "^\\d{1,15}(us|ms|s|m|h|d|w)$" };

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: "null" }] };
}

export function listOf(items: Schema, limits: { readonly minItems?: number; readonly maxItems?: number } = {}): Schema {
  return { type: "array", items, ...limits };
}

export function mapOf(values: Schema): Schema {
  return { type: "object", additionalProperties: values };
}

/** An object of exactly these properties, all of them there unless they are named as optional. */
export function objectOf(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  };
}

const int64: Schema = { type: "integer", format: "int64", description: "exact, whatever its length" };

/** How values of each kind are written. */
type Direction = Readonly<Record<Kind, Schema>>;

const OUTPUT: Direction = {
  string: text,
  boolean: flag,
  int32: { type: "integer", format: "int32", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  int64,
  float64: anyNumber,
  timestamp: moment,
};

const INPUT: Direction = {
  ...OUTPUT,
  int64: { anyOf: [int64, { type: "string", pattern: "^[+-]?\\d{1,40}$" }] },
  timestamp: momentInput,
};

/** A row that a request carries: fields that admit null may be left out, and those with a default. */
export function inputRow(fields: Fields, defaults: Readonly<Record<string, unknown>> = {}): Schema {
  const optional = Object.keys(fields).filter((name) => fields[name].nullable || Object.hasOwn(defaults, name));
  return objectOf(
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, typeSchema(type, INPUT)])),
    optional,
  );
}

/** The values that an answer carries. */
export function outputRow(types: Readonly<Record<string, FeatureType>>): Schema {
  return objectOf(Object.fromEntries(Object.entries(types).map(([name, type]) => [name, typeSchema(type, OUTPUT)])));
}

function typeSchema(type: FeatureType, direction: Direction): Schema {
  const schema = kindSchema(type, direction);
  return type.nullable ? orNull(schema) : schema;
}

function kindSchema(type: FeatureType, direction: Direction): Schema {
  if (type.kind === "list") return listOf(typeSchema(type.of, direction));
  if (type.kind === "counts") return mapOf(count);
  if (type.kind === "map") return mapOf(typeSchema(type.of, direction));
  if (type.kind === "float64" && direction === INPUT && type.nonFinite !== true) return { type: "number" };
  return direction[type.kind];
}
