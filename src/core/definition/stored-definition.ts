import {
  count,
  fieldsShape,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  optional,
  orNull,
  type Shape,
  text,
  whole,
} from "../codec/shape.ts";
import { parseStored } from "../codec/stored-json.ts";
import { durationUnits, operations } from "../expression/tree.ts";
import type { Definition } from "./data.ts";

const finite: Shape = (value, at) => (typeof value === "number" && Number.isFinite(value) ? null : at);
const scalar: Shape = (value, at) =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? null : at;

const CALLS: ReadonlySet<unknown> = new Set(Object.values(operations).flat());
const column = objectOf({ name: text });
const literal = objectOf({ kind: text, value: orNull(scalar) });
const unit = objectOf({ unit: oneOf(...Object.keys(durationUnits)) });

/** Deeper ones are written by nobody, and would exhaust whoever walks through them. */
const DEEPEST = 500;

const expression = expressionWithin(DEEPEST);

function expressionWithin(depth: number): Shape {
  return (value, at) => {
    if (depth === 0 || typeof value !== "object" || value === null) return at;
    const { op } = value as { readonly op?: unknown };
    if (op === "column") return column(value, at);
    if (op === "literal") return literal(value, at);
    if (op === "duration") {
      const fault = unit(value, at);
      if (fault !== null) return fault;
    } else if (!CALLS.has(op)) return `${at}.op`;
    return objectOf({ args: listOf(expressionWithin(depth - 1)) })(value, at);
  };
}

const plainSpec: Shape = objectOf({
  kind: text,
  n: optional(count),
  exact: optional(count),
  q: optional(finite),
  accuracy: optional(finite),
  k: optional(count),
  limit: optional(count),
});
const spec: Shape = (value, at) =>
  (value as { readonly kind?: unknown } | null)?.kind === "per"
    ? objectOf({ each: plainSpec, limit: count })(value, at)
    : plainSpec(value, at);

const described = { name: text, description: optional(text), owner: optional(text), tags: optional(listOf(text)) };
const moments: Shape = (value, at) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger) ? null : at;

const shapes: Readonly<Record<Definition["kind"], Shape>> = {
  entity: objectOf({ ...described, keys: fieldsShape }),
  source: objectOf({
    ...described,
    fields: fieldsShape,
    columns: mapOf(text),
    eventTime: expression,
    availableAt: orNull(expression),
    tolerance: count,
    order: optional(text),
    id: optional(listOf(text)),
    defaults: optional(mapOf(scalar)),
    dedupe: optional(count),
    retention: optional(count),
  }),
  aggregateView: objectOf({
    ...described,
    source: text,
    entity: text,
    keys: mapOf(text),
    features: listOf(
      objectOf({
        name: text,
        aggregation: spec,
        of: orNull(expression),
        where: orNull(expression),
        per: optional(expression),
        window: objectOf({ length: orNull(count), hop: count, offset: whole }),
        series: optional(count),
      }),
    ),
    order: optional(text),
    retractable: optional(oneOf(true)),
  }),
  batchView: objectOf({
    ...described,
    entity: text,
    sql: text,
    reads: listOf(text),
    features: fieldsShape,
    eventTime: text,
    ttl: orNull(count),
    delay: count,
    lookback: optional(count),
  }),
  onDemandView: objectOf({ ...described, input: fieldsShape, features: fieldsShape, code: text }),
  service: objectOf({
    ...described,
    uses: listOf(objectOf({ view: text, alias: text, inputs: mapOf(text), features: orNull(listOf(text)) })),
    inputs: fieldsShape,
  }),
  model: objectOf({
    ...described,
    service: text,
    task: oneOf("classification", "regression"),
    examples: objectOf({ source: text, at: expression, where: orNull(expression), sample: orNull(count) }),
    label: expression,
    split: objectOf({ train: moments, test: moments }),
    trainer: objectOf({
      name: text,
      options: mapOf((value, at) => (Array.isArray(value) ? listOf(text) : scalar)(value, at)),
    }),
  }),
};

/** Members that are passed over are walked through as well, by whoever writes the definition again. */
function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return most === 0 || Object.values(value).some((member) => isDeeper(member, most - 1));
}

const definition: Shape = (value, at) => {
  // A level of an expression is an object and the list that it is in.
  if (isDeeper(value, 2 * DEEPEST + 10)) return at;
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  return typeof kind === "string" && Object.hasOwn(shapes, kind)
    ? shapes[kind as Definition["kind"]](value, at)
    : `${at}kind`;
};

/** Reads a definition as the registry keeps it. @throws AsofError ASOF_CORRUPT where it is none */
export function storedDefinition(json: string, name: string): Definition {
  return parseStored(json, `the definition ${name} in the registry`, definition) as Definition;
}
