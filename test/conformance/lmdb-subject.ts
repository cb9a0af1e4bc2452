import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";

export const subject: OnlineStoreUnderTest = {
  name: "lmdb",
  makePlace: async () => join(await mkdtemp(join(tmpdir(), "asof-lmdb-")), "online"),
  removePlace: (place) => rm(dirname(place), { recursive: true, force: true }),
  open: (place) => openLmdb(place),
  module: import.meta.url,
  multiProcess: true,
  survivesKill: true,
  writersTakeTurns: true,
  scansSnapshot: true,
};
