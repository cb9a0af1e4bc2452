// Folders of stores and of backups have everybody's records in them: they are not for everybody on the machine.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { backup, open, restore } from "../../src/index.ts";
import { openKeys } from "../../src/open.ts";
import * as shop from "./shop.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-owner-only-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => path.join(folder, name);
const modeOf = (name: string): string => (statSync(at(name)).mode & 0o777).toString(8);
const definitions = { ...shop };

test("a store, its backup and what is restored are their owner's alone", async () => {
  const before = process.umask(0o022);
  try {
    const store = await open({ definitions, home: at("new/home") });
    await store.apply();
    await store.close();
    expect([modeOf("new"), modeOf("new/home")]).toEqual(["755", "700"]);
    const { close } = await openKeys({ definitions, home: at("keys-first") });
    await close();
    expect(modeOf("keys-first")).toBe("700");
    await backup(at("new/home"), at("backups/monday"));
    expect([modeOf("backups"), modeOf("backups/monday")]).toEqual(["755", "700"]);
    await restore({ definitions, home: at("restored") }, at("backups/monday"));
    expect(modeOf("restored")).toBe("700");
  } finally {
    process.umask(before);
  }
});

test("folders that are there keep the mode that somebody gave them", async () => {
  for (const name of ["there", "backup-there", "restored-there"]) {
    mkdirSync(at(name));
    chmodSync(at(name), 0o750);
  }
  const store = await open({ definitions, home: at("there") });
  await store.apply();
  await store.close();
  await backup(at("there"), at("backup-there"));
  await restore({ definitions, home: at("restored-there") }, at("backup-there"));
  expect(["there", "backup-there", "restored-there"].map(modeOf)).toEqual(["750", "750", "750"]);
});
