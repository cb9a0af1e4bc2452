import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { command, model, open, type Store } from "../../src/index.ts";
import { pythonForTraining } from "../onnx/python.ts";
import { history, now } from "./open-test-store.ts";
import * as shop from "./shop.ts";

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const ours = command(process.execPath, at("../onnx/train-a-tree.ts"), "tree");

let folder: string;
let store: Store | null = null;

async function opened(trainer: ReturnType<typeof command>): Promise<Store> {
  await store?.close();
  const fraud = model("fraud", {
    features: shop.riskFeatures,
    examples: { source: shop.payments, at: "at" },
    label: "refund",
    split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
    trainer,
  });
  const home = path.join(folder, "home");
  return (store = await open({ definitions: { ...shop, fraud }, home, clock: { simulated: now } }));
}

/** The shop with its history, and a model that the trainer has made. */
async function filled(trainer: ReturnType<typeof command>): Promise<Store> {
  const made = await opened(trainer);
  const file = path.join(folder, "payments.ndjson");
  writeFileSync(file, history());
  await made.apply();
  await made.load("payments", [file]);
  await made.materialize();
  return made;
}

beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), "asof-external-"))));
afterEach(async () => {
  await store?.close();
  store = null;
  rmSync(folder, { recursive: true, force: true });
});

const customers = ["hasty-0", "calm-1", "calm-2", "nobody"].map((customer) => ({ customer }));

test("a model of a program is measured, registered, promoted, served, and audited like any other", async () => {
  let made = await filled(ours);
  const phases: string[] = [];
  const outcome = await made.train("fraud", { onProgress: ({ phase }) => void phases.push(phase) });
  expect(outcome).toMatchObject({ version: 1, promoted: true, trainerMetrics: { "mean label": 0.5 } });
  expect(outcome.metrics).toMatchObject({ task: "classification", rows: outcome.testRows });
  expect(phases.filter((phase) => phase.includes("learnt from"))).toHaveLength(1);
  const together = await made.predict("fraud", customers);
  made = await opened(ours);
  const alone = [];
  for (const one of customers) alone.push(...(await made.predict("fraud", [one])));
  expect(alone.map(({ prediction }) => prediction)).toEqual(together.map(({ prediction }) => prediction));
  expect(await made.audit("fraud")).toMatchObject({ predictions: 8, different: 0, unverifiable: 0 });

  made = await opened(command(process.execPath, at("../onnx/train-a-tree.ts"), "fail"));
  await made.apply();
  await expect(made.train("fraud")).rejects.toMatchObject({ code: "ASOF_TRAINING" });
  expect(await made.models("fraud")).toHaveLength(1);
  expect((await made.predict("fraud", customers)).map(({ version }) => version)).toEqual([1, 1, 1, 1]);
});

test("the example with scikit-learn", { timeout: 300_000 }, async ({ skip }) => {
  const found = pythonForTraining();
  if ("reason" in found) return skip(found.reason);
  const made = await filled(command(found.python, at("../../examples/python/train.py")));
  const { metrics, trainerMetrics } = await made.train("fraud");
  expect(trainerMetrics?.["training auc"]).toBeGreaterThan(0.8);
  expect(metrics).toHaveProperty("auc", expect.any(Number));
  expect((metrics as { auc: number }).auc).toBeGreaterThan(0.8);
  const answers = await made.predict("fraud", customers);
  for (const { prediction } of answers) expect(prediction).toBeGreaterThan(0);
  expect(await made.audit("fraud")).toMatchObject({ predictions: 4, different: 0 });
});
