import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "./metrics.ts";

const of = (...values: readonly number[]) => Float64Array.from(values);

/** A permutation of rows, applied to both arrays. */
const shuffled = <T>(rows: readonly T[]) => fc.shuffledSubarray([...rows], { minLength: rows.length });

describe("classification", () => {
  const rows = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1)), {
    minLength: 1,
    maxLength: 60,
  });
  const measure = (some: readonly (readonly [number, number])[]) =>
    evaluate(
      "classification",
      Float64Array.from(some, ([p]) => p),
      Float64Array.from(some, ([, label]) => label),
    );

  test("known values", () => {
    const found = evaluate("classification", of(0.1, 0.4, 0.35, 0.8), of(0, 0, 1, 1));
    const logLoss = -(Math.log(0.9) + Math.log(0.6) + Math.log(0.35) + Math.log(0.8)) / 4;
    expect(found).toMatchObject({ task: "classification", rows: 4, baseRate: 0.5, auc: 0.75, accuracy: 0.75 });
    expect(found).toHaveProperty("logLoss", expect.closeTo(logLoss, 14));
    expect(found).toHaveProperty("calibrationError", expect.closeTo((0.1 + 0.4 + 0.65 + 0.2) / 4, 14));
  });

  test("a probability of a half counts as class 1", () => {
    expect(evaluate("classification", of(0.5, 0.5, 0.5), of(1, 1, 0))).toHaveProperty("accuracy", 2 / 3);
  });

  test("a certain error is clipped, a certain hit costs nothing", () => {
    const one = (p: number, label: number) => evaluate("classification", of(p), of(label));
    expect(one(0, 1)).toHaveProperty("logLoss", expect.closeTo(34.5388, 4));
    expect(one(1, 0)).toHaveProperty("logLoss", expect.closeTo(34.5396, 2));
    expect(one(1, 1)).toHaveProperty("logLoss", expect.closeTo(0, 14));
  });

  test("the order of rows is immaterial to the last bit, and JSON carries every metric", () => {
    fc.assert(
      fc.property(
        rows.chain((some) => fc.tuple(fc.constant(some), shuffled(some))),
        ([some, other]) => {
          const found = measure(some);
          expect(measure(other)).toEqual(found);
          expect(JSON.parse(JSON.stringify(found))).toEqual(found);
        },
      ),
    );
  });

  test("what is no probability or no label is our fault", () => {
    expect(() => evaluate("classification", of(0.5, Number.NaN), of(0, 1))).toThrow("internal error");
    expect(() => evaluate("classification", of(0.5, 1.5), of(0, 1))).toThrow("internal error");
    expect(() => evaluate("classification", of(0.5, 0.5), of(0, 2))).toThrow("internal error");
    expect(() => evaluate("classification", of(0.5), of(0, 1))).toThrow("internal error");
    expect(() => evaluate("classification", of(), of())).toThrow("internal error");
  });
});

describe("regression", () => {
  const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const rows = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 60 });
  const measure = (some: readonly (readonly [number, number])[]) =>
    evaluate(
      "regression",
      Float64Array.from(some, ([p]) => p),
      Float64Array.from(some, ([, label]) => label),
    );

  test("known values", () => {
    // Residuals 0.5, −0.5, 0, −1: squares sum to 1.5; the labels' squared deviations from 2.875 to 29.1875.
    const found = evaluate("regression", of(2.5, 0, 2, 8), of(3, -0.5, 2, 7));
    expect(found).toMatchObject({ task: "regression", rows: 4, mae: 0.5 });
    expect(found).toHaveProperty("rmse", expect.closeTo(Math.sqrt(1.5 / 4), 14));
    expect(found).toHaveProperty("r2", expect.closeTo(1 - 1.5 / 29.1875, 14));
  });

  test("perfect, mean and constant", () => {
    expect(evaluate("regression", of(1, 2, 3), of(1, 2, 3))).toEqual({
      task: "regression",
      rows: 3,
      rmse: 0,
      mae: 0,
      r2: 1,
    });
    expect(evaluate("regression", of(2, 2, 2), of(1, 2, 3))).toHaveProperty("r2", expect.closeTo(0, 14));
    expect(evaluate("regression", of(1, 2, 3), of(0.1, 0.1, 0.1))).toHaveProperty("r2", null);
  });

  test("large residuals do not overflow", () => {
    expect(evaluate("regression", of(0, 0), of(1e200, -1e200))).toEqual({
      task: "regression",
      rows: 2,
      rmse: 1e200,
      mae: 1e200,
      r2: 0,
    });
  });

  test("the order of rows is immaterial to the last bit, and JSON carries every metric", () => {
    fc.assert(
      fc.property(
        rows.chain((some) => fc.tuple(fc.constant(some), shuffled(some))),
        ([some, other]) => {
          const found = measure(some);
          expect(measure(other)).toEqual(found);
          expect(JSON.parse(JSON.stringify(found))).toEqual(found);
        },
      ),
    );
  });

  test("what is no number is our fault", () => {
    expect(() => evaluate("regression", of(Number.NaN), of(0))).toThrow("internal error");
    expect(() => evaluate("regression", of(0), of(Infinity))).toThrow("internal error");
  });
});
