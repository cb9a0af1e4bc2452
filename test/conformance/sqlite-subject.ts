import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import type { RegistryStoreUnderTest } from "./registry-store-under-test.ts";

export const subject: RegistryStoreUnderTest = {
  name: "sqlite",
  makePlace: async () => join(await mkdtemp(join(tmpdir(), "asof-sqlite-")), "registry.db"),
  removePlace: (place) => rm(dirname(place), { recursive: true, force: true }),
  open: openSqliteRegistry,
  module: import.meta.url,
};
