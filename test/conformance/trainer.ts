import fc from "fast-check";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Column } from "../../src/core/schema/column.ts";
import { evaluate } from "../../src/core/metrics/metrics.ts";
import type { LoadedModel, ModelRuntime, Task, TrainedModel, Trainer, TrainingTable } from "../../src/ports/trainer.ts";
import { booleans, doubles, int32s, int64s, sequence, strings, timestamps } from "./training-columns.ts";

/** A trainer and the runtime of its models. What a trainer cannot do, its `tasks` and `deterministic` say. */
export interface TrainerUnderTest {
  readonly name: string;
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
}

const ROWS = 600;

/** Four features of every use: one that decides with gaps, a category, a flag, and noise. */
function features(seed: number, rows = ROWS): Record<string, Column> {
  const next = sequence(seed);
  const x = Array.from({ length: rows }, () => (next() < 0.2 ? null : next()));
  return {
    x: doubles(x),
    colour: strings(
      Array.from({ length: rows }, () => (["red", "green", "", "été 日本", null] as const)[Math.floor(next() * 5)]),
    ),
    flag: booleans(Array.from({ length: rows }, () => next() < 0.5)),
    noise: int32s(Array.from({ length: rows }, () => Math.floor(next() * 100))),
  };
}

function table(task: Task, label: (row: number, columns: Record<string, Column>) => number, seed = 1): TrainingTable {
  const columns = features(seed);
  return {
    rows: ROWS,
    features: columns,
    label: Float64Array.from({ length: ROWS }, (_, row) => label(row, columns)),
    task,
  };
}

const isNull = (column: Column, row: number): boolean => column.valid !== null && column.valid[row] === 0;

/** 1 where x is above a threshold or missing. */
const above =
  (threshold: number) =>
  (row: number, { x }: Record<string, Column>) =>
    isNull(x, row) || (x.values[row] as number) > threshold ? 1 : 0;

