import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDuckDb } from "../../adapters/duckdb/open-duckdb.ts";
import { asKnown } from "./hindsight.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-known-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a history as known: what was available, and not withdrawn; a later withdrawal is not known yet", async () => {
  const engine = await openDuckDb({ memoryLimit: "200MB", temporaryFolder: folder });
  try {
    const session = await engine.session();
    // Microseconds: id, available, withdrawn.
    const rows = [
      [1, 99, null],
      [2, 100, null],
      [3, 101, null],
      [4, 50, 99],
      [5, 50, 100],
      [6, 50, 101],
    ];
    const values = rows.map(
      ([id, available, withdrawn]) =>
        `(${id}, make_timestamp(${available}), ${withdrawn === null ? "NULL::TIMESTAMP" : `make_timestamp(${withdrawn})`})`,
    );
    await session.run(
      `CREATE TEMP TABLE with_id AS FROM (VALUES ${values.join(", ")}) v(id, __available, __withdrawn)`,
    );
    await session.run("CREATE TEMP TABLE without_id AS SELECT id, __available FROM with_id WHERE __withdrawn IS NULL");
    const ids = async (history: string, of: "records" | "versions"): Promise<unknown[]> => {
      const known = await asKnown(session, history, of, 100);
      const found = await session.rows(`SELECT id FROM ${known} ORDER BY id`, {
        id: { kind: "int32", nullable: false },
      });
      return found.map(({ id }) => id);
    };
    expect(await ids("with_id", "records")).toEqual([1, 5, 6]);
    expect(await ids("without_id", "records")).toEqual([1]);
    expect(await ids("without_id", "versions")).toEqual([1, 2]);
    const [{ n }] = await session.rows("SELECT count(*) AS n FROM with_id_known WHERE __withdrawn IS NOT NULL", {
      n: { kind: "int64", nullable: false },
    });
    expect(n).toBe(0n);
  } finally {
    await engine.close();
  }
});
