import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFolder } from "../../adapters/folder/folder-store.ts";
import { openSqliteRegistry } from "../../adapters/sqlite/open-sqlite-registry.ts";
import { MODELS } from "../../core/plan/folders.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import { clearModels } from "./clear-models.ts";

let home: string;
let registry: RegistryStore;
let files: FileStore;
const version = { model: "m", createdAt: 1, fingerprint: "f", runtime: "ydf", bytes: 1, details: "{}" } as const;
const left = async (): Promise<string[]> => (await files.list(MODELS)).map(({ file }) => path.basename(file)).sort();

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "asof-models-"));
  registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  files = await openFolder(home);
  await registry.addModel({ ...version, sha256: "registered" });
  // Killed while writing, and before registering.
  for (const name of ["registered", "unregistered", "half.0b1e.tmp"])
    await files.write(`${MODELS}/${name}`, Uint8Array.of(1));
});
afterEach(async () => {
  await registry.close();
  await rm(home, { recursive: true, force: true });
});

test("what trainings left that were killed is removed, and nothing else", async () => {
  await clearModels(registry, files);
  expect(await left()).toEqual(["registered"]);
});

test("a file may be that of a training under way", async () => {
  const id = await registry.startRun({ kind: "train", target: "m", startedAt: 1, location: "model registry" });
  await clearModels(registry, files);
  expect(await left()).toHaveLength(3);
  await registry.finishRun(id, { endedAt: 2, seconds: 1, state: "failed", rows: null, bytes: null, details: "{}" });
  await clearModels(registry, files);
  expect(await left()).toEqual(["registered"]);
});
