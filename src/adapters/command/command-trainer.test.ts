import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { doubles, strings } from "../../../test/conformance/training-columns.ts";
import { command, type CommandOptions } from "../../core/definition/model.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { TrainedFor, Trainer, TrainingTable } from "../../ports/trainer.ts";
import { openDuckDb } from "../duckdb/open-duckdb.ts";
import { onnxFormat, onnxRuntime } from "../onnx/onnx-runtime.ts";
import { createCommandTrainer } from "./command-trainer.ts";

const script = fileURLToPath(new URL("../../../test/onnx/train-a-tree.ts", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "asof-command-"));
let engine: OfflineEngine;
let trainer: Trainer;

const table: TrainingTable = {
  rows: 4,
  features: { x: doubles([0, 1, null, 2]), y: doubles([1, 1, 1, 1]) },
  label: Float64Array.of(0, 1, 0, 1),
  task: "classification",
};

function of(what: string, options: CommandOptions = {}, words = [process.execPath, script, what]): TrainedFor {
  const [program, ...args] = words;
  const { options: settings } = command(program, ...args, options);
  return { name: "late", isBaseline: false, split: { train: [0, 1], test: [1, 2] }, trainer: settings };
}

/** Whether a process runs: one that has ended may be listed until its parent asks for it. */
const isThere = (pid: number): boolean => {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
};

beforeAll(async () => {
  engine = await openDuckDb({ memoryLimit: "200MB", temporaryFolder: path.join(folder, "engine") });
  trainer = createCommandTrainer({ engine, folder: path.join(folder, "trainings"), format: onnxFormat });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a program learns from the table and leaves a model and its own figures", async () => {
  const lines: string[] = [];
  const trained = await trainer.train(table, { model: of("tree"), onLine: (line) => void lines.push(line) });
  expect(trained.metrics).toEqual({ "mean label": 0.5, rows: 4 });
  expect(lines).toContain("learnt from 4 rows");
  const model = await onnxRuntime.load(trained);
  expect(model.inputs).toEqual(["x", "y"]);
  expect(await model.predict({ y: doubles([0, 0]), x: doubles([null, 3]) }, 2)).toEqual(Float64Array.of(0, 1));
  model.close();
  expect(readdirSync(path.join(folder, "trainings"))).toEqual([]);
});

describe("fails, and leaves nothing", () => {
  test.each<[string, TrainedFor, RegExp]>([
    ["with another status, and tells its last errors", of("fail"), /ended with status 3\nline 10\n(.*\n)*line 29$/],
    ["without a model", of("nothing"), /left no model\.onnx/],
    ["with what is no model", of("rubbish"), /no model that ONNX Runtime can run/],
    ["with a model of other features", of("narrow"), /shape \[N, 1\]: for 2 features/],
    ["with figures that are none", of("figures"), /metrics\.json must hold named numbers: "auc" is no number/],
    ["without such a program", of("", {}, ["no-such-program-of-asof"]), /could not be started: .*ENOENT/],
  ])("%s", async (_, model, why) => {
    await expect(trainer.train(table, { model })).rejects.toMatchObject({
      code: "ASOF_TRAINING",
      message: expect.stringMatching(why) as unknown,
    });
    expect(readdirSync(path.join(folder, "trainings"))).toEqual([]);
  });

  test("a name of a feature is no secret of the label's", async () => {
    const columns = { label: doubles([0, 1, null, 2]), _label: strings(["a", "b", "c", "d"]) };
    await expect(
      trainer.train({ ...table, features: columns }, { model: of("tree") }).then(({ metrics }) => metrics),
    ).resolves.toMatchObject({ rows: 4 });
  });

  test.each(["time", "an abort"])("and ends all its processes, after %s", { timeout: 30_000 }, async (why) => {
    const abort = new AbortController();
    let pids: number[] = [];
    const onLine = (line: string): void => {
      const found = /^processes (\d+) (\d+)$/.exec(line);
      if (found === null) return;
      pids = [Number(found[1]), Number(found[2])];
      if (why === "an abort") abort.abort(new Error("enough"));
    };
    const model = of("sleep", { timeout: why === "time" ? "3s" : "1h" });
    await expect(trainer.train(table, { model, onLine, signal: abort.signal })).rejects.toMatchObject(
      why === "time"
        ? { code: "ASOF_TRAINING", message: expect.stringMatching(/did not end within 3s/) as unknown }
        : { code: "ASOF_INTERRUPTED" },
    );
    expect(pids).toHaveLength(2);
    await vi.waitFor(() => expect(pids.filter(isThere)).toEqual([]));
    expect(readdirSync(path.join(folder, "trainings"))).toEqual([]);
  });
});
