import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { crc32 } from "node:zlib";
import type { FileLog } from "./file-log.ts";
import { openFileLog } from "./open-file-log.ts";
import { readFileLog } from "./read-file-log.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-log-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const append = (log: FileLog, text: string): Promise<number> =>
  log.append({ stream: "s", kind: 0, count: 1, stamp: log.lastStamp + 1, payload: Buffer.from(text) });

async function firstLog(): Promise<FileLog> {
  const log = await openFileLog(folder);
  await log.append({ stream: "s", kind: 0, count: 1, stamp: 0, payload: Buffer.from("first") });
  return log;
}

async function segments(): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log")).sort();
  return names.map((name) => join(folder, name));
}

async function texts(log: Pick<FileLog, "read" | "start">): Promise<string[]> {
  const all: string[] = [];
  for await (const entry of log.read(log.start)) all.push(Buffer.from(entry.payload).toString());
  return all;
}

test("whatever part of the last group a power cut leaves, the log opens with all that was acknowledged", async () => {
  const log = await firstLog();
  await append(log, "second");
  const [path] = await segments();
  const synced = (await readFile(path)).length;
  const group = Array.from({ length: 12 }, (_, i) => `${i}`.padEnd(100, "x"));
  await Promise.all(group.map((text) => append(log, text)));
  // As the file is before the writer learns that its sync is done: nothing in it vouches for the group.
  const image = await readFile(path);
  await log.close();

  const hole = fc.tuple(fc.integer({ min: synced, max: image.length }), fc.integer({ min: 1, max: 600 }));
  const property = fc.asyncProperty(fc.array(hole, { minLength: 1, maxLength: 3 }), fc.nat(40), async (holes, cut) => {
    const bytes = Buffer.from(image.subarray(0, image.length - cut));
    for (const [from, length] of holes) bytes.fill(0, from, Math.min(from + length, bytes.length));
    await writeFile(path, bytes);
    const torn = await openFileLog(folder);
    try {
      const expected = ["first", "second", ...group];
      const found = await texts(torn);
      expect(found.length).toBeGreaterThanOrEqual(2);
      expect(found).toEqual(expected.slice(0, found.length));
      const { recovery } = torn;
      const kept = (await readFile(path)).length;
      // Zeros alone are no torn tail: the writer leaves room ahead.
      if (found.length < expected.length && bytes.subarray(kept).some((byte) => byte !== 0))
        expect(recovery).toEqual({ file: path, byte: kept, cutBytes: bytes.length - kept });
      else expect(recovery).toBe(null);
    } finally {
      await torn.close();
    }
  });
  await fc.assert(property, { numRuns: 60 });
});

test("after a clean close damage of the very last entry is found too", async () => {
  const log = await firstLog();
  const [path] = await segments();
  const start = (await readFile(path)).length;
  await append(log, "last");
  await log.close();
  const bytes = await readFile(path);
  bytes[start + 36] ^= 1;
  await writeFile(path, bytes);
  const damaged = { code: "ASOF_CORRUPT", details: { file: path, byte: start } };
  await expect(openFileLog(folder)).rejects.toMatchObject(damaged);
  await expect(readFileLog(folder)).rejects.toMatchObject(damaged);
  // A refused opening changes nothing and holds nothing.
  expect(await readFile(path)).toEqual(bytes);
  await expect(openFileLog(folder)).rejects.toMatchObject(damaged);
});

test("opening and closing adds nothing to a log", async () => {
  await (await firstLog()).close();
  const [path] = await segments();
  const before = await readFile(path);
  for (let i = 0; i < 3; i++) await (await openFileLog(folder)).close();
  expect(await readFile(path)).toEqual(before);
});

test("a payload that holds a log's own bytes bears no witness", async () => {
  const log = await firstLog();
  await append(log, "second");
  await log.close();
  const [path] = await segments();
  const inner = await readFile(path);

  await rm(path);
  const outer = await firstLog();
  const synced = (await readFile(path)).length;
  await outer.append({ stream: "s", kind: 0, count: 1, stamp: 9, payload: Buffer.concat([Buffer.alloc(9), inner]) });
  const image = await readFile(path);
  await outer.close();
  image[synced] ^= 1;
  await writeFile(path, image);
  const torn = await openFileLog(folder);
  expect(torn.recovery).toEqual({ file: path, byte: synced, cutBytes: image.length - synced });
  expect(await texts(torn)).toEqual(["first"]);
  await torn.close();
});

test("looking for a witness in a large damaged payload of one pattern takes no time", async () => {
  const log = await firstLog();
  const [path] = await segments();
  const start = (await readFile(path)).length;
  for (const fill of [0, 1, 0x3f]) await append(log, Buffer.alloc(3_000_000, fill).toString("latin1"));
  await log.close();
  const image = await readFile(path);
  image[start] ^= 1;
  await writeFile(path, image);
  const began = performance.now();
  await expect(openFileLog(folder)).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
  expect(performance.now() - began).toBeLessThan(5000);
});

test("a missing, shortened, lengthened or foreign segment is found at opening", async () => {
  const log = await firstLog();
  for (let i = 0; i < 3; i++) {
    await log.roll();
    await append(log, `${i}`);
  }
  await log.close();
  const paths = await segments();
  expect(paths).toHaveLength(4);
  const corrupt = async (file: string, byte: number): Promise<void> => {
    const error = { code: "ASOF_CORRUPT", details: { file, byte } };
    await expect(openFileLog(folder)).rejects.toMatchObject(error);
    await expect(readFileLog(folder)).rejects.toMatchObject(error);
  };
  const original = await readFile(paths[1]);
  await truncate(paths[1], original.length - 1);
  await corrupt(paths[1], original.length - 1);
  await writeFile(paths[1], Buffer.concat([original, Buffer.alloc(1)]));
  await corrupt(paths[1], original.length);
  await copyFile(paths[2], paths[1]);
  await corrupt(paths[1], 0);
  await rm(paths[1]);
  await corrupt(paths[2], 0);
  await writeFile(paths[1], original);
  const whole = await openFileLog(folder);
  expect(await texts(whole)).toEqual(["first", "0", "1", "2"]);
  await whole.close();
});

test("a segment that was not finished is removed, other files are left alone", async () => {
  await (await firstLog()).close();
  await writeFile(join(folder, "00000000000000000001.log.new"), "half a header");
  await writeFile(join(folder, "notes.txt"), "mine");
  const log = await openFileLog(folder);
  expect(await texts(log)).toEqual(["first"]);
  expect((await readdir(folder)).sort()).toEqual([
    "00000000000000000000.log",
    "notes.txt",
    "writer.lock",
    "writer.lock.holder",
  ]);
  await log.close();
});

test("a newer format is refused, by writer and reader", async () => {
  await (await firstLog()).close();
  const [path] = await segments();
  const bytes = await readFile(path);
  bytes.writeUInt32LE(2, 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(12, 64)), 8);
  await writeFile(path, bytes);
  const newer = { code: "ASOF_FORMAT", details: { file: path, version: 2 } };
  await expect(openFileLog(folder)).rejects.toMatchObject(newer);
  await expect(readFileLog(folder)).rejects.toMatchObject(newer);
  expect(await readFile(path)).toEqual(bytes);
});
