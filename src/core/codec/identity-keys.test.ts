import fc from "fast-check";
import { expect, test } from "vitest";
import {
  EXPIRIES_PREFIX,
  expiryKey,
  expiryOf,
  IDENTITIES_KEY,
  recordKey,
  recordsPrefix,
  requestKey,
} from "./identity-keys.ts";

const source = fc.stringMatching(/^[a-z](?:_?[a-z0-9]){0,30}$/);
const bytes = fc.uint8Array({ maxLength: 404 });
const hex = (of: Uint8Array): string => Buffer.from(of).toString("hex");

test("keys of different things differ, begin with what they are found by, and are short enough", () => {
  fc.assert(
    fc.property(source, source, bytes, bytes, (a, b, x, y) => {
      const keys = [recordKey(a, x), requestKey(a, x), IDENTITIES_KEY];
      expect(new Set(keys.map(hex)).size).toBe(3);
      expect(hex(recordKey(a, x)) === hex(recordKey(b, y))).toBe(a === b && hex(x) === hex(y));
      expect(hex(recordKey(b, y)).startsWith(hex(recordsPrefix(a)))).toBe(a === b);
      for (const key of [...keys, expiryKey(0, requestKey(a, x))]) expect(key.length).toBeLessThanOrEqual(511);
    }),
  );
});

test("moments of expiry are in the order of their keys", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), source, bytes, (a, b, name, key) => {
      const request = requestKey(name, key);
      expect(expiryOf(expiryKey(a, request))).toStrictEqual({ expires: a, request });
      const lent = Buffer.from(expiryKey(a, request));
      expect(expiryOf(lent)).toStrictEqual({ expires: a, request });
      expect(hex(lent)).toBe(hex(expiryKey(a, request)));
      expect(hex(expiryKey(a, request)).startsWith(hex(EXPIRIES_PREFIX))).toBe(true);
      expect(Math.sign(Buffer.compare(expiryKey(a, request), expiryKey(b, request)))).toBe(Math.sign(a - b));
    }),
  );
});
