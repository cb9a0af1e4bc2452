import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFolder } from "../../adapters/folder/folder-store.ts";
import { HISTORY } from "../../core/plan/folders.ts";
import { RetiredFiles } from "./retired-files.ts";

let home: string;
let now = 0;
const clock = { elapsed: () => now };
const there = (name: string): boolean => existsSync(path.join(home, HISTORY, name));

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "asof-retired-"));
  await mkdir(path.join(home, HISTORY));
  for (const name of ["a", "b", "c"]) await writeFile(path.join(home, HISTORY, name), name);
  now = 1000;
});
afterEach(() => rm(home, { recursive: true }));

test("a file that left the list stays for as long as another process may take to read it", async () => {
  const retired = new RetiredFiles(await openFolder(home), clock, async () => {});
  retired.add(["a"]);
  now += 40;
  retired.add(["b"]);
  await nextTurn();
  now += 19;
  await retired.clear();
  expect(["a", "b", "c"].map(there)).toEqual([true, true, true]);
  now += 1;
  await retired.clear();
  expect(["a", "b", "c"].map(there)).toEqual([false, true, true]);
  await retired.clearAll();
  expect(["a", "b", "c"].map(there)).toEqual([false, false, true]);
});

test("a file that is read in this process stays until its readers are done", async () => {
  const reading = Promise.withResolvers<void>();
  const retired = new RetiredFiles(await openFolder(home), clock, () => reading.promise);
  retired.add(["a"]);
  now += 3600;
  await retired.clear();
  await retired.clearAll();
  expect(there("a")).toBe(true);
  reading.resolve();
  await nextTurn();
  await retired.clear();
  expect(there("a")).toBe(false);
});
