import { expect, test } from "vitest";
import type { Column } from "../../core/schema/column.ts";
import type { LoadedModel } from "../../ports/trainer.ts";
import { permutationImportance } from "./permutation-importance.ts";

const numbers = (values: Float64Array): Column => ({ type: { kind: "float64", nullable: false }, values, valid: null });

/** A model that is a function of its columns, and knows nothing else. */
function modelOf(inputs: readonly string[], of: (row: Readonly<Record<string, number>>) => number): LoadedModel {
  return {
    inputs,
    predict: (features, rows) =>
      Float64Array.from({ length: rows }, (_, i) =>
        of(Object.fromEntries(inputs.map((name) => [name, features[name].values[i] as number]))),
      ),
    close() {},
  };
}

const rows = 6000;
const x = Float64Array.from({ length: rows }, (_, i) => ((i * 7919) % rows) / rows);
const z = Float64Array.from({ length: rows }, (_, i) => ((i * 104_729) % rows) / rows);
const features = { x: numbers(x), z: numbers(z) };

test("of a regression: what is not used matters exactly nothing, and what is decides by as much as it spreads", async () => {
  // Of y = x + 2z a shuffled x leaves the error of x − x′, whose mean square is 2 var x = 1/6; of z four times that.
  const label = x.map((value, i) => value + 2 * z[i]);
  const model = modelOf(["x", "z", "unused"], ({ x, z }) => x + 2 * z);
  const table = { rows, features: { ...features, unused: numbers(z) }, label };
  const found = (await permutationImportance(model, "regression", table))!;
  expect(found).toMatchObject({ metric: "rmse", value: 0, rows: 4000 });
  expect(found.features.map(({ feature }) => feature)).toEqual(["z", "x", "unused"]);
  const [ofZ, ofX, ofUnused] = found.features;
  for (const [{ worse, standardError }, truth] of [
    [ofX, Math.sqrt(1 / 6)],
    [ofZ, 2 * Math.sqrt(1 / 6)],
  ] as const)
    expect(Math.abs(worse - truth)).toBeLessThan(5 * standardError!);
  expect(ofUnused).toMatchObject({ worse: 0, standardError: 0 });
  // The table is as it was, and another time gives the same.
  expect(table.features.x.values).toBe(x);
  expect(await permutationImportance(model, "regression", table)).toEqual(found);
});

test("of a classification: without the only feature that tells, the AUC is that of chance", async () => {
  const label = x.map((value) => (value > 0.5 ? 1 : 0));
  const model = modelOf(["x", "z"], ({ x }) => x);
  const { value, features: found } = (await permutationImportance(model, "classification", { rows, features, label }))!;
  expect(value).toBe(1);
  expect(found[0].feature).toBe("x");
  expect(Math.abs(found[0].worse - 0.5)).toBeLessThan(5 * found[0].standardError!);
  expect(found[1]).toEqual({ feature: "z", worse: 0, standardError: 0 });
});

test("says nothing where the metric has no value, and stops when it is told to", async () => {
  const model = modelOf(["x"], ({ x }) => x);
  const table = { rows, features, label: new Float64Array(rows) };
  expect(await permutationImportance(model, "classification", table)).toBeNull();
  await expect(permutationImportance(model, "regression", table, AbortSignal.abort())).rejects.toMatchObject({
    code: "ASOF_INTERRUPTED",
  });
});
