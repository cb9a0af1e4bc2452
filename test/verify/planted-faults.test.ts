import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Faults that feature stores have had: a file of the engine, what stands there once, and what stands there instead. */
const faults: readonly (readonly [what: string, file: string, right: string, wrong: string])[] = [
  [
    "a strict tail: what happened at a window's very start does not count",
    "core/time/window.ts",
    "-Infinity : floorTo(t - window.offset - window.length, window.hop)",
    "-Infinity : floorTo(t - window.offset - window.length, window.hop) + 1",
  ],
  [
    "a tail that is off by a hop",
    "core/time/window.ts",
    "-Infinity : floorTo(t - window.offset - window.length, window.hop)",
    "-Infinity : floorTo(t - window.offset - window.length, window.hop) + window.hop",
  ],
  [
    "a join that is blind to arrival",
    "stages/offline/aggregate-join.ts",
    "greatest(r.${EVENT}, r.${AVAILABLE})",
    "greatest(r.${EVENT}, r.${EVENT})",
  ],
  [
    "the reader's clock as the moment of an answer",
    "stages/ingest/log-writer.ts",
    "if (this.underWay > 0 || folded !== this.log.end) return null;",
    "if (this.underWay > 0) return null;",
  ],
  [
    "records that are not yet due, let into tiles at once",
    "core/tile/key-state.ts",
    "if (isVisible(record, watermark)) this.addToTiles(layout, record, watermark);\n      else this.pending.push(record);",
    "this.addToTiles(layout, record, watermark);",
  ],
  [
    "a batch row that is there from its day's start",
    "stages/offline/compute.ts",
    "`${EVENT} + to_microseconds(${view.delay})`",
    "`${EVENT} - INTERVAL 1 DAY + to_microseconds(${view.delay})`",
  ],
  [
    "sums of doubles, rounded at each step",
    "core/aggregation/exact-sum.ts",
    "if (t - lo === e && t - e === lo) {\n      this.#hi = s;\n      this.#lo = t;",
    "if (x - x === 0) {\n      this.#hi = s;\n      this.#lo = 0;",
  ],
  [
    "acknowledged records that a restart drops",
    "stages/ingest/archive.ts",
    "if (held > 0) yield",
    "if (held < 0) yield",
  ],
  [
    "files left out that straddle the start of what is asked about",
    "stages/offline/offline-store.ts",
    "file.maxEvent >= since",
    "file.minEvent >= since",
  ],
];

interface Verified {
  readonly code: number;
  readonly output: string;
}

/** Runs `asof verify` on a copy of the engine with a fault, or on an unchanged one. */
async function verifyCopy(fault: (typeof faults)[number] | null, ...args: string[]): Promise<Verified> {
  const copy = mkdtempSync(path.join(tmpdir(), "asof-planted-"));
  try {
    cpSync(path.join(root, "src"), path.join(copy, "src"), { recursive: true });
    const manifest = { name: "asof", version: "0.0.0", type: "module", exports: { ".": "./src/index.ts" } };
    writeFileSync(path.join(copy, "package.json"), JSON.stringify(manifest));
    symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    for (const file of ["definitions.ts", "asof.config.ts"])
      cpSync(path.join(root, "test/verify", file), path.join(copy, file));
    if (fault !== null) {
      const [, file, right, wrong] = fault;
      const at = path.join(copy, "src", file);
      const parts = readFileSync(at, "utf8").split(right);
      expect(parts, `${file} has ${JSON.stringify(right)} once`).toHaveLength(2);
      writeFileSync(at, parts.join(wrong));
    }
    return await new Promise((resolve) => {
      const command = [path.join(copy, "src/surfaces/cli/main.ts"), "verify", ...args];
      execFile(
        process.execPath,
        command,
        { cwd: copy, timeout: 100_000, killSignal: "SIGKILL" },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
        },
      );
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

test.each(faults)("finds %s", { timeout: 120_000 }, async (...fault) => {
  const { code, output } = await verifyCopy(fault, "--seed", "3", "--runs", "6", "--json");
  expect(code, output).toBe(1);
  const { compared, different, failure } = JSON.parse(output) as {
    compared: number;
    different: number;
    failure: { records: number; difference: { how: string } };
  };
  expect(compared).toBeGreaterThan(0);
  expect(different).toBeGreaterThan(0);
  expect(failure.difference.how).not.toBe("error");
  expect(failure.records).toBeLessThanOrEqual(60);
});

test("finds nothing in an engine that has no fault", { timeout: 120_000 }, async () => {
  const { code, output } = await verifyCopy(null, "--seed", "3", "--runs", "2", "--json");
  expect(code, output).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ different: 0, failure: null, runs: 2 });
});
