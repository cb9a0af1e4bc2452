import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { errorTable } from "../src/core/errors.ts";
import { errorDocs, errorDocsFile } from "../scripts/write-error-docs.ts";

test("docs/errors.md tells the table of errors; `node scripts/write-error-docs.ts` writes it", () => {
  expect(readFileSync(errorDocsFile, "utf8")).toBe(errorDocs());
});

test("every code is one that a test has seen, or looks for", () => {
  const root = path.dirname(path.dirname(errorDocsFile));
  const texts = ["src", "test"].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => readFileSync(path.join(root, folder, name), "utf8")),
  );
  const named = new Set(texts.flatMap((text) => text.match(/ASOF_[A-Z_]+/g) ?? []));
  expect(Object.keys(errorTable).filter((code) => !named.has(code))).toEqual([]);
});
