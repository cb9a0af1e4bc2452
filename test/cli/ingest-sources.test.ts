import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asof } from "./captured-io.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cwd = realpathSync(mkdtempSync(path.join(tmpdir(), "asof-cli-sources-")));
const definitions = JSON.stringify(path.join(root, "src/index.ts"));

beforeAll(async () => {
  mkdirSync(path.join(cwd, "node_modules"));
  symlinkSync(root, path.join(cwd, "node_modules", "asof"), "dir");
  writeFileSync(path.join(cwd, "package.json"), '{"type": "module"}');
  writeFileSync(
    path.join(cwd, "asof.config.ts"),
    `import { configure, eventSource, t } from ${definitions};
     const visits = eventSource("visits", { fields: { at: t.timestamp() }, eventTime: "at", availableAt: "at" });
     export default configure({ definitions: { visits }, clock: { simulated: "2026-03-02" } });`,
  );
  for (const folder of ["data", "data/more"]) mkdirSync(path.join(cwd, folder));
  for (const [i, name] of ["data/b.csv", "data/a.csv", "data/more/c.csv", "data/odd[1].csv"].entries())
    visit(name, i + 1);
  expect((await asof(["apply", "--yes"], { cwd })).code).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Writes a file of so many visits. */
function visit(name: string, rows: number): void {
  writeFileSync(path.join(cwd, name), `at\n${"2026-03-01\n".repeat(rows)}`);
}
async function ingest(...args: string[]): Promise<Record<string, unknown>> {
  const { out, err } = await asof(["ingest", "visits", ...args, "--json"], { cwd });
  if (out === "") throw new Error(err);
  return JSON.parse(out) as Record<string, unknown>;
}

// The tests of this file are one session, in its order.
describe("ingest", () => {
  test("takes the files that a pattern matches, and each once", async () => {
    expect(await ingest("data/*.csv", "data/a.csv", "--again")).toMatchObject({ rows: 1 + 2 + 4 });
    expect(await ingest("data/odd[1].csv", "--again")).toMatchObject({ rows: 4 });
    expect(await ingest("data/none-*.csv")).toMatchObject({
      error: { code: "ASOF_FILE", details: { file: "data/none-*.csv" } },
    });
  });

  test("leaves out what was loaded before, and takes what has come", async () => {
    const all = await ingest("data/**/*.csv");
    expect(all).toMatchObject({ rows: 3, warnings: [expect.stringContaining("3 of 4 files")] });
    expect(await ingest("data/**/*.csv")).toMatchObject({ rows: 0 });
    expect(await ingest("data/a.csv")).toMatchObject({ rows: 0, warnings: [expect.stringContaining("a.csv")] });
    // Another part of its rows is another load.
    expect(await ingest("data/a.csv", "--until", "2026-03-01T00:00:01")).toMatchObject({ rows: 2 });
    expect(await ingest("data/a.csv", "--again")).toMatchObject({ rows: 2 });
  });

  test("refuses a file that has changed since", async () => {
    utimesSync(path.join(cwd, "data/b.csv"), 1, 1);
    expect(await ingest("data/*.csv")).toMatchObject({ error: { code: "ASOF_LOADED_BEFORE" } });
    expect(await ingest("data/b.csv", "--again")).toMatchObject({ rows: 1 });
    expect(await ingest("data/b.csv")).toMatchObject({ rows: 0 });
  });

  test.each([
    [["--postgres", "--table", "t"], "--position"],
    [["--postgres", "--position", "id"], "--table"],
    [["a.csv", "--table", "t"], "--postgres"],
    [["a.csv", "--postgres", "postgres://localhost/x", "--table", "t", "--position", "id"], "no files"],
    [["--postgres", "--table", "t", "--position", "id", "--from", "2026-01-01"], "--from"],
    [["--postgres", "--table", "t", "--position", "id", "--idempotency-key", "k"], "--idempotency-key"],
    [[], "name the files"],
  ])("%j is not understood, and says why", async (args, why) => {
    expect(await ingest(...args)).toMatchObject({
      error: { code: "ASOF_USAGE", message: expect.stringContaining(why) as string },
    });
  });
});
