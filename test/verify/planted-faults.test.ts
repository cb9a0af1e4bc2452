import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A change of a file of the engine: what stands there once, and what stands there instead. */
type Edit = readonly [file: string, right: string, wrong: string];

const tail = "-Infinity : floorTo(t - window.offset - window.length, window.hop)";

/** Faults that feature stores have had. */
const faults: readonly { readonly what: string; readonly edits: readonly Edit[] }[] = [
  {
    what: "a strict tail: what happened at a window's very start does not count",
    edits: [["core/time/window.ts", tail, `${tail} + 1`]],
  },
  {
    what: "a tail that is off by a hop",
    edits: [["core/time/window.ts", tail, `${tail} + window.hop`]],
  },
  {
    what: "a join that is blind to arrival",
    edits: [
      ["stages/offline/aggregate-join.ts", "greatest(r.${EVENT}, r.${AVAILABLE})", "greatest(r.${EVENT}, r.${EVENT})"],
    ],
  },
  {
    what: "the reader's clock as the moment of an answer",
    edits: [
      [
        "stages/ingest/log-writer.ts",
        "if (this.underWay > 0 || folded !== this.log.end) return null;",
        "if (this.underWay > 0) return null;",
      ],
      [
        "stages/serving/feature-reader.ts",
        "present !== null && (found === null || found.position === position)",
        "present !== null",
      ],
    ],
  },
  {
    what: "records that are not yet due, let into tiles at once",
    edits: [
      [
        "core/tile/key-state.ts",
        "if (isVisible(record, watermark)) this.addToTiles(layout, record, watermark);\n      else this.pending.push(record);",
        "this.addToTiles(layout, record, watermark);",
      ],
    ],
  },
  {
    what: "a batch row that is there from its day's start",
    edits: [
      [
        "stages/offline/compute.ts",
        "`${EVENT} + to_microseconds(${view.delay})`",
        "`${EVENT} - INTERVAL 1 DAY + to_microseconds(${view.delay})`",
      ],
    ],
  },
  {
    what: "sums of doubles, rounded at each step",
    edits: [
      [
        "core/aggregation/exact-sum.ts",
        "if (t - lo === e && t - e === lo) {\n      this.#hi = s;\n      this.#lo = t;",
        "if (x - x === 0) {\n      this.#hi = s;\n      this.#lo = 0;",
      ],
    ],
  },
  {
    what: "acknowledged records that a restart drops",
    edits: [["stages/ingest/archive.ts", "if (held > 0) yield", "if (held < 0) yield"]],
  },
  {
    what: "files left out that straddle the start of what is asked about",
    edits: [["stages/offline/offline-store.ts", "file.maxEvent >= since", "file.minEvent >= since"]],
  },
];

interface Verified {
  readonly code: number;
  readonly output: string;
}

/** Runs `asof verify` on a copy of the engine with a fault, or with none. */
async function verifyCopy(edits: readonly Edit[], ...args: string[]): Promise<Verified> {
  const copy = mkdtempSync(path.join(tmpdir(), "asof-planted-"));
  try {
    cpSync(path.join(root, "src"), path.join(copy, "src"), { recursive: true });
    const manifest = { name: "asof", version: "0.0.0", type: "module", exports: { ".": "./src/index.ts" } };
    writeFileSync(path.join(copy, "package.json"), JSON.stringify(manifest));
    symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    for (const file of ["definitions.ts", "asof.config.ts"])
      cpSync(path.join(root, "test/verify", file), path.join(copy, file));
    for (const [file, right, wrong] of edits) {
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

test.each(faults)("finds $what", { timeout: 120_000 }, async ({ edits }) => {
  const { code, output } = await verifyCopy(edits, "--seed", "3", "--runs", "8", "--shrink", "5", "--json");
  expect(code, output).toBe(1);
  const { records, compared, different, failure } = JSON.parse(output) as {
    records: number;
    compared: number;
    different: number;
    failure: { records: number; difference: { how: string }; course: { steps: { do: string }[] } };
  };
  expect(compared).toBeGreaterThan(0);
  expect(different).toBeGreaterThan(0);
  expect(failure.difference.how).not.toBe("error");
  expect(failure.records).toBeLessThanOrEqual(records);
  expect(failure.course.steps.filter((step) => step.do === "ask")).toHaveLength(1);
});

test("finds nothing in an engine that has no fault", { timeout: 120_000 }, async () => {
  const { code, output } = await verifyCopy([], "--seed", "3", "--runs", "2", "--json");
  expect(code, output).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ different: 0, failure: null, runs: 2 });
});
