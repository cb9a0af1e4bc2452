import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OnlineStore, Put } from "../../src/ports/online-store.ts";
import { bytes, read, scanned, text } from "./online-store-bytes.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";

/** What the store promises of reads and commits. */
export function behaviour(subject: OnlineStoreUnderTest): void {
  describe("behaviour", () => {
    let place: string;
    let store: OnlineStore;
    beforeEach(async () => {
      place = await subject.makePlace();
      store = await subject.open(place);
    });
    afterEach(async () => {
      await store.close();
      await subject.removePlace(place);
    });

    describe("reads and commits", () => {
      test("a read visits every key once, in order, with its value or undefined", async () => {
        await store.commit([
          [bytes("a"), bytes("1")],
          [bytes("b"), bytes("2")],
        ]);
        const visits: [number, string | undefined][] = [];
        await store.read([bytes("b"), bytes("x"), bytes("a"), bytes("b")], (index, value) => {
          visits.push([index, value && text(value)]);
        });
        expect(visits).toEqual([
          [0, "2"],
          [1, undefined],
          [2, "1"],
          [3, "2"],
        ]);
        await store.read([], () => expect.unreachable());
      });

      test("what is there stays through a rewrite, for those who read and commit meanwhile too", async () => {
        const names = Array.from({ length: 12_000 }, (_, i) => `key ${String(i).padStart(5, "0")}`);
        await store.commit(names.map((name) => [bytes(name), bytes(`of ${name}`)]));
        await store.commit(names.slice(0, 5_000).map((name) => [bytes(name), null]));
        const before = await scanned(store, bytes(""));
        const rewritten = store.rewrite();
        const [found] = await read(store, [bytes("key 07000")]);
        expect(text(found!)).toBe("of key 07000");
        await Promise.all([store.commit([[bytes("new"), bytes("1")]]), rewritten, store.rewrite()]);
        await store.flushed();
        expect(await scanned(store, bytes(""))).toEqual([...before, ["new", "1"]]);
      });

      test("of several changes of a key the last counts, also where it is a removal", async () => {
        await store.commit([
          [bytes("a"), bytes("1")],
          [bytes("a"), bytes("2")],
          [bytes("b"), bytes("1")],
          [bytes("b"), null],
          [bytes("c"), null],
          [bytes("c"), bytes("3")],
          [bytes("never there"), null],
        ]);
        await store.commit([]);
        expect(await scanned(store, bytes(""))).toEqual([
          ["a", "2"],
          ["c", "3"],
        ]);
      });

      test("commits take effect in the order of their calls", async () => {
        const commits = Array.from({ length: 100 }, async (_, i) => {
          await store.commit([
            [bytes("last"), bytes(String(i))],
            [bytes(`of ${i % 7}`), bytes(String(i))],
          ]);
          // What resolves may have later commits with it, never less.
          const [value] = await read(store, [bytes("last")]);
          expect(Number(text(value!))).toBeGreaterThanOrEqual(i);
        });
        await Promise.all(commits);
        expect(await scanned(store, bytes(""))).toEqual([
          ["last", "99"],
          ...Array.from({ length: 7 }, (_, r) => [`of ${r}`, String(99 - ((99 - r) % 7))]),
        ]);
      });

      test("a read sees what was committed just before, however often", async () => {
        for (let i = 0; i < 80; i++) {
          await store.commit([[bytes("n"), bytes(String(i))]]);
          const [value] = await read(store, [bytes("n")]);
          expect(text(value!)).toBe(String(i));
        }
      });

      test("one read sees one commit, while others are under way", async () => {
        const keys = Array.from({ length: 40 }, (_, i) => bytes(`key ${i}`));
        const written = new AbortController();
        const writer = (async () => {
          for (let n = 0; n < 60; n++) {
            const value = bytes(String(n).padStart(100));
            await store.commit(keys.map((key) => [key, value]));
          }
          written.abort();
        })();
        const seen = new Set<string>();
        while (!written.signal.aborted) {
          const values = new Set((await read(store, keys)).map((value) => value && text(value)));
          expect(values.size).toBe(1);
          seen.add(String([...values][0]));
          await new Promise(setImmediate);
        }
        await writer;
        expect(seen.size).toBeGreaterThan(5);
      });

      test("values of every size come back exactly, in one read", async () => {
        const sizes = [0, 1, 7, 200, 0, 2_000, 4_096, 40_000, 3, 1_000_000, 0, 100, 3_000_001, 5];
        const values = sizes.map((size, i) => new Uint8Array(size).map((_, at) => (at * 31 + i) & 0xff));
        const keys = sizes.map((_, i) => bytes(`key ${i}`));
        await store.commit(keys.map((key, i) => [key, values[i]]));
        await store.read(keys, (index, value) => {
          // Its length as native methods see it, not only as a property.
          expect(value!.byteLength).toBe(sizes[index]);
          expect(Buffer.from(value!.buffer, value!.byteOffset, value!.byteLength).equals(values[index])).toBe(true);
        });
        let i = 0;
        for await (const [, value] of store.scan(bytes("key 13"))) {
          expect(Buffer.compare(value, values[13])).toBe(0);
          i++;
        }
        expect(i).toBe(1);
      });

      test("keys are any 1 to 511 bytes", async () => {
        const keys = [
          Uint8Array.of(0),
          Uint8Array.of(0, 0),
          new Uint8Array(511),
          Uint8Array.of(0xff),
          new Uint8Array(510).fill(0xff),
          new Uint8Array(511).fill(0xff),
          Uint8Array.of(0xff, 0),
        ];
        await store.commit(keys.map((key, i) => [key, Uint8Array.of(i)]));
        expect(await read(store, keys)).toEqual(keys.map((_, i) => Uint8Array.of(i)));
        expect(await store.count(bytes(""))).toBe(keys.length);
        expect(await store.count(Uint8Array.of(0xff))).toBe(4);
        for (const key of [new Uint8Array(0), new Uint8Array(512)]) {
          await expect(store.commit([[key, bytes("")]])).rejects.toThrow("internal error");
          await expect((async () => store.read([key], () => undefined))()).rejects.toThrow("internal error");
        }
      });

      test("keys and values are the caller's again once the promise has settled", async () => {
        const [key, value] = [bytes("key"), bytes("value")];
        await store.commit([[key, value]]);
        key.fill(0);
        value.fill(0);
        const [found] = await read(store, [bytes("key")]);
        expect(text(found!)).toBe("value");
      });

      test("what a visit throws comes through, and the store goes on", async () => {
        const thrown = new Error("from the visit");
        const failing = async (): Promise<void> => {
          await store.read([bytes("a")], () => {
            throw thrown;
          });
        };
        await expect(failing()).rejects.toBe(thrown);
        expect(await read(store, [bytes("a")])).toEqual([undefined]);
      });

      test("equals a map, whatever is done to it", async () => {
        // Few keys over few bytes, so that they meet and are prefixes of one another.
        const key = fc.array(fc.constantFrom(0x00, 0x01, 0x61, 0xfe, 0xff), { minLength: 1, maxLength: 3 });
        const value = fc.option(fc.uint8Array({ maxLength: 5 }));
        const step = fc.oneof(
          { weight: 4, arbitrary: fc.record({ commit: fc.array(fc.tuple(key, value), { maxLength: 6 }) }) },
          { weight: 1, arbitrary: fc.record({ clear: fc.oneof(key, fc.constant<number[]>([])) }) },
        );
        const prefix = fc.oneof(key, fc.constant<number[]>([]));
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 8 }), prefix, async (steps, prefix) => {
            await store.clear(bytes(""));
            const model = new Map<string, string>();
            for (const step of steps)
              if ("commit" in step) {
                await store.commit(step.commit.map(([key, value]): Put => [Uint8Array.from(key), value]));
                for (const [key, value] of step.commit)
                  if (value === null) model.delete(text(Uint8Array.from(key)));
                  else model.set(text(Uint8Array.from(key)), text(value));
              } else {
                await store.clear(Uint8Array.from(step.clear));
                for (const key of model.keys())
                  if (key.startsWith(text(Uint8Array.from(step.clear)))) model.delete(key);
              }
            const begins = text(Uint8Array.from(prefix));
            const expected = [...model].filter(([key]) => key.startsWith(begins)).sort(([a], [b]) => (a < b ? -1 : 1));
            expect(await scanned(store, Uint8Array.from(prefix))).toEqual(expected);
            expect(await store.count(Uint8Array.from(prefix))).toBe(expected.length);
            const values = await read(store, [...model.keys()].map(bytes));
            expect(values.map((value) => text(value!))).toEqual([...model.values()]);
          }),
          { numRuns: 150 },
        );
      });
    });

    describe("opening and closing", () => {
      test("what was committed is there when the store is opened anew", async () => {
        await store.commit([[bytes("a"), bytes("1")]]);
        await store.flushed();
        await store.close();
        store = await subject.open(place);
        expect(await scanned(store, bytes(""))).toEqual([["a", "1"]]);
        expect(await store.bytes()).toBeGreaterThan(0);
      });

      test("close waits for commits, ends scans, and is idempotent", async () => {
        await store.commit(Array.from({ length: 3_000 }, (_, i): Put => [bytes(`key ${i}`), bytes("x")]));
        const scan = store.scan(bytes(""))[Symbol.asyncIterator]();
        await scan.next();
        const last = store.commit([[bytes("last"), bytes("1")]]);
        await Promise.all([store.close(), store.close()]);
        await last;
        await expect(scan.next()).rejects.toMatchObject({ code: "ASOF_CLOSED" });
        store = await subject.open(place);
        expect(await read(store, [bytes("last")])).toEqual([bytes("1")]);
      });

      test("after close everything is refused", async () => {
        await store.close();
        const uses: (() => unknown)[] = [
          () => store.read([bytes("a")], () => undefined),
          () => store.commit([[bytes("a"), bytes("1")]]),
          () => store.flushed(),
          () => store.refresh(),
          () => scanned(store, bytes("")),
          () => store.clear(bytes("")),
          () => store.count(bytes("")),
          () => store.bytes(),
        ];
        for (const use of uses) await expect((async () => use())()).rejects.toMatchObject({ code: "ASOF_CLOSED" });
        store = await subject.open(place);
        expect(await store.count(bytes(""))).toBe(0);
      });
    });
  });
}