export function trainerConformance({ name, trainer, runtime }: TrainerUnderTest): void {
  const train = async (of: TrainingTable): Promise<LoadedModel> => runtime.load(await trainer.train(of, {}));

  describe(`trainer ${name}`, () => {
    describe.runIf(trainer.tasks.includes("classification"))("classification", () => {
      test.each([
        ["class 1 is rare", 0.9],
        ["class 1 is in the majority", 0.1],
        ["both are about as frequent", 0.4],
      ])("predicts the probability of class 1 where %s", async (_, threshold) => {
        const model = await train(table("classification", above(threshold)));
        const fresh = features(2);
        const labels = Float64Array.from({ length: ROWS }, (__, row) => above(threshold)(row, fresh));
        const found = evaluate("classification", await model.predict(fresh, ROWS), labels);
        expect(found).toHaveProperty("auc", expect.closeTo(1, 1));
        expect(found).toHaveProperty("accuracy", expect.closeTo(1, 1));
        model.close();
      });

      test("the probability stays that of class 1 at exactly equal frequencies", async () => {
        const model = await train(
          table("classification", (row, columns) => {
            (columns["x"].values as Float64Array)[row] = row % 2;
            return row % 2;
          }),
        );
        const [zero, one] = await model.predict({ ...features(2), x: doubles([0, 1]) }, 2);
        expect(zero).toBeLessThan(0.2);
        expect(one).toBeGreaterThan(0.8);
        model.close();
      });

      test("labels that are not 0 and 1, or all the same, are refused", async () => {
        await expect(
          trainer.train(
            table("classification", (row) => row % 3),
            {},
          ),
        ).rejects.toMatchObject({ code: "ASOF_TRAINING" });
        await expect(
          trainer.train(
            table("classification", () => 0),
            {},
          ),
        ).rejects.toMatchObject({ code: "ASOF_TRAINING" });
        await expect(
          trainer.train(
            table("classification", () => 1),
            {},
          ),
        ).rejects.toMatchObject({ code: "ASOF_TRAINING" });
      });
    });

    describe.runIf(trainer.tasks.includes("regression"))("regression", () => {
      /** Decided by the category; nulls and empty strings are values like any other. */
      const worth = (row: number, { colour }: Record<string, Column>): number =>
        isNull(colour, row)
          ? 500
          : { red: 100, green: 200, "": 300, "été 日本": 400 }[(colour.values as string[])[row]]!;

      test("predicts a value, and tells null, empty and other strings apart", async () => {
        const model = await train(table("regression", worth));
        const one = { ...features(2, 5), colour: strings(["red", "green", "", "été 日本", null]) };
        const found = await model.predict(one, 5);
        [100, 200, 300, 400, 500].forEach((value, row) => expect(Math.abs(found[row] - value)).toBeLessThan(30));
        model.close();
      });

      test("a missing number is missing in training and in prediction alike: neither 0 nor NaN", async () => {
        const cases = [0, null, 10] as const;
        const known = { 0: 0, null: 1000, 10: 500 };
        const x = doubles(Array.from({ length: ROWS }, (_, row) => cases[row % 3]));
        const label = Float64Array.from({ length: ROWS }, (_, row) => known[`${cases[row % 3]}`]);
        const model = await train({ rows: ROWS, features: { x }, label, task: "regression" });
        const [zero, missing, ten, nan] = await model.predict({ x: doubles([...cases, Number.NaN]) }, 4);
        expect(Math.abs(zero - known[0])).toBeLessThan(1);
        expect(Math.abs(missing - known.null)).toBeLessThan(1);
        expect(Math.abs(ten - known[10])).toBeLessThan(1);
        expect(nan).toBe(missing);
        model.close();
      });

      test("a constant label gives that constant", async () => {
        const model = await train(table("regression", () => 5));
        for (const value of await model.predict(features(2), ROWS)) expect(value).toBeCloseTo(5, 3);
        model.close();
      });

      test("a label that is no number is refused", async () => {
        await expect(
          trainer.train(
            table("regression", (row) => (row === 7 ? Number.NaN : row)),
            {},
          ),
        ).rejects.toMatchObject({
          code: "ASOF_TRAINING",
          details: { row: 7 },
        });
      });
    });

    const some = () => {
      const task = trainer.tasks[0];
      return table(task, above(0.5));
    };

    describe("training", () => {
      test.runIf(trainer.deterministic)(
        "the same table gives the same bytes, in whatever order its columns are named",
        async () => {
          const given = some();
          const turned = some();
          const [first, second] = await Promise.all([
            trainer.train(given, {}),
            trainer.train(
              { ...turned, features: Object.fromEntries(Object.entries(turned.features).toReversed()) },
              {},
            ),
          ]);
          expect(first.runtime).toBe(runtime.name);
          expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
          expect(given, "the table is left as it was").toEqual(some());
        },
      );

      test("columns of every numeric kind; without any value; with one; longer than the batch", async () => {
        const next = sequence(9);
        const columns = {
          int32: int32s(Array.from({ length: ROWS }, (_, row) => row % 7)),
          int64: int64s(Array.from({ length: ROWS }, (_, row) => (row % 5 === 0 ? null : BigInt(row) ** 5n))),
          float64: doubles(Array.from({ length: ROWS + 100 }, () => next())),
          boolean: booleans(Array.from({ length: ROWS }, (_, row) => (row % 3 === 0 ? null : row % 2 === 0))),
          empty: doubles(Array(ROWS).fill(null)),
          constant: int32s(Array(ROWS).fill(7)),
          unnamed: strings(Array(ROWS).fill(null)),
          single: strings(Array(ROWS).fill("only")),
          label: doubles(Array.from({ length: ROWS }, () => next())),
        };
        const label = Float64Array.from({ length: ROWS }, (_, row) =>
          (columns.float64.values[row] as number) > 0.5 ? 1 : 0,
        );
        const model = await train({ rows: ROWS, features: columns, label, task: trainer.tasks[0] });
        expect(Object.keys(columns)).toEqual(expect.arrayContaining([...model.inputs]));
        const found = await model.predict(columns, ROWS);
        expect(found.filter((value, row) => value > 0.5 === (label[row] === 1)).length).toBeGreaterThan(0.95 * ROWS);
        model.close();
      });

      test("features that tell nothing give a model all the same", async () => {
        const given = some();
        const model = await train({ ...given, features: { constant: int32s(Array(ROWS).fill(7)) } });
        const found = await model.predict({ constant: int32s([7, 8, null]) }, 3);
        expect(found).toHaveLength(3);
        expect(new Set(found).size).toBe(1);
        expect(Number.isFinite(found[0])).toBe(true);
        model.close();
      });

      test.each([2, 7])("%i rows suffice", async (rows) => {
        const model = await train({
          rows,
          features: { x: doubles(Array.from({ length: rows }, (_, row) => row)) },
          label: Float64Array.from({ length: rows }, (_, row) => row % 2),
          task: trainer.tasks[0],
        });
        expect(Number.isFinite((await model.predict({ x: doubles([0]) }, 1))[0])).toBe(true);
        model.close();
      });

      test("refuses what cannot be learnt from, by name", async () => {
        const given = some();
        const refused = (change: Partial<TrainingTable>, details: object) =>
          expect(trainer.train({ ...given, ...change }, {})).rejects.toMatchObject({ code: "ASOF_TRAINING", details });
        await refused({ rows: 0, features: features(1, 0), label: new Float64Array(0) }, {});
        await refused({ features: {} }, {});
        await refused({ features: { ...given.features, at: timestamps(Array(ROWS).fill(1)) } }, { column: "at" });
        const infinite = Array.from({ length: ROWS }, (_, row) => (row === 3 ? Infinity : row));
        await refused({ features: { ...given.features, ratio: doubles(infinite) } }, { column: "ratio", row: 3 });
        const beyond = Array.from({ length: ROWS }, (_, row) => (row === 4 ? 1e300 : row));
        await refused({ features: { ...given.features, ratio: doubles(beyond) } }, { column: "ratio", row: 4 });
      });

      test("stops when told, before and while it runs", async () => {
        const reason = new Error("enough");
        const before = AbortSignal.abort(reason);
        await expect(trainer.train(some(), { signal: before })).rejects.toMatchObject({
          code: "ASOF_INTERRUPTED",
          cause: reason,
        });

        const next = sequence(4);
        const rows = 50_000;
        const long: TrainingTable = {
          rows,
          features: Object.fromEntries(
            Array.from({ length: 20 }, (_, i) => [`f${i}`, doubles(Array.from({ length: rows }, () => next()))]),
          ),
          label: Float64Array.from({ length: rows }, () => (next() < 0.5 ? 1 : 0)),
          task: trainer.tasks[0],
        };
        const controller = new AbortController();
        const training = trainer.train(long, { signal: controller.signal });
        const settled = expect(training).rejects.toMatchObject({ code: "ASOF_INTERRUPTED", cause: reason });
        await new Promise((resolve) => setTimeout(resolve, 700));
        const asked = performance.now();
        controller.abort(reason);
        await settled;
        expect(performance.now() - asked).toBeLessThan(2000);
      });

      test("prints nothing and leaves no listener on the process", async () => {
        const events = ["uncaughtException", "unhandledRejection", "exit"] as const;
        const listeners = () => events.map((event) => process.listenerCount(event));
        const before = listeners();
        const printed: unknown[] = [];
        const spies = (["stdout", "stderr"] as const).map((stream) =>
          vi.spyOn(process[stream], "write").mockImplementation((chunk) => printed.push(chunk) > 0),
        );
        try {
          const model = await train(some());
          await model.predict(features(2), ROWS);
          model.close();
          await new Promise((resolve) => setTimeout(resolve, 50));
        } finally {
          for (const spy of spies) spy.mockRestore();
        }
        expect(printed).toEqual([]);
        expect(listeners()).toEqual(before);
      });
    });

    describe("prediction", () => {
      let trained: TrainedModel;
      beforeAll(async () => {
        trained = await trainer.train(some(), {});
      });

      test("a row's prediction does not depend on the rows around it, nor on the calls before", async () => {
        const model = await runtime.load(trained);
        const rows = 3000;
        const columns = features(5, rows);
        const all = await model.predict(columns, rows);
        await fc.assert(
          fc.asyncProperty(
            fc.integer({ min: 0, max: rows - 1 }),
            fc.integer({ min: 1, max: 40 }),
            async (from, count) => {
              const until = Math.min(rows, from + count);
              const part = Object.fromEntries(
                Object.entries(columns).map(([key, column]) => [key, slice(column, from, until)]),
              );
              expect(await model.predict(part, until - from)).toEqual(all.slice(from, until));
            },
          ),
          { numRuns: 50 },
        );
        expect(await model.predict(columns, 0)).toHaveLength(0);
        model.close();
      });

      test("numbers pass through float32", async () => {
        const model = await runtime.load(trained);
        const columns = features(6);
        const rounded = {
          ...columns,
          x: { ...columns["x"], values: (columns["x"].values as Float64Array).map(Math.fround) },
        };
        expect(await model.predict(columns, ROWS)).toEqual(await model.predict(rounded, ROWS));
        model.close();
      });

      test("two models loaded from the same bytes predict the same, and one outlives the other", async () => {
        const [first, second] = await Promise.all([runtime.load(trained), runtime.load(trained)]);
        const found = await first.predict(features(7), ROWS);
        first.close();
        first.close();
        expect(await second.predict(features(7), ROWS)).toEqual(found);
        second.close();
      });

      test("values never seen, infinite or beyond float32 are predicted too", async () => {
        const model = await runtime.load(trained);
        const found = await model.predict(
          {
            x: doubles([Infinity, -Infinity, 1e300, -1e300]),
            colour: strings(["never", "seen", "\0", "␀null"]),
            flag: booleans([null, true, false, null]),
            noise: int32s([null, 2 ** 31 - 1, -(2 ** 31), 0]),
          },
          4,
        );
        for (const value of found) expect(Number.isFinite(value)).toBe(true);
        expect(found[0]).toBeGreaterThan(found[1]);
        expect(found[2]).toBeGreaterThan(found[3]);
        model.close();
      });

      test("an input that is missing or of the wrong kind is named", async () => {
        const given = some();
        const model = await train({
          ...given,
          features: { x: given.features["x"], colour: given.features["colour"] },
          label: Float64Array.from(
            { length: ROWS },
            (_, row) =>
              above(0.6)(row, given.features) ^ ((given.features["colour"].values as string[])[row] === "red" ? 1 : 0),
          ),
        });
        expect(new Set(model.inputs)).toEqual(new Set(["x", "colour"]));
        const right = { x: doubles([0.5]), colour: strings(["red"]) };
        const refused = (change: object, column: string) => {
          const columns = { ...right, ...change };
          expect(() => model.predict(columns as Record<string, Column>, 1)).toThrowError(
            expect.objectContaining({ code: "ASOF_PREDICT", details: expect.objectContaining({ column }) }),
          );
        };
        refused({ x: undefined }, "x");
        refused({ colour: undefined }, "colour");
        refused({ x: strings(["0.5"]) }, "x");
        refused({ x: timestamps([1]) }, "x");
        refused({ colour: doubles([1]) }, "colour");
        expect(await model.predict(right, 1)).toHaveLength(1);
        expect(await model.predict({ ...right, x: int32s([1]) }, 1)).toHaveLength(1);
        model.close();
      });

      test("bytes that are no model are refused", async () => {
        const refused = (bytes: Uint8Array, of = trained.runtime) =>
          expect(runtime.load({ runtime: of, bytes })).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
        await refused(new Uint8Array(0));
        await refused(Buffer.from("this is no model"));
        await refused(trained.bytes, "another");
        await refused(trained.bytes.subarray(0, trained.bytes.length >> 1));
        for (const share of [0.1, 0.5, 0.8]) {
          const damaged = trained.bytes.slice();
          const at = Math.floor(damaged.length * share);
          for (let i = at; i < at + 8; i++) damaged[i] ^= 0x5a;
          await refused(damaged);
        }
        const model = await runtime.load(trained);
        expect(await model.predict(features(2), ROWS)).toHaveLength(ROWS);
        model.close();
      });
    });
  });
}

function slice({ type, values, valid }: Column, from: number, until: number): Column {
  return {
    type,
    values: values.slice(from, until),
    valid: valid === null ? null : valid.slice(from, until),
  };
}
