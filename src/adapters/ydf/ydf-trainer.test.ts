import { createRequire } from "node:module";
import JSZip from "jszip";
import { expect, test, vi } from "vitest";
import type { Column } from "../../core/schema/column.ts";
import { t } from "../../core/schema/data-type.ts";
import { instantiate, type ModuleFactory } from "./ydf-module.ts";
import { ydfRuntime } from "./ydf-runtime.ts";
import { createYdfTrainer } from "./ydf-trainer.ts";

const ROWS = 500;

function doubles(values: readonly (number | null)[]): Column {
  return {
    type: t.nullable(t.float64()),
    values: Float64Array.from(values, (value) => value ?? -1),
    valid: Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
  };
}

const strings = (values: string[]): Column => ({ type: t.string(), values, valid: null });

/** The same for every run, within (0, 1) (Lehmer). */
function numbers(seed: number): number[] {
  let state = seed;
  return Array.from({ length: ROWS }, () => (state = (state * 48271) % 2147483647) / 2147483647);
}

const y = numbers(2);
const x = numbers(1).map((value, row) => (row % 4 === 0 ? null : value));
const label = Float64Array.from(x, (value, row) => Math.fround((value ?? 3) * 10 + y[row]));

/** What YDF itself makes of a file. */
async function trainOnCsv(csv: string): Promise<Uint8Array> {
  interface Training {
    readonly GradientBoostedTreesLearner: new (
      label: string,
      task: string,
    ) => { train(csv: string): { save(): Promise<Blob> } };
  }
  const quiet = vi.spyOn(console, "log").mockImplementation(() => {});
  Object.assign(globalThis, { JSZip });
  try {
    const factory = createRequire(import.meta.url)("ydf-training") as ModuleFactory<Training>;
    const ydf = await instantiate(factory, { print: () => {}, printErr: () => {} });
    const model = new ydf.GradientBoostedTreesLearner("label", "REGRESSION").train(csv);
    return new Uint8Array(await (await model.save()).arrayBuffer());
  } finally {
    quiet.mockRestore();
    Reflect.deleteProperty(globalThis, "JSZip");
  }
}

test("nulls train like blanks in a file", async () => {
  const csv = ["x,y,label", ...x.map((value, row) => `${value ?? ""},${y[row]},${label[row]}`), ""].join("\n");
  const ofFile = await ydfRuntime.load({ runtime: "ydf", bytes: await trainOnCsv(csv) });
  const features = { x: doubles(x), y: doubles(y) };
  const trained = await createYdfTrainer("gradientBoostedTrees").train(
    { rows: ROWS, features, label, task: "regression" },
    {},
  );
  const ofTable = await ydfRuntime.load(trained);
  const found = await ofTable.predict(features, ROWS);
  expect(found).toEqual(await ofFile.predict(features, ROWS));
  expect(new Set(found).size).toBeGreaterThan(100);
  ofTable.close();
  ofFile.close();
});

test("the archive says neither when, where nor how fast it was made", async () => {
  const train = async () => {
    const { bytes } = await createYdfTrainer("randomForest").train(
      {
        rows: ROWS,
        features: { x: doubles(x), word: strings(y.map((value) => `word ${Math.floor(value * 40)}`)) },
        label: Float64Array.from(y, (value) => (value > 0.7 ? 1 : 0)),
        task: "classification",
      },
      {},
    );
    return bytes;
  };
  const first = await train();
  const { files } = await JSZip.loadAsync(first);
  for (const file of Object.values(files)) expect(file.date.toISOString()).toBe("1980-01-01T00:00:00.000Z");
  // A worker whose clocks leap 20 s at each look at them.
  const leap =
    "let n = 0; Date.now = () => (n += 20000); performance.now = Date.now; process.hrtime = () => [(n += 20), 0];";
  vi.stubEnv("NODE_OPTIONS", `--import=data:text/javascript,${encodeURIComponent(leap)}`);
  try {
    expect(Buffer.compare(await train(), first)).toBe(0);
  } finally {
    vi.unstubAllEnvs();
  }
});

test("a column named as the label is named inside does no harm", async () => {
  const trainer = createYdfTrainer("randomForest");
  const features = { label: doubles(y), _label: doubles(x) };
  const model = await ydfRuntime.load(await trainer.train({ rows: ROWS, features, label, task: "regression" }, {}));
  expect([...model.inputs].sort()).toEqual(["_label", "label"]);
  model.close();
});

test("what fails on the thread is told, and not as an interruption", async () => {
  const trainer = createYdfTrainer("noSuchLearner" as "randomForest");
  await expect(
    trainer.train({ rows: ROWS, features: { x: doubles(x) }, label, task: "regression" }, {}),
  ).rejects.toMatchObject({ code: "ASOF_TRAINING", cause: expect.any(Error) });
});
