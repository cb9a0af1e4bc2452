import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Sha256, sha256 } from "./sha256.ts";

test("SHA-256 agrees with the platform's, in one piece and in several", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (parts) => {
      const ours = new Sha256();
      const theirs = createHash("sha256");
      for (const part of parts) {
        ours.update(part);
        theirs.update(part);
      }
      expect(ours.digest()).toBe(theirs.digest("hex"));
    }),
  );
  expect(sha256("asof ✓")).toBe(createHash("sha256").update("asof ✓").digest("hex"));
});
