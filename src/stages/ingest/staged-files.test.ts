import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDuckDb } from "../../adapters/duckdb/open-duckdb.ts";
import { openFolder } from "../../adapters/folder/folder-store.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import { stagedFiles } from "./staged-files.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-staged-"));
let engine: OfflineEngine;
let session: OfflineSession;
let files: FileStore;

beforeAll(async () => {
  engine = await openDuckDb({ temporaryFolder: path.join(folder, "temporary") });
  session = await engine.session();
  files = await openFolder(path.join(folder, "store"));
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the engine tells what is in the files that it wrote, and files tell the same", async () => {
  await files.makeFolder("staging");
  const written = await session.copy(
    `SELECT make_timestamp(us) AS __event, make_timestamp(us + 7) AS __available, us % 3 AS "a ""name""", NULL AS nothing,
            CAST(i % 2 AS INTEGER) AS __day
     FROM (SELECT i, CASE i WHEN 0 THEN -9007199254740991 WHEN 1 THEN 9007199254740000 ELSE i END AS us FROM range(10) r(i))`,
    files.path("staging"),
    "PARTITION_BY (__day), OVERWRITE_OR_IGNORE",
  );
  expect(written.map(({ bounds }) => [...bounds.keys()].sort())).toEqual([
    ["__available", "__event", 'a "name"'],
    ["__available", "__event", 'a "name"'],
  ]);
  const staged = await stagedFiles(session, files, "staging", written.toReversed());
  const contents = staged.map((file) => readFileSync(files.path(file.path)));
  const wanted = [
    { path: "staging/__day=0/data_0.parquet", rows: 5, minEvent: -9007199254740991, maxEvent: 8 },
    { path: "staging/__day=1/data_0.parquet", rows: 5, minEvent: 3, maxEvent: 9007199254740000 },
  ];
  expect(staged).toEqual(
    wanted.map((one, i) => ({
      ...one,
      minAvailable: one.minEvent + 7,
      maxAvailable: one.maxEvent + 7,
      bytes: contents[i].length,
      checksum: crc32(contents[i]),
    })),
  );
  const untold = written.map((file) => ({ ...file, bounds: new Map<string, readonly [string, string]>() }));
  expect(await stagedFiles(session, files, "staging", untold)).toEqual(staged);
});

test("no rows are no files, and a query that is wrong is refused", async () => {
  const options = "PARTITION_BY (__day)";
  const nothing = await session.copy("SELECT 1 AS n, 1 AS __day WHERE false", files.path("none"), options);
  expect(await stagedFiles(session, files, "none", nothing)).toEqual([]);
  await expect(session.copy("SELECT x", files.path("none"), options)).rejects.toMatchObject({ code: "ASOF_SQL" });
});
