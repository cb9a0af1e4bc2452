import fc from "fast-check";
import { expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import type { AsofError } from "../errors.ts";
import type { Identity } from "../identity/identity.ts";
import { ByteWriter } from "./bytes.ts";
import {
  decodeIdentity,
  decodeIndexed,
  decodeStoredRequest,
  encodeIdentity,
  encodeIndexed,
  encodeStoredRequest,
} from "./identity-codec.ts";

const hex = (digits: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const identity: fc.Arbitrary<Identity> = fc.record(
  {
    live: fc.option(
      fc.record(
        {
          position: fc.nat(),
          origin: fc.constantFrom("stream", "load"),
          event: fc.maxSafeInteger(),
          available: fc.maxSafeInteger(),
          schema: hex(16),
          row: fc.uint8Array({ maxLength: 20 }),
        },
        { noNullPrototype: true },
      ),
    ),
    past: fc.array(hex(32), { maxLength: 3 }),
    waiting: fc.option(fc.maxSafeInteger()),
  },
  { noNullPrototype: true },
);

const written = (encode: (out: ByteWriter) => void): Uint8Array => {
  const out = new ByteWriter();
  encode(out);
  return out.finish();
};

test("what is known of an id is read as it was written; what is damaged is refused or is other", () => {
  fc.assert(
    fc.property(identity, fc.infiniteStream(fc.nat()), (known, random) => {
      const bytes = written((out) => encodeIdentity(out, known));
      expect(decodeIdentity(bytes)).toStrictEqual(known);
      refusesDamage(bytes, random, decodeIdentity);
    }),
  );
});

test("a request and a position are read as they were written", () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          expires: fc.maxSafeInteger(),
          count: fc.nat(),
          digest: hex(32),
          position: fc.nat(),
          stamp: fc.maxSafeInteger(),
        },
        { noNullPrototype: true },
      ),
      fc.infiniteStream(fc.nat()),
      (request, random) => {
        const bytes = written((out) => encodeStoredRequest(out, request));
        expect(decodeStoredRequest(bytes)).toStrictEqual(request);
        refusesDamage(bytes, random, decodeStoredRequest);
        expect(decodeIndexed(written((out) => encodeIndexed(out, request.position)))).toBe(request.position);
      },
    ),
  );
});

test("a newer format is refused by its code", () => {
  for (const decode of [decodeIdentity, decodeStoredRequest, decodeIndexed])
    expect(() => decode(Uint8Array.of(2, 0))).toThrow(expect.objectContaining({ code: "ASOF_FORMAT" }) as AsofError);
});
