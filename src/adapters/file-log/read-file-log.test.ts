import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogPosition } from "../../ports/event-log.ts";
import type { FileLog } from "./file-log.ts";
import { openFileLog } from "./open-file-log.ts";
import { readFileLog, type FileLogReader } from "./read-file-log.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-log-"));
  file = join(folder, "00000000000000000000.log");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const append = (log: FileLog, bytes = 10): Promise<LogPosition> =>
  log.append({
    stream: "s",
    kind: 0,
    count: 1,
    stamp: Math.max(0, log.lastStamp + 1),
    payload: Buffer.alloc(bytes, 7),
  });

async function positions(log: Pick<FileLogReader, "read">, from: LogPosition): Promise<LogPosition[]> {
  const all: LogPosition[] = [];
  for await (const { position } of log.read(from)) all.push(position);
  return all;
}

test("a folder without a log is an empty log; a missing folder is named", async () => {
  const reader = await readFileLog(folder);
  expect([reader.start, reader.end, reader.lastStamp, await reader.bytes()]).toEqual([0, 0, -Infinity, 0]);
  expect(await positions(reader, 0)).toEqual([]);
  const missing = join(folder, "missing");
  await expect(readFileLog(missing)).rejects.toMatchObject({ code: "ASOF_HOME", details: { reason: "ENOENT" } });
});

test("shows one cut until it looks again", async () => {
  const reader = await readFileLog(folder);
  const log = await openFileLog(folder);
  await append(log);
  await append(log);
  expect([reader.end, await positions(reader, 0)]).toEqual([0, []]);
  expect(await reader.refresh()).toBe(2);
  await append(log);
  await log.roll();
  await append(log);
  expect([reader.end, reader.lastStamp, await positions(reader, 0)]).toEqual([2, 1, [0, 1]]);
  expect(await reader.refresh()).toBe(4);
  expect([reader.lastStamp, await positions(reader, 1)]).toEqual([3, [1, 2, 3]]);
  expect(await reader.bytes()).toBe(await log.bytes());
  await log.dropBefore(3);
  await expect(positions(reader, 0)).rejects.toMatchObject({ code: "ASOF_BEFORE_RETENTION" });
  expect(await reader.refresh()).toBe(4);
  expect([reader.start, await positions(reader, 3)]).toEqual([3, [3]]);
  await log.close();
});

test.each([
  ["", 20_000],
  [" and leaves room ahead", 500_000],
])("follows a writer that appends, rolls, drops%s, without gaps, repeats or false alarms", async (_, segmentBytes) => {
  const log = await openFileLog(folder, { segmentBytes });
  const done = new AbortController();
  const write = async (): Promise<void> => {
    for (let i = 0; i < 150; i++) {
      await Promise.all(Array.from({ length: 8 }, (_, k) => append(log, k === 7 ? 20_000 : 100)));
      if (i % 20 === 19) await log.dropBefore(log.end - 100);
    }
    done.abort();
  };
  const follow = async (): Promise<LogPosition> => {
    const reader = await readFileLog(folder);
    let seen = 0;
    for (let last = false; !last;) {
      last = done.signal.aborted;
      await reader.refresh();
      try {
        seen = Math.max(seen, reader.start);
        for await (const { position, payload } of reader.read(seen)) {
          expect(position).toBe(seen++);
          expect(payload.every((byte) => byte === 7)).toBe(true);
        }
      } catch (error) {
        expect(error).toMatchObject({ code: "ASOF_BEFORE_RETENTION" });
      }
      await nextTurn();
    }
    return seen;
  };
  const [, ...seen] = await Promise.all([write(), follow(), follow()]);
  expect(seen).toEqual([1200, 1200]);
  await log.close();
});

test("what the writer has not finished is the end, and is read once it is finished", async () => {
  const log = await openFileLog(folder);
  await append(log);
  const [before, reader] = [await readFile(file), await readFileLog(folder)];
  await append(log, 500);
  const after = await readFile(file);
  await log.close();
  for (const cut of [1, 20, 36, 37, 400]) {
    await writeFile(file, after.subarray(0, before.length + cut));
    expect(await reader.refresh()).toBe(1);
    expect((await readFileLog(folder)).end).toBe(1);
    expect((await readFile(file)).length).toBe(before.length + cut);
  }
  await writeFile(file, after);
  expect(await reader.refresh()).toBe(2);
});

test("entries that a failing writer cut off again are no longer shown", async () => {
  const log = await openFileLog(folder);
  await append(log);
  const { length } = await readFile(file);
  await append(log, 300);
  const reader = await readFileLog(folder);
  expect(reader.end).toBe(2);
  await truncate(file, length);
  expect(await reader.refresh()).toBe(1);
  await log.close();

  await rm(file);
  const other = await openFileLog(folder);
  for (let i = 0; i < 3; i++) await append(other, 20);
  await other.close();
  const image = await readFile(file);
  const again = await readFileLog(folder);
  // The last entry was cut off and a longer one written in its place.
  const shorter = image.subarray(0, image.length - 36 - 57);
  await writeFile(file, shorter);
  const writer = await openFileLog(folder);
  await append(writer, 400);
  await append(writer, 10);
  expect(again.end).toBe(3);
  expect(await again.refresh()).toBe(4);
  expect(await positions(again, 0)).toEqual([0, 1, 2, 3]);
  await writer.close();
});

test("damage is found, not taken for the end", async () => {
  const log = await openFileLog(folder);
  for (let i = 0; i < 5; i++) await append(log);
  const reader = await readFileLog(folder);
  const bytes = await readFile(file);
  const third = 64 + 2 * (36 + 1 + 10);
  bytes[third + 40] ^= 4;
  await writeFile(file, bytes);
  const damaged = { code: "ASOF_CORRUPT", details: { file, byte: third } };
  await expect(readFileLog(folder)).rejects.toMatchObject(damaged);
  await expect(positions(reader, 0)).rejects.toMatchObject(damaged);
  await log.close();
});

test("reads from any position of a long log, by an index or without", async () => {
  const log = await openFileLog(folder, { segmentBytes: 2_000_000 });
  await Promise.all(Array.from({ length: 3000 }, () => append(log, 1500)));
  const reader = await readFileLog(folder);
  const check = async (of: Pick<FileLog, "read">): Promise<void> => {
    for (let from = 2999; from >= 0; from -= 173) {
      const all = await positions(of, from);
      expect([all[0], all.length]).toEqual([from, 3000 - from]);
    }
  };
  await check(log);
  await check(reader);
  await log.close();
  const again = await openFileLog(folder);
  await check(again);
  await again.close();
});

test("garbage behind the end is no alarm", async () => {
  const log = await openFileLog(folder);
  await append(log);
  await log.close();
  await appendFile(file, Buffer.alloc(1000, 3));
  expect((await readFileLog(folder)).end).toBe(1);
});
