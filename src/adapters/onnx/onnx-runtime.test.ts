import { describe, expect, test } from "vitest";
import { sequence } from "../../../test/conformance/event-log-entries.ts";
import { booleans, doubles, int64s, strings, timestamps } from "../../../test/conformance/training-columns.ts";
import { linearModel, namedModel, onnxModel, treeModel, treeNode, type Value } from "../../../test/onnx/onnx-bytes.ts";
import type { Column } from "../../core/schema/column.ts";
import type { LoadedModel, Task } from "../../ports/trainer.ts";
import { noteOf, operatorsOf, withNote } from "./onnx-file.ts";
import { onnxFormat, onnxRuntime } from "./onnx-runtime.ts";

const load = async (file: Uint8Array, features: readonly string[], task: Task = "regression"): Promise<LoadedModel> =>
  onnxRuntime.load(onnxFormat.take(file, { task, features }));

const tree = (): Promise<LoadedModel> => load(treeModel(2, 0.25, 0.75), ["b", "a"]);

test("the one input takes the features in their order, whatever the order of the columns", async () => {
  const model = await tree();
  expect(model.inputs).toEqual(["b", "a"]);
  const columns = { a: doubles([9, 9, 9, 9]), b: doubles([0, 1, null, 0.5]) };
  expect(await model.predict(columns, 4)).toEqual(Float64Array.of(0.25, 0.75, 0.25, 0.25));
  const flags = { a: int64s([1n, 2n]), b: booleans([true, false]) };
  expect(await model.predict(flags, 2)).toEqual(Float64Array.of(0.75, 0.25));
  expect(await model.predict(columns, 0)).toHaveLength(0);
  model.close();
});

test("numbers pass through float32", async () => {
  const model = await tree();
  const almost = 0.5 + 2 ** -40;
  expect(await model.predict({ a: doubles([0]), b: doubles([almost]) }, 1)).toEqual(Float64Array.of(0.25));
  model.close();
});

test("inputs by the names of features take theirs, texts among them", async () => {
  const model = await load(namedModel(), ["x", "colour"]);
  expect(model.inputs.toSorted()).toEqual(["colour", "x"]);
  const columns = { x: doubles([1, 2, 3]), colour: strings(["red", "blue", null]) };
  expect(await model.predict(columns, 3)).toEqual(Float64Array.of(0.75, 0.25, 0.25));
  model.close();
});

describe("a row's prediction does not depend on the rows around it", () => {
  const next = sequence(7);
  const names = Array.from({ length: 9 }, (_, i) => `f${i}`);
  const coefficients = names.map(() => next() * 4 - 2);
  test.each([
    ["a forest", treeModel(names.length, 0.25, 0.75)],
    ["a linear model", linearModel(coefficients)],
  ])("%s", async (_, file) => {
    const rows = 500;
    const columns = Object.fromEntries(
      names.map((name) => [name, doubles(Array.from({ length: rows }, () => next() * 2 - 0.5))]),
    );
    const model = await load(file, names);
    const all = await model.predict(columns, rows);
    expect(new Set(all).size).toBeGreaterThan(1);
    for (let row = 0; row < rows; row++) {
      const one = Object.fromEntries(names.map((name) => [name, doubles([columns[name].values[row] as number])]));
      expect((await model.predict(one, 1))[0], `row ${row}`).toBe(all[row]);
    }
    model.close();
  });
});

test("a model that is closed meanwhile still answers, and calls side by side are apart", async () => {
  const model = await tree();
  const ask = async (b: number): Promise<Float64Array> => model.predict({ a: doubles([0]), b: doubles([b]) }, 1);
  const asked = [ask(0), ask(1), ask(0)];
  model.close();
  model.close();
  expect(await Promise.all(asked)).toEqual([0.25, 0.75, 0.25].map((value) => Float64Array.of(value)));
});

describe("refuses", () => {
  const output: Value = { name: "Y", type: "float32", shape: [null, 1] };
  const of = (input: Value, outputs: readonly Value[] = [output]): Uint8Array =>
    onnxModel([treeNode(0, 1, input.name)], [input], outputs);

  test.each<[string, Uint8Array, readonly string[], RegExp]>([
    ["bytes that are none", Uint8Array.of(1, 2, 3), ["a"], /no model that ONNX Runtime can run/],
    ["nothing", new Uint8Array(0), ["a"], /no model that ONNX Runtime can run/],
    ["another width", treeModel(3, 0, 1), ["a", "b"], /input X has the shape \[N, 3\]: for 2 features it must be/],
    ["doubles", of({ name: "X", type: "float64", shape: [null, 2] }), ["a", "b"], /input X is float64/],
    ["a set number of rows", of({ name: "X", type: "float32", shape: [7, 2] }), ["a", "b"], /any number of rows/],
    ["inputs of other names", namedModel(), ["x", "shade"], /no input for shade; it has colour, x/],
    ["an input that is no feature", namedModel(), ["x"], /its input colour is no feature/],
    ["whole numbers out", of({ name: "X", type: "float32", shape: [null, 1] }, []), ["a"], /./],
  ])("a model of %s", async (_, file, features, why) => {
    await expect(load(file, features)).rejects.toMatchObject({
      code: "ASOF_CORRUPT",
      message: expect.stringMatching(why) as unknown,
    });
  });

  test("a model of another runtime", async () => {
    await expect(onnxRuntime.load({ runtime: "ydf", bytes: treeModel(1, 0, 1) })).rejects.toMatchObject({
      code: "ASOF_CORRUPT",
    });
  });

  test.each<[string, Record<string, Column>]>([
    ["a missing input", { a: doubles([0]) }],
    ["a text for a number", { a: doubles([0]), b: strings(["x"]) }],
    ["a timestamp", { a: doubles([0]), b: timestamps([0]) }],
  ])("%s", async (_, columns) => {
    const model = await tree();
    await expect(model.predict(columns, 1)).rejects.toMatchObject({ code: "ASOF_PREDICT", details: { column: "b" } });
    model.close();
  });

  test("a prediction that is none", async () => {
    const model = await load(treeModel(1, 0.5, 1.5), ["a"], "classification");
    expect(await model.predict({ a: doubles([0]) }, 1)).toEqual(Float64Array.of(0.5));
    await expect(model.predict({ a: doubles([0, 1]) }, 2)).rejects.toMatchObject({
      code: "ASOF_PREDICT",
      message: expect.stringMatching(/1\.5 for row 1: a probability lies between/) as unknown,
    });
    const linear = await load(linearModel([1]), ["a"]);
    await expect(linear.predict({ a: doubles([null]) }, 1)).rejects.toMatchObject({
      message: expect.stringMatching(/NaN for row 0: a null is NaN to it/) as unknown,
    });
  });
});

test("the note of a file is read back, replaced, and changes nothing else of it", () => {
  const file = namedModel();
  expect(noteOf(file)).toBeNull();
  const first = withNote(file, { task: "regression", features: ["a"] });
  const second = withNote(first, { task: "classification", features: ["ä", "b"] });
  expect(noteOf(second)).toEqual({ task: "classification", features: ["ä", "b"] });
  expect(operatorsOf(second)).toEqual(new Set(["LabelEncoder", "Concat", "TreeEnsembleRegressor"]));
  expect(second.subarray(0, file.length)).toEqual(file);
});
