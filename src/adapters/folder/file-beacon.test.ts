import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBeacon } from "./file-beacon.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "asof-beacon-"))));
afterEach(() => rm(folder, { recursive: true }));

test("what one shows another sees, and nothing is seen where nothing whole was shown", async () => {
  const path = join(folder, "beacon");
  const writer = openBeacon(path);
  const reader = openBeacon(path);
  expect(reader.look()).toBeNull();
  writer.show({ position: 7, t: 1_700_000_000_000_000 });
  expect(reader.look()).toEqual({ position: 7, t: 1_700_000_000_000_000 });
  await writeFile(path, Buffer.alloc(21, 1));
  expect(reader.look()).toBeNull();
  await writer.close();
  await reader.close();
  expect(reader.look()).toBeNull();
});
