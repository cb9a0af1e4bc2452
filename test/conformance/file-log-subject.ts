import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFileLog } from "../../src/adapters/file-log/open-file-log.ts";
import type { EventLogUnderTest } from "./event-log-under-test.ts";

export const subject: EventLogUnderTest = {
  name: "file-log",
  makePlace: () => mkdtemp(join(tmpdir(), "asof-log-")),
  removePlace: (place) => rm(place, { recursive: true, force: true }),
  open: openFileLog,
  module: import.meta.url,
  async files(place) {
    const names = await readdir(place);
    return names
      .filter((name) => name.endsWith(".log"))
      .sort()
      .map((name) => join(place, name));
  },
};
