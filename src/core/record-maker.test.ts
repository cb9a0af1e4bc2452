import fc from "fast-check";
import { expect, test } from "vitest";
import { recordMaker } from "./record-maker.ts";

test("any names, in their order, as own properties", () => {
  const names = fc.uniqueArray(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "constructor", "1", '"')),
  );
  fc.assert(
    fc.property(names, (names) => {
      const made = recordMaker<number>(names)(names.map((_, i) => i));
      expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
      for (const [i, name] of names.entries()) expect(Object.getOwnPropertyDescriptor(made, name)?.value).toBe(i);
      expect(Object.keys(made)).toHaveLength(names.length);
    }),
  );
});
