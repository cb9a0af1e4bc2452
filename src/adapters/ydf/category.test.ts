import fc from "fast-check";
import { expect, test } from "vitest";
import { categoryOf } from "./category.ts";

const awkward = fc
  .array(fc.constantFrom("␀", "null", "<OOD>", "a", ""), { maxLength: 4 })
  .map((parts) => parts.join(""));
const value = fc.option(fc.oneof(awkward, fc.string({ unit: "binary" })));

test("different strings are different categories, and null is another", () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(categoryOf(a) === categoryOf(b)).toBe(a === b);
    }),
    { numRuns: 2000 },
  );
});

test("no category is one that YDF reads as missing or rare; ordinary strings stay as they are", () => {
  fc.assert(
    fc.property(value, (a) => {
      expect(["", "<OOD>"]).not.toContain(categoryOf(a));
    }),
  );
  expect(categoryOf("Köln")).toBe("Köln");
});
