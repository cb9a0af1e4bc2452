import { mkdtemp, rm, stat, writeFile, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestedCopy } from "../folder/digested-copy.ts";
import type { FileLog } from "./file-log.ts";
import { openFileLog } from "./open-file-log.ts";
import { PinnedLog } from "./pinned-log.ts";

let folder: string;
let log: FileLog;
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-pinned-"));
  log = await openFileLog(at("log"));
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

async function append(entries: number): Promise<void> {
  for (let i = 0; i < entries; i++)
    await log.append({
      stream: "s",
      kind: 0,
      count: 1,
      stamp: Math.max(0, log.lastStamp + 1),
      payload: Buffer.alloc(2_000, 1),
    });
}

async function copyOf(segments: Awaited<ReturnType<PinnedLog["end"]>>): Promise<FileLog> {
  for (const { name, bytes } of segments) await digestedCopy(at("pins", name), at("copy", name), { length: bytes });
  return openFileLog(at("copy"));
}

test("a copy holds what was whole when pinning ended, and nothing that was written into room since", async () => {
  await append(10);
  await log.roll();
  await append(40);
  const pinned = await PinnedLog.begin(at("log"), at("pins"));
  const segments = await pinned.end();
  const newest = segments[1];
  // There is room behind it, into which these go.
  expect((await stat(at("log", newest.name))).size).toBeGreaterThan(newest.bytes + 20_000);
  await append(5);
  const copy = await copyOf(segments);
  expect([segments.length, copy.start, copy.end, copy.recovery]).toEqual([2, 0, 50, null]);
  await copy.close();
});

test("of a damaged segment all is copied, so that the copy tells of it", async () => {
  await append(40);
  const file = at("log", "00000000000000000000.log");
  const image = await readFile(file);
  image[5_000] ^= 1;
  await writeFile(file, image);
  const pinned = await PinnedLog.begin(at("log"), at("pins"));
  const segments = await pinned.end();
  expect(segments[0].bytes).toBe(image.length);
  await expect(copyOf(segments)).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
});
