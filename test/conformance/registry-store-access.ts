import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RegistryStore } from "../../src/ports/registry-store.ts";
import { entryOf, keyOf } from "./registry-store-samples.ts";
import type { RegistryStoreUnderTest } from "./registry-store-under-test.ts";

/** API keys and the audit trail. */
export function access(subject: RegistryStoreUnderTest): void {
  describe("access", () => {
    let place: string;
    let registry: RegistryStore;
    beforeEach(async () => {
      place = await subject.makePlace();
      registry = await subject.open(place);
    });
    afterEach(async () => {
      await registry.close();
      await subject.removePlace(place);
    });

    test("keys are listed as they were made, and their version grows with each and with each revocation", async () => {
      expect([await registry.keys(), await registry.keyVersion()]).toEqual([[], 0]);
      const [b, a] = [
        keyOf("b", { rate: 0.5, expiresAt: 9 }),
        keyOf("a", { grant: { scopes: ["admin"], only: null } }),
      ];
      await registry.addKey(b);
      await registry.addKey(a);
      expect([await registry.keys(), await registry.keyVersion()]).toEqual([[b, a], 2]);
      await registry.revokeKey("b", 7, "user:eve");
      await registry.revokeKey("b", 8, "user:mal");
      await registry.revokeKey("c", 8, "user:mal");
      const revoked = { ...b, revokedAt: 7, revokedBy: "user:eve" };
      expect([await registry.keys(), await registry.keyVersion()]).toEqual([[revoked, a], 3]);
    });

    test("uses of keys are noted, the latest of each, and change no version", async () => {
      await registry.addKey(keyOf("a"));
      await registry.noteKeyUse(new Map([["a", 9]]));
      await registry.noteKeyUse(
        new Map([
          ["a", 8],
          ["unknown", 8],
        ]),
      );
      expect([await registry.keys(), await registry.keyVersion()]).toEqual([[keyOf("a", { usedAt: 9 })], 1]);
    });

    test("another opening sees a key and its revocation", async () => {
      const other = await subject.open(place);
      try {
        await registry.addKey(keyOf("a"));
        expect(await other.keyVersion()).toBe(1);
        await other.revokeKey("a", 3, "user:ada");
        expect([await registry.keyVersion(), (await registry.keys())[0].revokedAt]).toEqual([2, 3]);
      } finally {
        await other.close();
      }
    });

    test("the trail is read from a moment on, the newest first", async () => {
      const entries = [3, 1, 2, 2].map((until, i) => entryOf(until, { target: `"${i}'` }));
      for (const entry of entries) await registry.addTrail(entry);
      const [third, first, second, other] = entries;
      expect(await registry.trail(0, 10)).toEqual([third, other, second, first]);
      expect(await registry.trail(2, 2)).toEqual([third, other]);
    });
  });
}
