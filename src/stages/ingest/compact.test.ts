import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { openSqliteRegistry } from "../../adapters/sqlite/open-sqlite-registry.ts";
import type { OfflineFile } from "../../ports/registry-store.ts";
import { Compactor } from "./compact.ts";

const MB = 2 ** 20;

test("a file that has grown large is not merged again", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-compact-"));
  const registry = await openSqliteRegistry(path.join(folder, "registry.sqlite"));
  try {
    const file = (name: string, bytes: number): OfflineFile => ({
      path: `clicks/day=2026-01-01/${name}.parquet`,
      stream: "clicks",
      kind: "archive",
      position: 1,
      end: 2,
      rows: 10,
      bytes,
      minEvent: 0,
      maxEvent: 0,
      minAvailable: 0,
      maxAvailable: 0,
    });
    const candidates = async (): Promise<string[][]> =>
      (await new Compactor({ registry, from: null } as never).candidates()).map((group) =>
        group.map(({ path }) => path.slice(-9)).sort(),
      );
    const small = Array.from({ length: 7 }, (_, i) => file(`s${i}`, MB));
    await registry.changeFiles({ add: [...small, file("l0", 64 * MB), file("l1", 900 * MB)], remove: [] });
    expect(await candidates()).toEqual([]);
    await registry.changeFiles({ add: [file("s7", 64 * MB - 1)], remove: [] });
    expect(await candidates()).toEqual([[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `s${i}.parquet`.slice(-9))]);
  } finally {
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
