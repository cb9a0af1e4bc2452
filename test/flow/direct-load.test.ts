import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { coalesce, col, eventSource, t } from "../../src/index.ts";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { parseTimestamp } from "../../src/core/time/timestamp.ts";
import { open } from "../../src/open.ts";
import type { LoadOptions } from "../../src/core/result/store.ts";
import { queryRows } from "../../bench/query-rows.ts";

// The same rows by the two ways in: one pass over the file, and a table between where a time takes evaluating.

const folder = mkdtempSync(path.join(tmpdir(), "asof-direct-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => path.join(folder, `${name}.parquet`);

async function write(name: string, select: string): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(
    `SELECT setseed(0.25); COPY (${select}) TO '${file(name)}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  );
  connection.closeSync();
  instance.closeSync();
  return file(name);
}

const ROW = `SELECT i, (i % 7)::BIGINT AS n, CASE WHEN i % 5 = 0 THEN NULL ELSE i / 3.0 END AS x, 'k' || i % 11 AS k`;
beforeAll(async () => {
  await write("ordered", `${ROW}, TIMESTAMP '1969-12-20' + to_minutes(i) AS at FROM range(20000) r(i)`);
  await write(
    "shuffled",
    `${ROW}, TIMESTAMP '1969-12-20' + to_minutes((i * 7919) % 20000) AS at FROM range(20000) r(i)`,
  );
  await write("ancient", `${ROW}, TIMESTAMP '1700-02-28' + to_hours(i::INTEGER) AS at FROM range(100) r(i)`);
  await write("beyond", `${ROW}, TIMESTAMP '1600-02-28' AS at FROM range(100) r(i)`);
  await write(
    "bad",
    `${ROW}, CASE WHEN i = 4321 THEN NULL ELSE TIMESTAMP '2020-01-01' + to_minutes(i) END AS at FROM range(9000) r(i)`,
  );
});

const fields = { i: t.int64(), n: t.int32(), x: t.nullable(t.float64()), k: t.string(), at: t.timestamp() };
let made = 0;

async function loaded(name: string, direct: boolean, options: LoadOptions = {}) {
  const home = path.join(folder, `home-${made++}`);
  const at = direct ? col("at") : coalesce(col("at"), col("at"));
  const rows = eventSource("rows", { fields, eventTime: at, availableAt: "15m" });
  const clock = simulatedClock(parseTimestamp("1970-01-02T00:00:30"));
  const store = await open({ home, definitions: { rows } }, { clock });
  try {
    await store.apply();
    const { seconds: _, bytes: __, files: ___, ...told } = await store.load("rows", [file(name)], options);
    const history = `read_parquet('${home}/offline/rows/*/*.parquet', hive_partitioning = false)`;
    const kept = await queryRows(
      `SELECT i, n, x, k, "at"::VARCHAR AS happened, __event::VARCHAR AS e, __available::VARCHAR AS a, __position AS p, typeof(n) AS type FROM ${history} ORDER BY i`,
    );
    return { told, kept };
  } finally {
    await store.close();
  }
}

test.each([
  ["ordered", {}],
  ["shuffled", {}],
  ["ordered", { from: "1969-12-25T00:00:30", until: "1970-01-01T00:15:00" }],
  ["ancient", {}],
  ["bad", { rejects: true }],
] as const)("%s rows are the same in one pass, %o", async (name, options) => {
  const [direct, between] = [await loaded(name, true, options), await loaded(name, false, options)];
  const plain = ({ told }: typeof direct) => ({ ...told, rejectsFile: null });
  expect(plain(direct)).toEqual(plain(between));
  expect(direct.kept).toEqual(between.kept);
  expect(direct.kept.length).toBe(direct.told.rows);
  expect(direct.told.rows).toBeGreaterThan(50);
});

test("a bad row is told by its number, and nothing is loaded", async () => {
  await expect(loaded("bad", true)).rejects.toMatchObject({
    code: "ASOF_MISSING_FIELD",
    details: { row: 4322, field: "at", badRows: 1 },
  });
});

test("a time that is none is refused either way", async () => {
  for (const direct of [true, false])
    await expect(loaded("beyond", direct)).rejects.toMatchObject({ code: "ASOF_OVERFLOW" });
});
