import fc from "fast-check";

type Schema = Readonly<Record<string, unknown>>;

/** The part of an OpenAPI document that requests are made from. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly { readonly name: string; readonly schema: Schema }[];
  /** The schema of the body by media type. */
  readonly bodies: Readonly<Record<string, Schema>>;
  readonly components: Readonly<Record<string, Schema>>;
}

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options"];

/** Every operation of a document. */
export function operationsOf({ paths, components }: OpenApi): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method): Operation => {
      const { parameters = [], requestBody } = item[method] as {
        parameters?: readonly { name: string; in: string; schema?: Schema }[];
        requestBody?: { content: Readonly<Record<string, { schema?: Schema }>> };
      };
      return {
        method: method.toUpperCase(),
        path,
        query: parameters.filter((one) => one.in === "query").map(({ name, schema = {} }) => ({ name, schema })),
        bodies: Object.fromEntries(
          Object.entries(requestBody?.content ?? {}).map(([type, { schema = {} }]) => [type, schema]),
        ),
        components: components?.schemas ?? {},
      };
    }),
  );
}

const STRINGS = [
  "",
  "a",
  "ann",
  "witness-not",
  "é",
  "\u{1f600}",
  "\0",
  "__proto__",
  "x".repeat(500),
  "\u202e",
  "\ud800",
];
const MOMENTS = ["2026-03-02T11:30:00Z", "2026-03-02", "1969-12-31T23:59:59.999999Z", "2026-03-02T12:30:00+01:00"];

const quoted = (text: string): string => JSON.stringify(text);

/** JSON text of values that a schema allows; exact where JavaScript's own values would not be. */
export function jsonOf(schema: Schema, components: Readonly<Record<string, Schema>>, depth = 0): fc.Arbitrary<string> {
  const again = (one: unknown): fc.Arbitrary<string> => jsonOf(one as Schema, components, depth + 1);
  if (depth > 8) return fc.constant("null");
  if (typeof schema["$ref"] === "string") return again(components[schema["$ref"].split("/").at(-1)!] ?? {});
  if ("const" in schema) return fc.constant(JSON.stringify(schema["const"]));
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...schema["enum"].map((one) => JSON.stringify(one)));
  for (const choice of ["anyOf", "oneOf"])
    if (Array.isArray(schema[choice])) return fc.oneof(...schema[choice].map(again));
  if (Array.isArray(schema["allOf"])) return again(Object.assign({}, ...(schema["allOf"] as object[])));
  const { type } = schema;
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => again({ ...schema, type: one as unknown })));
  switch (type) {
    case "object":
      return objectOf(schema, again);
    case "array":
      return arrayOf(schema, again);
    case "string":
      return stringOf(schema);
    case "integer":
      return integerOf(schema);
    case "number":
      return fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
        fc.constantFrom("0", "-0", "1e308", "5e-324", "0.1", "-1"),
      );
    case "boolean":
      return fc.constantFrom("true", "false");
    case "null":
      return fc.constant("null");
    default:
      return fc.json({ maxDepth: 2 });
  }
}

function objectOf(schema: Schema, again: (schema: unknown) => fc.Arbitrary<string>): fc.Arbitrary<string> {
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, unknown>>);
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const members = properties.map(([name, of]) => {
    const member = again(of).map((text) => `${quoted(name)}:${text}`);
    return required.has(name) ? member : fc.option(member, { nil: "" });
  });
  const more = schema["additionalProperties"];
  const others =
    typeof more === "object" && more !== null
      ? fc.array(
          fc
            .tuple(fc.constantFrom("customer", "at", "amount", "order_id", "airport", "toString"), again(more))
            .map(([name, text]) => `${quoted(name)}:${text}`),
          { maxLength: 3 },
        )
      : fc.constant<string[]>([]);
  return fc.tuple(others, ...members).map(([loose, ...own]) => {
    const all = [...own, ...loose].filter((member) => member !== "");
    return `{${all.join(",")}}`;
  });
}

function arrayOf(schema: Schema, again: (schema: unknown) => fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { minItems = 0, maxItems = 4 } = schema as { minItems?: number; maxItems?: number };
  return fc
    .array(again(schema["items"] ?? {}), { minLength: minItems, maxLength: Math.max(minItems, Math.min(4, maxItems)) })
    .map((items) => `[${items.join(",")}]`);
}

function stringOf({ format, pattern }: Schema): fc.Arbitrary<string> {
  if (typeof pattern === "string") return fc.stringMatching(new RegExp(pattern)).map(quoted);
  if (format === "date-time") return fc.constantFrom(...MOMENTS).map(quoted);
  return fc.oneof(fc.constantFrom(...STRINGS, ...MOMENTS), fc.string({ maxLength: 20 })).map(quoted);
}

function integerOf({ minimum, maximum }: Schema): fc.Arbitrary<string> {
  const [min, max] = [Number(minimum ?? -(2 ** 53) + 1), Number(maximum ?? 2 ** 53 - 1)];
  const near = [0, 1, -1, 1_772_451_000_000_000, min, max].filter((one) => one >= min && one <= max);
  return fc.oneof(
    fc.constantFrom(...near.map(String)),
    fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) }).map(String),
    ...(maximum === undefined
      ? [fc.constantFrom("9223372036854775807", "-9223372036854775808", "9007199254740993")]
      : []),
  );
}
