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
    const file = (name: string, bytes: number, rows = 10): OfflineFile => ({
      path: `clicks/day=2026-01-01/${name}.parquet`,
      stream: "clicks",
      kind: "archive",
      position: 1,
      end: 2,
      rows,
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
    // By rows as well; and a merge takes no more than it can bring into order.
    const many = Array.from({ length: 8 }, (_, i) => file(`r${i}`, MB, i === 7 ? 2_000_000 : 900_000));
    await registry.changeFiles({ add: many, remove: [...small, file("s7", 0)].map(({ path }) => path) });
    expect(await candidates()).toEqual([]);
    await registry.changeFiles({ add: [file("r8", MB, 900_000)], remove: [] });
    expect(await candidates()).toEqual(
      [
        [0, 1, 2, 3],
        [4, 5, 6, 8],
      ].map((group) => group.map((i) => `r${i}.parquet`.slice(-9))),
    );
    const heavy = Array.from({ length: 9 }, (_, i) => file(`h${i}`, 40 * MB));
    await registry.changeFiles({ add: heavy, remove: [...many, file("r8", 0)].map(({ path }) => path) });
    // The last of them is left alone.
    expect((await candidates()).map((group) => group.length)).toEqual([3, 3, 3]);
    await registry.changeFiles({ add: [file("h9", 40 * MB)], remove: [] });
    expect((await candidates()).map((group) => group.length)).toEqual([3, 3, 3]);
  } finally {
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
