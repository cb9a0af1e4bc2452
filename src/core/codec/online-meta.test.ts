import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import type { AsofError } from "../errors.ts";
import { decodeMeta, decodeViews, encodeMeta, encodeViews, noViews, type OnlineViews } from "./online-meta.ts";

const text = fc.string({ unit: "grapheme", maxLength: 8 });
const view = fc.record(
  { name: text, fingerprint: text, state: fc.nat(), loads: fc.maxSafeNat() },
  { noNullPrototype: true },
);
const building = fc.record(
  {
    name: text,
    fingerprint: text,
    state: fc.nat(),
    loads: fc.maxSafeNat(),
    t: fc.maxSafeInteger(),
    after: fc.option(text),
  },
  { noNullPrototype: true },
);
const views: fc.Arbitrary<OnlineViews> = fc.record(
  {
    version: fc.nat(),
    nextState: fc.nat(),
    views: fc.array(view, { maxLength: 3 }),
    building: fc.array(building, { maxLength: 2 }),
    removed: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  },
  { noNullPrototype: true, requiredKeys: ["version", "nextState", "views", "building"] },
);
const coded = (code: string): AsofError => expect.objectContaining({ name: "AsofError", code }) as AsofError;

test("position and watermark are read as they were written", () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.maxSafeInteger(),
      fc.nat(),
      fc.infiniteStream(fc.nat()),
      (position, watermark, views, random) => {
        const meta = { position, watermark, views };
        expect(decodeMeta(encodeMeta(meta))).toStrictEqual(meta);
        refusesDamage(encodeMeta(meta), random, decodeMeta);
      },
    ),
  );
});

test("the record of views is read as it was written", () => {
  expect(decodeViews(encodeViews(noViews))).toStrictEqual(noViews);
  fc.assert(
    fc.property(views, fc.infiniteStream(fc.nat()), (views, random) => {
      expect(decodeViews(encodeViews(views))).toStrictEqual(views);
      refusesDamage(encodeViews(views), random, decodeViews);
    }),
  );
});

describe("another format is refused", () => {
  test("of position and watermark", () => {
    expect(() => decodeMeta(Uint8Array.of(2, 0, 0, 0))).toThrow(coded("ASOF_FORMAT"));
    expect(() => decodeMeta(Uint8Array.of(0, 0, 0, 0))).toThrow(coded("ASOF_CORRUPT"));
  });

  test.each([
    ['{"format":2}', "ASOF_FORMAT"],
    ['{"format":0}', "ASOF_CORRUPT"],
    ['{"format":"1"}', "ASOF_CORRUPT"],
    ["{}", "ASOF_CORRUPT"],
    ["null", "ASOF_CORRUPT"],
    ["", "ASOF_CORRUPT"],
  ])("of the views: %s", (json, code) => {
    expect(() => decodeViews(new TextEncoder().encode(json))).toThrow(coded(code));
  });
});
