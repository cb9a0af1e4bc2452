import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { AsofError } from "../../src/core/errors.ts";
import type { Store } from "../../src/store.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import * as shop from "../flow/shop.ts";
import { takeFaults } from "./watch-servers.ts";

const definitions = Object.values(shop).map((made) => ("view" in made ? made.view : made.definition));

const drift = { model: "fraud", version: 1, since: 0, predictions: 0, features: [] };

/** A store of definitions alone, but for what is planted. */
function server(planted: object): ReturnType<typeof buildServer> {
  const store = {
    definition: (kind: string, name: string) => {
      const found = definitions.find((one) => one.kind === kind && one.name === name);
      if (found === undefined) throw new AsofError("ASOF_UNKNOWN_VIEW", `no ${kind} ${name}`);
      return found;
    },
    catalog: async () => definitions.map(({ kind, name }) => ({ kind, name, applied: true })),
    keys: { version: async () => 0 },
    ...planted,
  };
  return buildServer(store as unknown as Store, { logger: false });
}

test.each([
  ["a member too many", "/v1/drift", { monitoring: async () => ({ drift: [{ ...drift, more: 1 }] }) }, /must NOT have/],
  ["a member that is missing", "/v1/catalog", {}, /must have required property/],
  [
    "a status that is not declared",
    "/v1/runs",
    {
      runs: async () => {
        throw new AsofError("ASOF_TIMEOUT", "planted");
      },
    },
    /which getRuns does not declare/,
  ],
  [
    "another code of a status that is",
    "/v1/models",
    {
      models: async () => {
        throw new AsofError("ASOF_UNKNOWN_SOURCE", "planted");
      },
    },
    /must be equal to one of the allowed values/,
  ],
])("an answer with %s is found in any test", async (_, url, planted, fault) => {
  const app = server(planted);
  await app.inject(url);
  expect(takeFaults()).toEqual([expect.stringMatching(fault)]);
  await app.close();
});

test("/openapi.json is OpenAPI 3.1 by the specification's own schema", async () => {
  const app = server({});
  const description = (await app.inject("/openapi.json")).json<Record<string, unknown>>();
  const validator = new Validator();
  expect(await validator.validate(description)).toMatchObject({ valid: true });
  expect(validator.version).toBe("3.1");
  expect(await new Validator().validate({ ...description, paths: { nowhere: {} } })).toMatchObject({ valid: false });
  await app.close();
});
