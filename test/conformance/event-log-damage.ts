import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import type { EventLog } from "../../src/ports/event-log.ts";
import { collect, sequence, textEntry, textOf } from "./event-log-entries.ts";
import type { EventLogUnderTest } from "./event-log-under-test.ts";

/** The log's files, by their paths within the place. */
type Image = ReadonlyMap<string, Buffer>;

/** What the log promises of files that are no longer what it wrote. */
export function damage(subject: EventLogUnderTest): void {
  const { files } = subject;
  if (typeof files !== "function") {
    describe.skip(`damage (${files.skip})`, () => test("does not apply", () => {}));
    return;
  }

  /** Runs with a fresh log of entries "0", "1", …, each durable before the next. */
  async function withLog<T>(
    entries: number,
    run: (log: EventLog, image: () => Promise<Image>) => Promise<T>,
  ): Promise<T> {
    const place = await subject.makePlace();
    const image = async (): Promise<Image> => {
      const paths = await (files as (place: string) => Promise<string[]>)(place);
      const pairs = paths.map(async (path) => [relative(place, path), await readFile(path)] as const);
      return new Map(await Promise.all(pairs));
    };
    const log = await subject.open(place);
    try {
      for (let i = 0; i < entries; i++) await log.append(textEntry(log, `${i}`));
      return await run(log, image);
    } finally {
      await log.close();
      await subject.removePlace(place);
    }
  }

  async function withImage<T>(image: Image, run: (place: string) => Promise<T>): Promise<T> {
    const place = await subject.makePlace();
    try {
      for (const [path, bytes] of image) {
        await mkdir(dirname(join(place, path)), { recursive: true });
        await writeFile(join(place, path), bytes);
      }
      return await run(place);
    } finally {
      await subject.removePlace(place);
    }
  }

  /** The texts of the log in a place, or the code of the error that opening or reading it gave. */
  async function outcome(place: string): Promise<string[] | string> {
    try {
      const log = await subject.open(place);
      try {
        return (await collect(log, log.start)).map(textOf);
      } finally {
        await log.close();
      }
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : String(error);
    }
  }

  describe("damage", () => {
    test("a tail torn at any byte of the last entry is cut off, and the log goes on", async () => {
      const [before, after] = await withLog(4, async (log, image) => {
        const before = await image();
        await log.append(textEntry(log, "torn"));
        return [before, await image()];
      });
      const [path, whole] = [...after].at(-1)!;
      const kept = before.get(path)!.length;
      expect(whole.length).toBeGreaterThan(kept);
      for (let cut = kept; cut <= whole.length; cut++) {
        await withImage(new Map([...after, [path, whole.subarray(0, cut)]]), async (place) => {
          const all = cut === whole.length ? ["0", "1", "2", "3", "torn"] : ["0", "1", "2", "3"];
          const log = await subject.open(place);
          expect([log.end, log.lastStamp]).toEqual([all.length, all.length - 1]);
          expect((await collect(log, 0)).map(textOf)).toEqual(all);
          expect(await log.append(textEntry(log, "next"))).toBe(all.length);
          await log.close();
          expect(await outcome(place)).toEqual([...all, "next"]);
        });
      }
    });

    test("a tail of zeros or garbage is cut off", async () => {
      const image = await withLog(3, (_, image) => image());
      const [path, whole] = [...image].at(-1)!;
      const next = sequence(1);
      for (const fill of [() => 0, () => 255, () => next() * 256])
        for (const length of [1, 3, 4, 35, 36, 37, 5000]) {
          const tail = Buffer.from(Array.from({ length }, fill));
          await withImage(new Map([...image, [path, Buffer.concat([whole, tail])]]), async (place) => {
            expect(await outcome(place)).toEqual(["0", "1", "2"]);
          });
        }
    });

    test("one flipped bit anywhere is found: no entry is ever changed, and none but the last lost", async () => {
      const image = await withLog(3, async (log, image) => {
        await log.roll();
        for (const text of ["3", "4", "5"]) await log.append(textEntry(log, text));
        return image();
      });
      const all = ["0", "1", "2", "3", "4", "5"];
      const next = sequence(2);
      let corrupt = 0;
      for (const [path, whole] of image)
        for (let byte = 0; byte < whole.length; byte++) {
          const bytes = Buffer.from(whole);
          bytes[byte] ^= 1 << Math.floor(next() * 8);
          const result = await withImage(new Map([...image, [path, bytes]]), outcome);
          if (result === "ASOF_CORRUPT") corrupt++;
          else expect([all, all.slice(0, -1)], `${path} byte ${byte}: ${String(result)}`).toContainEqual(result);
        }
      expect(corrupt).toBeGreaterThan(0);
    });

    test("damage before the last entry names the file and the byte", async () => {
      const images = await withLog(0, async (log, image) => {
        const list = [await image()];
        for (const text of ["a", "b", "c"]) {
          await log.append(textEntry(log, text));
          list.push(await image());
        }
        return list;
      });
      const [path, whole] = [...images.at(-1)!].at(-1)!;
      const [start, end] = [images[1].get(path)!.length, images[2].get(path)!.length];
      for (const byte of [start, start + 1, Math.floor((start + end) / 2), end - 1]) {
        const bytes = Buffer.from(whole);
        bytes[byte] ^= 16;
        await withImage(new Map([[path, bytes]]), async (place) => {
          await expect(subject.open(place)).rejects.toMatchObject({
            code: "ASOF_CORRUPT",
            details: { file: join(place, path), byte: start },
          });
        });
      }
    });
  });
}
