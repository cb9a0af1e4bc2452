import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { t } from "../../core/schema/data-type.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { openDuckDb } from "./open-duckdb.ts";
import { parquetSource } from "./parquet-source.ts";

test("quotes, and the signs of patterns, stand for themselves", async () => {
  const folder = await mkdtemp(join(tmpdir(), "asof-parquet-source-"));
  const engine = await openDuckDb({ temporaryFolder: folder });
  try {
    const session = await engine.session();
    const write = async (name: string, value: number): Promise<string> => {
      const column = { type: t.float64(), values: Float64Array.of(value), valid: null };
      const file = join(folder, name);
      await session.writeParquet(file, { x: column.type }, [{ rows: 1, columns: { x: column } }]);
      return file;
    };
    const names = ["it's.parquet", "a*.parquet", "a1.parquet", "b?.parquet", "[c].parquet", "c.parquet", "k=1.parquet"];
    const files: string[] = [];
    for (const [i, name] of names.entries()) files.push(await write(name, i));
    const read: Fields = { x: t.float64() };
    for (const [i, file] of files.entries())
      expect(await session.rows(`SELECT x FROM ${parquetSource([file])}`, read)).toEqual([{ x: i }]);
    expect(await session.rows(`SELECT x FROM ${parquetSource(files)}`, read)).toEqual(files.map((_, x) => ({ x })));
  } finally {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  }
});
