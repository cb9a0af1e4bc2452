import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { catalogOf } from "../src/core/definition/catalog.ts";
import * as asof from "../src/index.ts";

const page = readFileSync(new URL("../docs/retention.md", import.meta.url), "utf8");

const catalogIn = (code: string): ReturnType<typeof catalogOf> => {
  const names = [...code.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
  const script = code.replace(/^import .*$/gm, "").replace(/^export const/gm, "const");
  return catalogOf(runInNewContext(`${script}\n;[${names.join(", ")}]`, { ...asof }) as unknown[]);
};

test("docs/retention.md shows definitions that are some, and would be refused without what it says they need", () => {
  const [, code] = /```ts\n(.*?)```/s.exec(page)!;
  expect(catalogIn(code).sources.get("clicks")!.retention).toBe(400 * 86_400_000_000);
  const refused = expect.objectContaining({ code: "ASOF_DEFINITION" }) as Error;
  for (const [shown, instead] of [
    ['  lookback: "1d",\n', ""],
    ['"90d"', '"399d"'],
    ['"90d"', '"lifetime"'],
  ]) {
    expect(code).toContain(shown);
    expect(() => catalogIn(code.replace(shown, instead))).toThrow(refused);
  }
});
