import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expressionFields as fields,
  expressionOfKind,
  expressionRow,
} from "../../../test/oracle/expression-arbitrary.ts";
import { interpret, OutOfRange } from "../../../test/oracle/expression-interpreter.ts";
import { AsofError } from "../errors.ts";
import type { Batch, Column } from "../schema/column.ts";
import { type DataType, type Fields, type Row, t, type Value } from "../schema/data-type.ts";
import { compileColumns, compileRow } from "./compile.ts";
import { col, lit } from "./expr.ts";
import { coalesce, greatest, microseconds, minutes, when } from "./expr-functions.ts";
import { typeOf } from "./expression.ts";
import type { Expression } from "./tree.ts";

const nan = new Float64Array([Number.NaN]);

/** Rows as columns; what stands where a row is null is deliberately wrong. */
function batchOf(rows: readonly Row[], fields: Fields): Batch {
  const column = (name: string, type: DataType): Column => {
    const values = rows.map((row) => row[name]);
    const valid = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 0 : 1)) : null;
    if (type.kind === "string") return { type, values: values.map((value) => value ?? undefined) as string[], valid };
    if (type.kind === "int64")
      return { type, values: BigInt64Array.from(values, (value) => (value as bigint) ?? 7n), valid };
    return { type, values: Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value))), valid };
  };
  return {
    rows: rows.length,
    columns: Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, column(name, type)])),
  };
}

function valueAt({ type, values, valid }: Column, row: number): Value {
  if (valid !== null && valid[row] === 0) return null;
  return type.kind === "boolean" ? values[row] === 1 : values[row];
}

function bitsOf(column: Column): string {
  return Array.isArray(column.values) ? "" : Buffer.from(column.values.buffer).toString("hex");
}

type Outcome = { readonly value: Value } | { readonly overflow: true };

function outcome(evaluate: () => Value): Outcome {
  try {
    return { value: evaluate() };
  } catch (error) {
    if (error instanceof OutOfRange || (error instanceof AsofError && error.code === "ASOF_OVERFLOW"))
      return { overflow: true };
    throw error;
  }
}

function checkEverywhere(expression: Expression, rows: readonly Row[]): void {
  const expected = rows.map((row) => outcome(() => interpret(expression, fields, row)));
  const evaluate = compileRow(expression, fields);
  expect(rows.map((row) => outcome(() => evaluate(row)))).toStrictEqual(expected);

  const compiled = compileColumns(expression, fields);
  const failing = expected.findIndex((result) => "overflow" in result);
  if (failing >= 0) {
    expect(() => compiled(batchOf(rows, fields))).toThrow(
      expect.objectContaining({ code: "ASOF_OVERFLOW", details: expect.objectContaining({ row: failing }) }),
    );
  }
  const sound = rows.filter((_, i) => "value" in expected[i]);
  const column = compiled(batchOf(sound, fields));
  expect(sound.map((_, i) => valueAt(column, i))).toStrictEqual(sound.map((row) => evaluate(row)));
  expect(column.valid === null).toBe(!sound.some((row) => evaluate(row) === null));
  const { nullable, nonFinite } = typeOf(expression, fields);
  for (const row of sound) {
    const value = evaluate(row);
    if (!nullable) expect(value).not.toBeNull();
    if (typeof value === "number" && !nonFinite) expect(value).toSatisfy(Number.isFinite);
  }
  // Bit for bit: the same row alone, in a batch without its neighbours' nulls, gives the same bits.
  for (const [i, row] of sound.entries()) {
    const alone = compiled(batchOf([row], fields));
    if (column.values instanceof Float64Array)
      expect(bitsOf(alone)).toBe(Buffer.from(column.values.slice(i, i + 1).buffer).toString("hex"));
  }
  if (column.values instanceof Float64Array)
    for (const value of column.values) {
      expect(Object.is(value, -0)).toBe(false);
      if (Number.isNaN(value))
        expect(Buffer.from(Float64Array.of(value).buffer).equals(Buffer.from(nan.buffer))).toBe(true);
    }
}

