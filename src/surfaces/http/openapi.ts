import { type ErrorCode, errorTable } from "../../core/errors.ts";
import type { ErrorDialect } from "./error-dialect.ts";
import type { Route, Shapes } from "./route.ts";
import { mapOf, objectOf, type Schema, text } from "./schema.ts";

const codes = Object.keys(errorTable) as ErrorCode[];
/** Codes that any route may fail with: what befalls the server rather than the request is among them. */
const EVERYWHERE: readonly ErrorCode[] = [
  "ASOF_HTTP",
  "ASOF_REQUEST",
  "ASOF_HOST",
  "ASOF_NOT_APPLIED",
  ...codes.filter((code) => errorTable[code].status === 500 || errorTable[code].status === 503),
];
/** The code that any route may fail with that has a time to answer in. */
const HURRIED: readonly ErrorCode[] = ["ASOF_DEADLINE"];
/** Codes that any route may fail with that asks for credentials. */
const GUARDED: readonly ErrorCode[] = ["ASOF_UNAUTHENTICATED", "ASOF_FORBIDDEN", "ASOF_RATE_LIMIT", "ASOF_ISSUER"];
/** The code that any route may fail with whose path has a name in it, which may be longer than any. */
const NAMED: readonly ErrorCode[] = ["ASOF_NOT_FOUND"];
/** Codes that any route may fail with that is sent a body, whether it reads one or not. */
const WITH_BODY: readonly ErrorCode[] = ["ASOF_TOO_LARGE", "ASOF_MEDIA_TYPE", "ASOF_TIMEOUT"];

const error: Schema = objectOf({
  error: objectOf({
    code: { enum: codes, description: "stable" },
    message: { type: "string", description: "what was wrong, and where" },
    remedy: { type: "string", description: "what to do" },
    details: mapOf({}),
    requestId: { type: "string", description: "names the request in the server's log" },
  }),
});

/** Names of what is defined, by the kinds of definitions. */
export type DefinedNames = Readonly<Partial<Record<string, readonly string[]>>>;

/**
 * The OpenAPI 3.1 description of routes: each as it is for every definition, then once for each definition by name,
 * with the types of its own fields.
 */
export function openApi(routes: readonly Route[], defined: DefinedNames, version: string): Schema {
  const paths: Record<string, Schema> = {};
  for (const route of routes) {
    const { path, method, names, shapesOf } = route;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route, route.shapes, null) };
    if (names === null || shapesOf === undefined) continue;
    for (const name of defined[names.kind] ?? []) {
      const named = path.replace(`{${names.parameter}}`, name);
      paths[named] = { ...paths[named], [method.toLowerCase()]: operation(route, shapesOf(name), name) };
    }
  }
  return {
    openapi: "3.1.0",
    info: { title: "asof", version, description: "A feature store: records in, features and predictions out." },
    paths,
    components: {
      schemas: { Error: error },
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "an API key, or a token of the configured issuer; nothing while neither is configured",
        },
      },
    },
  };
}

function operation(route: Route, { body, answer }: Shapes, name: string | null): Schema {
  const { id, summary, names, query, headers = {}, also = {}, type = "application/json", dialect } = route;
  const isPublic = route.access.scope === "public";
  const hurried = route.unhurried === true || route.events !== undefined ? [] : HURRIED;
  const mayFail = [
    ...route.errors,
    ...EVERYWHERE,
    ...hurried,
    ...(isPublic ? [] : GUARDED),
    ...(names === null ? [] : NAMED),
    ...(route.method === "POST" ? WITH_BODY : []),
  ];
  const inPath =
    name === null && names !== null ? [{ name: names.parameter, in: "path", required: true, schema: text }] : [];
  const given = (where: string, declared: typeof query): Schema[] =>
    Object.entries(declared).map(([name, { description, schema, required = false }]) => ({
      name,
      in: where,
      description,
      schema,
      ...(required && { required }),
    }));
  const parameters = [...inPath, ...given("query", query), ...given("header", headers)];
  const binary = Object.fromEntries(Object.entries(also).map(([media, description]) => [media, { description }]));
  return {
    operationId: name === null ? id : `${id}_${name}`,
    summary,
    ...(isPublic ? {} : { security: [{ bearer: route.access.scope === "any" ? [] : [route.access.scope] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== null && { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      "200": { description: "done", content: contentOf({ [type.split(";", 1)[0]]: answer, ...binary }) },
      ...failures(dialect === undefined ? OWN : inDialect(dialect), mayFail),
    },
  };
}

function contentOf(schemas: Readonly<Record<string, Schema>>): Schema {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]));
}

/** How errors are told: with which status, and how a body looks that carries one of some codes. */
interface Described {
  readonly status: (code: ErrorCode) => number;
  readonly schemaOf: (codes: readonly ErrorCode[]) => Schema;
}

function inDialect({ status, schema }: ErrorDialect): Described {
  return { status, schemaOf: () => schema };
}

/** How errors are told everywhere else. */
const OWN: Described = {
  status: (code) => errorTable[code].status,
  schemaOf: (codes) => ({
    allOf: [
      { $ref: "#/components/schemas/Error" },
      { type: "object", properties: { error: { type: "object", properties: { code: { enum: codes } } } } },
    ],
  }),
};

/** Failures by HTTP status, each with the codes that it may carry. */
function failures({ status: statusOf, schemaOf }: Described, codes: readonly ErrorCode[]): Record<string, Schema> {
  return Object.fromEntries(
    [...Map.groupBy(new Set(codes), statusOf)].map(([status, all]) => [
      String(status),
      {
        description: all.map((code) => `${code}: ${errorTable[code].message}`).join("; "),
        content: contentOf({ "application/json": schemaOf(all) }),
      },
    ]),
  );
}
