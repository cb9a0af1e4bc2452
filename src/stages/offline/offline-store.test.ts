import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { openFileLog } from "../../adapters/file-log/open-file-log.ts";
import { openFolder } from "../../adapters/folder/folder-store.ts";
import { openSqliteRegistry } from "../../adapters/sqlite/open-sqlite-registry.ts";
import { ENTRY } from "../../core/codec/record-batch.ts";
import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { sourceStream } from "../../core/definition/stream.ts";
import { eventSource, t } from "../../index.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import { OfflineStore } from "./offline-store.ts";

test("records that are archived and dropped from the log while it is looked where they are are not lost", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-offline-store-"));
  const log = await openFileLog(path.join(folder, "log"));
  const registry = await openSqliteRegistry(path.join(folder, "registry.sqlite"));
  onTestFinished(async () => {
    await Promise.all([log.close(), registry.close()]);
    await rm(folder, { recursive: true });
  });
  const clicks = sourceStream(eventSource("clicks", { fields: { at: t.timestamp() }, eventTime: "at" }).definition);
  await log.append({ stream: "clicks", kind: ENTRY.records, count: 10, stamp: 1, payload: new Uint8Array(10) });

  let looked = 0;
  const times = { minEvent: 0, maxEvent: 9, minAvailable: 0, maxAvailable: 9 };
  const archive = { path: "a.parquet", stream: "clicks", kind: "archive", position: 0, end: 10 } as const;
  const busy: RegistryStore = {
    ...registry,
    offlineView: async (stream) => {
      const view = await registry.offlineView(stream);
      if (looked++ === 0) {
        await registry.changeFiles({ add: [{ ...archive, rows: 10, bytes: 1, ...times }], remove: [], archived: 10 });
        await log.dropBefore(await log.roll());
      }
      return view;
    },
  };
  const offline = new OfflineStore({
    registry: busy,
    files: await openFolder(folder),
    log,
    schemas: new StreamSchemas(),
  });
  const rows = await offline.rowsWithin(clicks, { cut: 10 });
  expect(log.start).toBe(10);
  expect(rows(0, 10)).toBe(10);
  expect(looked).toBe(2);
});
