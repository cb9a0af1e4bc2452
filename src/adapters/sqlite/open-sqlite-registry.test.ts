import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqliteRegistry } from "./open-sqlite-registry.ts";
import { MIGRATIONS } from "./schema.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-sqlite-"));
  path = join(folder, "registry.db");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const make = async (): Promise<void> => (await openSqliteRegistry(path)).close();

function run(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe("opening", () => {
  test("makes the folder, and what cannot be made or written is ASOF_HOME", async () => {
    const deep = join(folder, "x", "y", "registry.db");
    await (await openSqliteRegistry(deep)).close();
    expect((await readFile(deep)).toString("latin1", 0, 15)).toBe("SQLite format 3");
    for (const place of [join(deep, "below.db"), folder])
      await expect(openSqliteRegistry(place)).rejects.toMatchObject({ code: "ASOF_HOME", details: { path: place } });
  });

  test("a file of something else is ASOF_CORRUPT, and is left as it was", async () => {
    await writeFile(path, "not a database ".repeat(1_000));
    await expect(openSqliteRegistry(path)).rejects.toMatchObject({ code: "ASOF_CORRUPT", details: { file: path } });
    expect(await readFile(path, "utf8")).toBe("not a database ".repeat(1_000));
    await rm(path);
    run("create table theirs (a integer); insert into theirs values (1)");
    const before = await readFile(path);
    await expect(openSqliteRegistry(path)).rejects.toMatchObject({ code: "ASOF_CORRUPT", details: { file: path } });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  test("a registry of a newer version is ASOF_FORMAT", async () => {
    await make();
    run(`pragma user_version = ${MIGRATIONS.length + 1}`);
    await expect(openSqliteRegistry(path)).rejects.toMatchObject({
      code: "ASOF_FORMAT",
      details: { format: MIGRATIONS.length + 1 },
    });
  });

  test("a registry that lacks a table, or the end of its file, is ASOF_CORRUPT", async () => {
    await make();
    const whole = await readFile(path);
    run("drop table note");
    await expect(openSqliteRegistry(path)).rejects.toMatchObject({ code: "ASOF_CORRUPT", details: { file: path } });
    await writeFile(path, whole);
    await truncate(path, 3 * 4_096);
    const use = async (): Promise<unknown> => {
      const registry = await openSqliteRegistry(path);
      try {
        return [await registry.revision(), await registry.offlineView(), await registry.note("n")];
      } finally {
        await registry.close();
      }
    };
    await expect(use()).rejects.toMatchObject({ code: "ASOF_CORRUPT", details: { file: path } });
  });

  test("an empty file becomes a registry", async () => {
    await writeFile(path, "");
    await make();
    const registry = await openSqliteRegistry(path);
    expect((await registry.revision()).revision).toBe(0);
    await registry.close();
  });
});

describe("another writer", () => {
  test("is waited for, without stopping the event loop; after 5 s it is ASOF_BUSY; readers do not wait", async () => {
    const registry = await openSqliteRegistry(path);
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const from = performance.now();
    const writing = registry.setNote("n", "1").catch((error: unknown) => error);
    expect(await registry.note("n")).toBe(null);
    expect(performance.now() - from).toBeLessThan(1_000);
    expect(await writing).toMatchObject({ code: "ASOF_BUSY", details: { path } });
    const waited = performance.now() - from;
    expect(waited).toBeGreaterThan(4_900);
    expect(turns).toBeGreaterThan(100);
    clearInterval(timer);

    const again = registry.setNote("n", "2");
    setTimeout(() => other.exec("rollback"), 100);
    await again;
    expect(await registry.note("n")).toBe("2");
    other.close();
    await registry.close();
  });

  test("one that waits when the registry is closed is ASOF_CLOSED", async () => {
    const registry = await openSqliteRegistry(path);
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    const writing = registry.setNote("n", "1").catch((error: unknown) => error);
    await registry.close();
    expect(await writing).toMatchObject({ code: "ASOF_CLOSED" });
    other.close();
  });
});

describe("a disk that is full", () => {
  // A limit on the size of files, set for a process of its own, is as good as a full disk.
  test("fails the write with ASOF_HOME, changes nothing, and the registry goes on", () => {
    const script = `
      import { openSqliteRegistry } from ${JSON.stringify(new URL("./open-sqlite-registry.ts", import.meta.url).href)};
      const registry = await openSqliteRegistry(${JSON.stringify(path)});
      const report = [];
      await registry.setNote("n", "before");
      await registry.setNote("n", "x".repeat(5_000_000)).catch((error) => report.push(error.code));
      report.push(await registry.note("n"));
      await registry.setNote("n", "after");
      report.push(await registry.note("n"));
      await registry.close();
      process.stdout.write(JSON.stringify(report));`;
    const { stdout } = spawnSync(
      "bash",
      ["-c", 'ulimit -f 2048; exec "$0" --input-type=module-typescript -e "$1"', process.execPath, script],
      { encoding: "utf8" },
    );
    expect(JSON.parse(stdout || "null")).toEqual(["ASOF_HOME", "before", "after"]);
  });
});
