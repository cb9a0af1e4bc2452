import { expect, test } from "vitest";
import * as every from "../../../test/flow/every-aggregation.ts";
import * as shop from "../../../test/flow/shop.ts";
import type { AsofError } from "../errors.ts";
import { catalogOf } from "./catalog.ts";
import { canonicalJson } from "./fingerprint.ts";
import { storedDefinition } from "./stored-definition.ts";

const all = [...catalogOf(Object.values(shop)).all, ...catalogOf(Object.values(every)).all];

test("every definition is read as it was stored", () => {
  for (const definition of all)
    expect(canonicalJson(storedDefinition(canonicalJson(definition), definition.name))).toBe(canonicalJson(definition));
});

test("what is no definition is damage, wherever it is none", () => {
  const corrupt = expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError;
  const source = canonicalJson(all.find(({ kind }) => kind === "source"));
  const view = canonicalJson(all.find(({ kind }) => kind === "aggregateView"));
  const damaged = [
    source.slice(1),
    "null",
    "[]",
    '{"kind":"__proto__"}',
    source.replace('"kind":"source"', '"kind":"toString"'),
    source.replace('"op":"column"', '"op":"constructor"'),
    source.replace('"op":"column"', '"op":"not"'),
    source.replace('"nullable":false', '"nullable":null'),
    view.replace('"hop":', '"hop":"1","was":'),
    view.replace('"features":[', '"features":[null,'),
  ];
  for (const json of damaged) {
    expect(json).not.toBe(source);
    expect(() => storedDefinition(json, "x")).toThrow(corrupt);
  }
  const deep = '{"op":"not","args":['.repeat(10_000) + '{"op":"column","name":"a"}' + "]}".repeat(10_000);
  expect(() => storedDefinition(source.replace('"eventTime":', `"eventTime":${deep},"was":`), "x")).toThrow(corrupt);
  // Also where nobody looks.
  const lists = "[".repeat(20_000) + "]".repeat(20_000);
  expect(() => storedDefinition(source.replace('"eventTime":', `"else":${lists},"eventTime":`), "x")).toThrow(corrupt);
  const some = "[".repeat(500) + "]".repeat(500);
  const read = storedDefinition(source.replace('"eventTime":', `"else":${some},"eventTime":`), "x");
  expect(canonicalJson(read)).toContain(some);
});
