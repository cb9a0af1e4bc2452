import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OnlineStore, Put } from "../../src/ports/online-store.ts";
import { bytes, scanned, text } from "./online-store-bytes.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";

const ENTRIES = 22_000;
const keyOf = (i: number): Uint8Array => bytes(`many ${String(i).padStart(6, "0")}`);

/** What the store promises of everything under a prefix. */
export function scans(subject: OnlineStoreUnderTest): void {
  describe("scans", () => {
    let place: string;
    let store: OnlineStore;
    beforeEach(async () => {
      place = await subject.makePlace();
      store = await subject.open(place);
      await store.commit(Array.from({ length: ENTRIES }, (_, i): Put => [keyOf(i), bytes(`value ${i}`)]));
      await store.commit([
        [bytes("man"), bytes("before")],
        [bytes("mano"), bytes("after")],
      ]);
    });
    afterEach(async () => {
      await store.close();
      await subject.removePlace(place);
    });

    const skip = subject.scansSnapshot === true ? undefined : subject.scansSnapshot.skip;
    test.skipIf(skip)(`a scan sees one snapshot, in order, and its bytes stay${skip ? ` (${skip})` : ""}`, async () => {
      const entries: (readonly [Uint8Array, Uint8Array])[] = [];
      for await (const entry of store.scan(bytes("many"))) {
        entries.push(entry);
        if (entries.length !== 10) continue;
        await store.commit([
          [keyOf(9), bytes("changed")],
          [keyOf(20_000), null],
          [keyOf(ENTRIES), bytes("new")],
          ...Array.from({ length: 5_000 }, (_, i): Put => [keyOf(i + 10), bytes("changed")]),
        ]);
        expect(await store.count(bytes("many"))).toBe(ENTRIES);
      }
      expect(entries.map(([key, value]) => [text(key), text(value)])).toEqual(
        Array.from({ length: ENTRIES }, (_, i) => [text(keyOf(i)), `value ${i}`]),
      );
      expect((await scanned(store, keyOf(9)))[0][1]).toBe("changed");
    });

    test("a scan gives each entry in order, and its bytes stay what they were", async () => {
      const entries: (readonly [Uint8Array, Uint8Array])[] = [];
      for await (const entry of store.scan(bytes("many"))) entries.push(entry);
      await store.commit([[keyOf(9), bytes("changed")]]);
      expect(entries.map(([key, value]) => [text(key), text(value)])).toEqual(
        Array.from({ length: ENTRIES }, (_, i) => [text(keyOf(i)), `value ${i}`]),
      );
      expect((await scanned(store, keyOf(9)))[0][1]).toBe("changed");
    });

    test("a scan lets others run", async () => {
      let turns = 0;
      const timer = setInterval(() => turns++, 0);
      for await (const _ of store.scan(bytes("many")));
      clearInterval(timer);
      expect(turns).toBeGreaterThan(3);
    });

    test("many scans at once, left at any point, among commits", async () => {
      const writer = (async () => {
        for (let n = 0; n < 20; n++) await store.commit([[keyOf(n), bytes(`value ${n}`)]]);
      })();
      const readers = Array.from({ length: 9 }, async (_, i) => {
        let left = i % 3 === 0 ? i * 1_700 + 1 : ENTRIES;
        let last = "";
        for await (const [key] of store.scan(bytes("many"))) {
          expect(text(key) > last).toBe(true);
          last = text(key);
          if (--left <= 0) break;
        }
        expect(left).toBeLessThanOrEqual(0);
      });
      await Promise.all([...readers, writer]);
    });

    test("clear removes what is under the prefix, and nothing beside it", async () => {
      await store.clear(bytes("many"));
      expect(await store.count(bytes("many"))).toBe(0);
      expect(await scanned(store, bytes(""))).toEqual([
        ["man", "before"],
        ["mano", "after"],
      ]);
      await store.clear(bytes("nothing"));
      await store.clear(bytes(""));
      expect(await store.count(bytes(""))).toBe(0);
    });

    test("count counts what is under a prefix", async () => {
      const counts = await Promise.all(
        ["", "man", "many ", "many 00000", "many 019", "mb"].map((p) => store.count(bytes(p))),
      );
      expect(counts).toEqual([ENTRIES + 2, ENTRIES + 2, ENTRIES, 10, 1_000, 0]);
    });
  });
}
