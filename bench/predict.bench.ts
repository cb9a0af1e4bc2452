import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { history, now } from "../test/flow/open-test-store.ts";
import * as shop from "../test/flow/shop.ts";
import { onnxRuntime } from "../src/adapters/onnx/onnx-runtime.ts";
import { ydfRuntime } from "../src/adapters/ydf/ydf-runtime.ts";
import { columnRow, columnTypes } from "../src/core/codec/collection-text.ts";
import { planService } from "../src/core/plan/service-plan.ts";
import { catalogOf, serviceNamed } from "../src/core/definition/catalog.ts";
import { columnsOfRows } from "../src/core/schema/column.ts";
import type { PredictionAnswer } from "../src/core/result/answers.ts";
import {
  command,
  featureService,
  gradientBoostedTrees,
  model,
  onDemandView,
  open,
  t,
  type Store,
} from "../src/index.ts";
import type { LoadedModel, ModelRuntime } from "../src/ports/trainer.ts";
import { alternate, type BenchCase, type BenchOptions, type Contender } from "./measure.ts";

// What a prediction costs beside its model: features from the online store, a request-time function, the answer and its
// log, all of `store.predict`, against the bare call of the loaded model with the same columns, for one key and for a
// batch. Microseconds of the main thread, which is what requests
// wait for: the time on the wall would count what else the machine does.

const WANTED = 100;
const CALLS = 400;
const BATCHES = [1, 100] as const;

const price = onDemandView("price", {
  input: { amount: t.float64() },
  features: { large: t.boolean(), log: t.float64() },
  compute: ({ amount }) => ({ large: amount > 30, log: Math.log1p(amount) }),
});
const features = featureService("priced_features", [
  shop.spending.select("payments_1d", "amount_1d", "cents_1d"),
  price,
]);
const trainers = {
  onnx: command(process.execPath, fileURLToPath(new URL("../test/onnx/train-a-tree.ts", import.meta.url)), "tree"),
  ydf: gradientBoostedTrees(),
};
const runtimes: Readonly<Record<string, ModelRuntime>> = { onnx: onnxRuntime, ydf: ydfRuntime };

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  const results: BenchCase[] = [];
  for (const runtime of ["ydf", "onnx"] as const) {
    const folder = mkdtempSync(path.join(tmpdir(), "asof-bench-predict-"));
    try {
      results.push(...(await measure(folder, runtime, log)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return results;
}

async function measure(folder: string, runtime: keyof typeof trainers, log: (text: string) => void) {
  const priced = model("priced", {
    features,
    examples: { source: shop.payments, at: "at" },
    label: "refund",
    split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
    trainer: trainers[runtime],
  });
  const definitions = { ...shop, price, features, priced };
  const home = path.join(folder, "home");
  const store = await open({ definitions, home, clock: { simulated: now }, audit: false });
  const results: BenchCase[] = [];
  try {
    const file = path.join(folder, "payments.ndjson");
    writeFileSync(file, history());
    await store.apply();
    await store.load("payments", [file]);
    await store.train("priced");
    await store.materialize();
    const plan = planService(
      catalogOf(Object.values(definitions)),
      serviceNamed(catalogOf(Object.values(definitions)), "priced_features"),
    );
    const bare = await loadedModel(store, home, runtime);
    for (const size of BATCHES) {
      const requests = Array.from({ length: size }, (_, i) => ({ customer: `calm-${i % 40}`, amount: i }));
      const answers: PredictionAnswer[] = await store.predict("priced", requests);
      const row = columnRow(plan.features);
      const { columns } = columnsOfRows(
        columnTypes(plan.features),
        answers.map((answer) => row(answer.features.values)),
      );
      const alone = await bare.predict(columns, size);
      const equal = answers.every(({ prediction }, i) => Object.is(prediction, alone[i]));
      const calls = Math.ceil(CALLS / Math.sqrt(size));
      // Thread time comes in ticks: what is measured must take many of them.
      const bareCalls = calls * 20;
      const [ours, reference] = await alternate(
        [
          repeated("store.predict", calls, () => store.predict("priced", requests)),
          repeated("the model alone", bareCalls, () => bare.predict(columns, size)),
        ],
        { rounds: 11, warmups: 2 },
      );
      const over = ours.milliseconds - reference.milliseconds;
      const each = (over * 1000) / size;
      const name = `${runtime}, ${size} ${size === 1 ? "key" : "keys"}`;
      log(
        `${name}: ${(over * 1000).toFixed(1)} µs over the model's own ${(reference.milliseconds * 1000).toFixed(1)} µs`,
      );
      results.push(
        {
          case: `${name}: a call, and the model alone`,
          ours: ours.milliseconds * 1000,
          reference: reference.milliseconds * 1000,
          ratio: reference.milliseconds / ours.milliseconds,
          unit: "µs",
          equal,
        },
        {
          case: `${name}: over the model, for each, and what is wanted`,
          ours: each,
          reference: WANTED,
          ratio: WANTED / each,
          unit: "µs",
          equal,
        },
      );
    }
    bare.close();
  } finally {
    await store.close();
  }
  return results;
}

async function loadedModel(store: Store, home: string, runtime: string): Promise<LoadedModel> {
  const [file] = readdirSync(path.join(home, "models"));
  const [{ version }] = await store.models("priced");
  if (version !== 1) throw new Error("there is one version");
  return runtimes[runtime].load({ runtime, bytes: readFileSync(path.join(home, "models", file)) });
}

/** Milliseconds of this thread for one of so many calls, one after another. */
function repeated(name: string, calls: number, call: () => unknown): Contender<unknown> {
  return {
    name,
    async measure() {
      const before = process.threadCpuUsage();
      for (let i = 0; i < calls; i++) await call();
      const { user, system } = process.threadCpuUsage(before);
      return { milliseconds: (user + system) / 1000 / calls, result: null };
    },
  };
}
