import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { openApi } from "../../src/surfaces/http/openapi.ts";
import type { Route } from "../../src/surfaces/http/route.ts";
import type { Schema } from "../../src/surfaces/http/schema.ts";

/** An answer as it went out. */
export interface Answer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly type: string;
  readonly payload: unknown;
}

type Operation = {
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, Schema>> }>>;
};
type Judge = (value: unknown) => string | null;

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false });
addFormats.default(ajv);
ajv.addVocabulary(["components"]);

/** What no route answers: as an error is told everywhere, or to Feast's clients. */
const refusal: Schema = { anyOf: [{ $ref: "#/components/schemas/Error" }, { type: "string" }] };
const { components } = openApi([], {}, "0") as { readonly components: Schema };
const judges = new Map<string, Judge>();
/** Described once for each name that it was asked with. */
const operations = new WeakMap<Route, Map<string, readonly Operation[]>>();

/**
 * What is wrong with an answer by what `/openapi.json` says of its route, in general and for the definition that the
 * path names; null where nothing is. An answer without a route has to be an error of the server's own.
 */
export function faultOf(route: Route | undefined, name: string, answer: Answer): string | null {
  const where = `${answer.method} ${answer.url} answered ${answer.status}`;
  if (route === undefined) {
    const fault = judge(refusal, parsed(answer));
    return fault === null ? null : `${where} without a route: ${fault}`;
  }
  for (const { responses } of operationsOf(route, name)) {
    const content = responses[String(answer.status)]?.content;
    if (content === undefined) return `${where}, which ${route.id} does not declare: ${startOf(answer)}`;
    const declared = content[answer.type.split(";", 1)[0]] as { readonly schema?: Schema } | undefined;
    if (declared === undefined) return `${where} as ${answer.type}, which ${route.id} does not declare`;
    if (declared.schema === undefined) continue;
    const fault = judge(declared.schema, parsed(answer));
    if (fault !== null) return `${where}, not as ${route.id} declares: ${fault} in ${startOf(answer)}`;
  }
  return null;
}

function startOf({ payload }: Answer): string {
  return String(payload).slice(0, 500);
}

function parsed({ type, payload }: Answer): unknown {
  const text = typeof payload === "string" || Buffer.isBuffer(payload) ? payload.toString() : "";
  return type.startsWith("application/json") ? JSON.parse(text) : text;
}

function operationsOf(route: Route, name: string): readonly Operation[] {
  const known = operations.get(route) ?? new Map<string, readonly Operation[]>();
  operations.set(route, known);
  let found = known.get(name);
  if (found === undefined) known.set(name, (found = describe(route, name)));
  return found;
}

function describe(route: Route, name: string): readonly Operation[] {
  const described = (names: readonly string[]): readonly Operation[] => {
    const { paths } = openApi([route], route.names === null ? {} : { [route.names.kind]: names }, "0");
    return Object.values(paths as Record<string, Record<string, Operation>>).flatMap((path) => Object.values(path));
  };
  try {
    return described([name]);
  } catch {
    // What is asked for is not defined.
    return described([]);
  }
}

function judge(schema: Schema, value: unknown): string | null {
  const text = JSON.stringify(schema);
  let found = judges.get(text);
  if (found === undefined) {
    const validate = ajv.compile({ ...schema, components });
    found = (value) => (validate(value) ? null : ajv.errorsText(validate.errors));
    judges.set(text, found);
  }
  return found(value);
}