describe("a compiled expression", () => {
  it.each(["boolean", "int32", "int64", "float64", "string", "timestamp"] as const)(
    "of kind %s equals its interpretation, in a row and in bulk",
    (kind) => {
      fc.assert(
        fc.property(expressionOfKind(kind), fc.array(expressionRow, { minLength: 1, maxLength: 8 }), checkEverywhere),
        {
          numRuns: 150,
        },
      );
    },
  );

  const row = (expression: { readonly expression: Expression }, values: Row, of: Fields = fields): Value =>
    compileRow(expression.expression, of)(values);

  it("knows three truth values", () => {
    const flags = { a: t.nullable(t.boolean()), b: t.nullable(t.boolean()) };
    const table = [true, false, null].flatMap((a) => [true, false, null].map((b) => ({ a, b })));
    expect(table.map((values) => row(col("a").and(col("b")), values, flags))).toEqual([
      // b: true, false, null
      true,
      false,
      null,
      false,
      false,
      false,
      null,
      false,
      null,
    ]);
    expect(table.map((values) => row(col("a").or(col("b")), values, flags))).toEqual([
      true,
      true,
      true,
      true,
      false,
      null,
      true,
      null,
      null,
    ]);
  });

  it("divides by zero to null, and takes remainders as in mathematics", () => {
    expect(row(col("int32").div(0), { int32: 1 })).toBeNull();
    expect(row(col("float64").div(col("float64")), { float64: 0 })).toBeNull();
    expect(row(col("int32").mod(3), { int32: -7 })).toBe(2);
    expect(row(col("int32").mod(-3), { int32: 7 })).toBe(-2);
    expect(row(col("int32").mod(0), { int32: 7 })).toBeNull();
  });

  it("does not evaluate what is not needed", () => {
    const overflowing = col("int32").times(col("int32")).gt(0);
    const far = { int32: 2 ** 31 - 1 };
    expect(() => row(overflowing, far)).toThrow(
      expect.objectContaining({ code: "ASOF_OVERFLOW", details: { operation: "multiply", kind: "int32" } }),
    );
    expect(row(col("int32").lt(0).and(overflowing), far)).toBe(false);
    expect(row(col("int32").gt(0).or(overflowing), far)).toBe(true);
    expect(row(when(col("int32").lt(9), overflowing, lit(false)), far)).toBe(false);
    expect(row(coalesce(lit(true), overflowing), far)).toBe(true);
  });

  it("rounds durations half to even", () => {
    const micros = (value: number, unit = microseconds): Value =>
      row(col("timestamp").plus(unit(col("float64"))), { timestamp: 0, float64: value });
    expect([0.5, 1.5, 2.5, -0.5, -1.5].map((value) => micros(value))).toEqual([0, 2, 2, 0, -2]);
    expect(micros(0.1, minutes)).toBe(6_000_000);
    expect(() => micros(1e300)).toThrow("out of the range of duration");
    expect(() => micros(Number.NaN)).toThrow("out of the range of duration");
  });

  it("orders strings by UTF-8 bytes", () => {
    const [low, high] = ["\uFFFF", "\u{10000}"];
    expect(low < high).toBe(false);
    expect(row(col("string").lt(high), { string: low })).toBe(true);
    expect(row(greatest(col("string"), low), { string: high })).toBe(high);
  });

  it("finds NaN in no list, short or long", () => {
    const list = [Number.NaN, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    for (const options of [list.slice(0, 2), list]) {
      expect(row(col("wild").oneOf(options), { wild: Number.NaN })).toBe(false);
      expect(row(col("wild").oneOf(options), { wild: 1 })).toBe(true);
    }
  });

  it("takes names and constants as data, never as code", () => {
    const name = '"]; throw new Error("name"); //\u2028${`';
    const odd = { [name]: t.string() };
    expect(row(col(name).eq(name), { [name]: name }, odd)).toBe(true);
    const column = compileColumns(col(name).eq('");throw 1;//').expression, odd)(batchOf([{ [name]: name }], odd));
    expect([...column.values]).toEqual([0]);
  });

  it("takes batches whose arrays are longer than they are", () => {
    const values = Float64Array.of(1, 2, 2 ** 31 - 1);
    const batch = { rows: 2, columns: { x: { type: t.int32(), values, valid: null } } };
    expect(compileColumns(col("x").plus(1).expression, { x: t.int32() })(batch)).toEqual({
      type: { kind: "int32", nullable: false },
      values: Float64Array.of(2, 3),
      valid: null,
    });
  });
});
