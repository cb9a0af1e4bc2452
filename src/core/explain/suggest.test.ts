import { expect, test } from "vitest";
import { suggest } from "./suggest.ts";

test.each([
  ["dealy", ["delay", "late", "distance"], "did you mean delay? there is delay, late, distance"],
  ["count_1", ["count_1h", "count_1d"], "did you mean count_1h? there is count_1h, count_1d"],
  ["x", ["delay"], "there is delay"],
  ["delay", [], "there is none"],
])("%s among %j", (name, known, text) => {
  expect(suggest(name, known)).toBe(text);
});
