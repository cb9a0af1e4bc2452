import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import * as flights from "../examples/flights/definitions.ts";
import type { Definition } from "../src/core/definition/data.ts";
import { AsofError, type ErrorCode, errorTable } from "../src/core/errors.ts";
import type { Store } from "../src/store.ts";
import { mediaTypes } from "../src/surfaces/http/body.ts";
import { buildServer } from "../src/surfaces/http/build-server.ts";
import { readRecords } from "../src/surfaces/http/read-records.ts";
import { rowReader } from "../src/surfaces/http/row-reader.ts";
import type { Schema } from "../src/surfaces/http/schema.ts";
import { examples as shown } from "./docs/http-session.ts";
import { schemaValidator } from "./flow/schema-validator.ts";

const page = readFileSync(new URL("../docs/http.md", import.meta.url), "utf8");

const examples = shown.map(({ path, headers, ...example }) => ({
  ...example,
  path: path.replace(/\?.*$/, ""),
  type: headers["content-type"] ?? "",
}));

/** The definitions alone, which is all that a description needs. */
const definitions = Object.values(flights).map((made) =>
  "view" in made ? made.view : made.definition,
) as Definition[];
const store = {
  definition: (kind: string, name: string) => {
    const found = definitions.find((one) => one.kind === kind && one.name === name);
    if (found === undefined) throw new AsofError("ASOF_UNKNOWN_VIEW", `no ${kind} ${name}`);
    return found;
  },
  keys: { version: async () => 0 },
  catalog: async () => definitions.map(({ kind, name }) => ({ kind, name, applied: true })),
} as unknown as Store;

const app = buildServer(store);
const { body: text } = await app.inject("/openapi.json");
type Described = Record<string, Record<string, { requestBody: Content; responses: Record<string, Content> }>>;
type Content = { content: Record<string, { schema: Schema }> };
const description = JSON.parse(text) as { paths: Described; components: { schemas: { Error: Schema } } };

afterAll(() => app.close());

/** A line of `…` stands for members that are left out. */
function parse(json: string): { value: unknown; whole: boolean } {
  return { value: JSON.parse(json.replace(/,?\s*…/g, "")), whole: !json.includes("…") };
}

function withoutRequired(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === "required" ? undefined : value,
  ) as Schema;
}

describe("docs/http.md", () => {
  test("has an example of every route", () => {
    const asked = new Set(examples.map(({ method, path }) => `${method} ${path}`));
    const routes = Object.entries(description.paths).filter(
      ([path]) => path.includes("{") || !/^\/v1\/\w+\//.test(path),
    );
    for (const [path, operations] of routes)
      for (const method of Object.keys(operations)) {
        const pattern = new RegExp(`^${method} ${path.replace(/\{\w+\}/, "\\w+")}$`);
        expect(
          [...asked].some((one) => pattern.test(one)),
          `${method} ${path}`,
        ).toBe(true);
      }
  });

  test.each(examples)(
    "$method $path is asked and answers as /openapi.json says",
    async ({ method, path, type, body, answer }) => {
      const operation = description.paths[path][method];
      const failure = answer?.includes('"error"') ?? false;
      if (body !== null) {
        const validate = await schemaValidator(operation.requestBody.content["application/json"].schema);
        const language = type === mediaTypes.ndjson ? "ndjson" : "json";
        const bodies =
          language === "ndjson" ? readRecords({ language, text: body }, rowReader({})) : [JSON.parse(body)];
        for (const one of bodies) expect(validate(one) === null).toBe(!failure);
        expect(Object.keys(operation.requestBody.content)).toContain(type);
      }
      if (answer === null) return;
      const { value, whole } = parse(answer);
      const schema = failure
        ? description.components.schemas.Error
        : operation.responses["200"].content["application/json"].schema;
      expect((await schemaValidator(whole ? schema : withoutRequired(schema)))(value)).toBeNull();
    },
  );

  test("imports what the package exports", async () => {
    const [, names, specifier] = /import \{ ([\w, ]+) \} from "asof(\/[\w/]+)"/.exec(page)!;
    const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      exports: Record<string, { types: string; default: string }>;
    };
    const entry = exports[`.${specifier}`];
    expect(entry.types).toBe(entry.default.replace(/\.js$/, ".d.ts"));
    const source = entry.default.replace("./dist/", "../src/").replace(/\.js$/, ".ts");
    const module = (await import(new URL(source, import.meta.url).href)) as object;
    for (const name of names.split(", ")) expect(module).toHaveProperty(name);
  });

  test("tells the errors as they are", () => {
    for (const [, code] of page.matchAll(/"code": "(\w+)"/g))
      expect(page).toContain(errorTable[code as ErrorCode].remedy);
    for (const [code] of page.matchAll(/ASOF_\w+/g)) expect(errorTable).toHaveProperty(code);
  });
});
