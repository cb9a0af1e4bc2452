import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EventLog, LogEntry, NewEntry } from "../../src/ports/event-log.ts";
import { collect, entryOf, textEntry, textOf } from "./event-log-entries.ts";
import type { EventLogTestOptions, EventLogUnderTest } from "./event-log-under-test.ts";

/** What the log promises as long as nothing goes wrong. */
export function behaviour(subject: EventLogUnderTest): void {
  describe("behaviour", () => {
    let place: string;
    let opened: EventLog[];
    const open = async (options?: EventLogTestOptions): Promise<EventLog> => {
      const log = await subject.open(place, options);
      opened.push(log);
      return log;
    };
    beforeEach(async () => {
      place = await subject.makePlace();
      opened = [];
    });
    afterEach(async () => {
      await Promise.all(opened.map((log) => log.close()));
      await subject.removePlace(place);
    });
    const appendTexts = async (log: EventLog, ...texts: string[]): Promise<void> => {
      for (const text of texts) await log.append(textEntry(log, text));
    };

    test("a new log is empty, also when opened again", async () => {
      for (let i = 0; i < 3; i++) {
        const log = await open();
        expect([log.start, log.end, log.lastStamp]).toEqual([0, 0, -Infinity]);
        expect(await collect(log, 0)).toEqual([]);
        expect(await log.roll()).toBe(0);
        await log.dropBefore(0);
        await log.close();
      }
    });

    test("does what a plain array does, through segments, drops and reopening", async () => {
      const command = fc.oneof(
        { weight: 5, arbitrary: fc.record({ do: fc.constant("append"), n: fc.integer({ min: 1, max: 20 }) }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("roll"), n: fc.constant(0) }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("drop"), n: fc.nat(100) }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constant("read"), n: fc.nat(100) }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen"), n: fc.constant(0) }) },
      );
      const property = fc.asyncProperty(
        fc.integer({ min: 1, max: 300_000 }),
        fc.array(command, { minLength: 3, maxLength: 25 }),
        async (segmentBytes, commands) => {
          const own = await subject.makePlace();
          let log = await subject.open(own, { segmentBytes });
          try {
            let model: LogEntry[] = [];
            let [id, end, lastStamp] = [0, 0, -Infinity];
            for (const { do: what, n } of commands) {
              if (what === "append") {
                const appends = Array.from({ length: n }, () => {
                  const entry = entryOf(id++, Math.max(lastStamp + 1, id * 7));
                  model.push({ ...entry, position: end });
                  end += entry.count;
                  lastStamp = entry.stamp + entry.count - 1;
                  return log.append(entry);
                });
                expect(await Promise.all(appends)).toEqual(model.slice(-n).map((entry) => entry.position));
              } else if (what === "roll") {
                expect(await log.roll()).toBe(end);
              } else if (what === "drop") {
                const position = Math.floor((end * n) / 100);
                const before = log.start;
                await log.dropBefore(position);
                expect(log.start).toBeLessThanOrEqual(Math.max(position, before));
                expect(log.start).toBeGreaterThanOrEqual(before);
                model = model.filter((entry) => entry.position >= log.start);
                expect(model[0]?.position ?? end).toBe(log.start);
              } else if (what === "read") {
                const from = log.start + Math.floor(((end - log.start) * n) / 100);
                const wanted = model.filter((entry) => entry.position + entry.count > from);
                expect(await collect(log, from)).toEqual(wanted);
              } else {
                await log.close();
                log = await subject.open(own, { segmentBytes });
              }
              expect([log.end, log.lastStamp]).toEqual([end, lastStamp]);
            }
            expect(await collect(log, log.start)).toEqual(model);
          } finally {
            await log.close();
            await subject.removePlace(own);
          }
        },
      );
      await fc.assert(property, { numRuns: 20 });
    });

    test("concurrent appends resolve in the order of their calls", async () => {
      const log = await open({ segmentBytes: 2000 });
      const settled: number[] = [];
      const appends = Array.from({ length: 500 }, async (_, i) => {
        settled.push(await log.append(textEntry(log, `${i}`)));
      });
      await Promise.all(appends);
      expect(settled).toEqual(Array.from({ length: 500 }, (_, i) => i));
      expect((await collect(log, 0)).map(textOf)).toEqual(settled.map(String));
    });

    test("keeps entries of every shape", async () => {
      const log = await open();
      const large = new Uint8Array(10_000_000).map((_, i) => (i * 2654435761) >>> 24);
      const payloads = [new Uint8Array(0), large, new Uint8Array([1]), large.subarray(5, 2_000_000), new Uint8Array(0)];
      const entries: LogEntry[] = [];
      let position = 0;
      for (const [i, payload] of payloads.entries()) {
        const shape: NewEntry = {
          stream: "\u{1f6eb}".repeat(i),
          kind: i * 63,
          count: 10 ** i,
          stamp: -1e15 + i * 1e6,
          payload,
        };
        entries.push({ ...shape, position });
        position += shape.count;
      }
      expect(await Promise.all(entries.map((entry) => log.append(entry)))).toEqual(entries.map((e) => e.position));
      const check = async (from: EventLog): Promise<void> => {
        const read = await collect(from, 0);
        expect(read.map((entry) => ({ ...entry, payload: entry.payload.length }))).toEqual(
          entries.map((entry) => ({ ...entry, payload: entry.payload.length })),
        );
        for (const [i, entry] of read.entries()) expect(Buffer.compare(entry.payload, payloads[i])).toBe(0);
      };
      await check(log);
      await log.close();
      await check(await open());
    });

    test("reads from the entry that holds the position", async () => {
      const log = await open();
      await log.append(textEntry(log, "a", 10));
      await log.append(textEntry(log, "b", 10));
      const from = async (position: number): Promise<string[]> => (await collect(log, position)).map(textOf);
      expect(await from(0)).toEqual(["a", "b"]);
      expect(await from(9)).toEqual(["a", "b"]);
      expect(await from(10)).toEqual(["b"]);
      expect(await from(19)).toEqual(["b"]);
      expect(await from(20)).toEqual([]);
    });

    test("a reading ends where the log ended when it was asked for", async () => {
      const log = await open({ segmentBytes: 100 });
      await appendTexts(log, "a", "b");
      const early = log.read(0);
      await appendTexts(log, "c", "d");
      const texts: string[] = [];
      for await (const entry of early) texts.push(textOf(entry));
      expect(texts).toEqual(["a", "b"]);
    });

    test("many read while one writes, and see a dense beginning of the log", async () => {
      const log = await open({ segmentBytes: 50_000 });
      const done = new AbortController();
      let id = 0;
      const writers = Array.from({ length: 8 }, async () => {
        while (id < 1500) await log.append(entryOf(id++, Math.max(0, log.lastStamp + 1)));
      });
      const readers = Array.from({ length: 3 }, async () => {
        let seen = 0;
        while (!done.signal.aborted) {
          const end = log.end;
          for await (const entry of log.read(seen)) {
            expect(entry.position).toBe(seen);
            seen += entry.count;
          }
          expect(seen).toBeGreaterThanOrEqual(end);
          await nextTurn();
        }
        return seen;
      });
      await Promise.all(writers);
      done.abort();
      for (const seen of await Promise.all(readers)) expect(seen).toBeGreaterThan(0);
      expect((await collect(log, 0)).at(-1)!.stamp).toBeLessThanOrEqual(log.lastStamp);
    });

    test("drops whole segments below a position, and nothing else", async () => {
      const log = await open();
      await appendTexts(log, "a", "b");
      expect(await log.roll()).toBe(2);
      await appendTexts(log, "c", "d");
      const full = await log.bytes();
      await log.dropBefore(1);
      expect(log.start).toBe(0);
      await log.dropBefore(3);
      expect(log.start).toBe(2);
      expect(await log.bytes()).toBeLessThan(full);
      expect((await collect(log, 2)).map(textOf)).toEqual(["c", "d"]);
      await expect(collect(log, 1)).rejects.toMatchObject({ code: "ASOF_BEFORE_RETENTION" });
    });

    test("a reader that is overtaken by a drop reads on or is told so", async () => {
      const log = await open();
      for (const text of ["a", "b", "c"]) {
        await appendTexts(log, text);
        await log.roll();
      }
      const reader = log.read(0)[Symbol.asyncIterator]();
      expect(textOf((await reader.next()).value)).toBe("a");
      await log.dropBefore(3);
      const rest = await reader.next().then(
        (step) => textOf(step.value),
        (error: unknown) => error,
      );
      if (rest !== "b") expect(rest).toMatchObject({ code: "ASOF_BEFORE_RETENTION" });
      await reader.return?.();
    });

    test("positions and the last stamp survive when every entry has been dropped", async () => {
      const log = await open();
      await log.append({ ...textEntry(log, "a", 7), stamp: 1_000_000 });
      await log.dropBefore(await log.roll());
      const check = (of: EventLog): void => {
        expect([of.start, of.end, of.lastStamp]).toEqual([7, 7, 1_000_006]);
      };
      check(log);
      await log.close();
      const again = await open();
      check(again);
      expect(await collect(again, 7)).toEqual([]);
      expect(await again.append(textEntry(again, "b"))).toBe(7);
    });

    test("close finishes what is under way and refuses what comes after, however often it is called", async () => {
      const log = await open();
      const appends = Array.from({ length: 100 }, (_, i) => log.append(textEntry(log, `${i}`)));
      const rolled = log.roll();
      const closed = [log.close(), log.close()];
      const late = log.append({ ...textEntry(log, "late"), stamp: 1e9 });
      await expect(late).rejects.toMatchObject({ code: "ASOF_CLOSED" });
      expect(await Promise.all(appends)).toEqual(Array.from({ length: 100 }, (_, i) => i));
      expect(await rolled).toBe(100);
      await Promise.all(closed);
      await log.close();
      const refused = { code: "ASOF_CLOSED" };
      await expect(log.roll()).rejects.toMatchObject(refused);
      await expect(log.dropBefore(0)).rejects.toMatchObject(refused);
      await expect(log.bytes()).rejects.toMatchObject(refused);
      await expect(collect(log, 0)).rejects.toMatchObject(refused);
      const again = await open();
      expect(again.end).toBe(100);
    });

    test("refuses a second writer, naming the first, until that one has closed", async () => {
      const log = await open();
      const refused = { code: "ASOF_HOME_LOCKED", details: { pid: process.pid } };
      await expect(open()).rejects.toMatchObject(refused);
      await appendTexts(log, "a");
      await expect(open()).rejects.toMatchObject(refused);
      await log.close();
      const again = await open();
      expect((await collect(again, 0)).map(textOf)).toEqual(["a"]);
    });

    test("of many that open at once one gets the log", async () => {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => open()));
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
      for (const result of results)
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "ASOF_HOME_LOCKED" });
    });
  });
}
