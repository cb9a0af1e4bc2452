import fc from "fast-check";
import { expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import type { AsofError } from "../errors.ts";
import { decodeLoad, encodeLoad, type LoadEntry } from "./load-entry.ts";

const file = fc.record(
  {
    path: fc.string({ unit: "grapheme" }),
    rows: fc.nat(),
    bytes: fc.nat(),
    minEvent: fc.maxSafeInteger(),
    maxEvent: fc.maxSafeInteger(),
    minAvailable: fc.maxSafeInteger(),
    maxAvailable: fc.maxSafeInteger(),
  },
  { noNullPrototype: true },
);
const load: fc.Arbitrary<LoadEntry> = fc.record(
  { stream: fc.string(), files: fc.array(file, { maxLength: 3 }) },
  { noNullPrototype: true },
);

test("a load is read as it was written; a damaged one is refused or is another", () => {
  fc.assert(
    fc.property(load, fc.infiniteStream(fc.nat()), (load, random) => {
      expect(decodeLoad(encodeLoad(load))).toStrictEqual(load);
      refusesDamage(encodeLoad(load), random, decodeLoad);
    }),
  );
});

test("a newer format is refused by its code", () => {
  expect(() => decodeLoad(new TextEncoder().encode('{"format":2,"stream":"s","files":[]}'))).toThrow(
    expect.objectContaining({ code: "ASOF_FORMAT" }) as AsofError,
  );
});
