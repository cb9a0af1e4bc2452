import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorDocs, errorDocsFile } from "../scripts/write-error-docs.ts";

test("docs/errors.md tells the table of errors; `node scripts/write-error-docs.ts` writes it", () => {
  expect(readFileSync(errorDocsFile, "utf8")).toBe(errorDocs());
});
