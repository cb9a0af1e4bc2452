import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sequence } from "../conformance/event-log-entries.ts";
import { killedLoad, loadAgain } from "./loaded-rows.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
const ROWS = 200_000;
const folder = mkdtempSync(path.join(tmpdir(), "asof-resume-"));
const files = [1, 2, 3].map((i) => path.join(folder, `part-${i}.parquet`));
const whole = { all: BigInt(ROWS * 3), different: BigInt(ROWS * 3), orphans: 0 };

beforeAll(async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (const [i, file] of files.entries())
    await connection.run(
      `COPY (SELECT i AS n, TIMESTAMP '2020-01-01' + to_seconds(i) AS "at" FROM range(${i * ROWS}, ${(i + 1) * ROWS}) r(i)) TO '${file}'`,
    );
  connection.closeSync();
  instance.closeSync();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a load that is killed and run again loads each row once", { timeout: 240_000 }, async () => {
  const next = sequence(SEED);
  // The commit, and the answer, are moments of their own: there a second run would load all rows twice.
  const moments = [Math.round(next() * 400), "committed", Math.round(next() * 900), "told"] as const;
  const said: string[] = [];
  for (const [i, moment] of moments.entries()) {
    const home = path.join(folder, `home-${i}`);
    said.push(await killedLoad(home, { files }, moment));
    expect(await loadAgain(home, { files }), `killed at ${moment}`).toEqual(whole);
  }
  expect(said).toContain("ready");
  expect(said).toContain("told");
});

test("a load that is in the log and nowhere else is known by its files", { timeout: 180_000 }, async () => {
  const home = path.join(folder, "home-log");
  await killedLoad(home, { files }, "told");
  // As a crash between the two leaves it.
  const registry = new DatabaseSync(path.join(home, "registry.sqlite"));
  registry.exec(
    "delete from offline_file; delete from note where name like 'loaded.%'; update offline_state set applied = 0",
  );
  registry.close();
  expect(await loadAgain(home, { files })).toEqual(whole);
});
