import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  closedCondition,
  expressionFields as fields,
  expressionRow,
} from "../../../test/oracle/expression-arbitrary.ts";
import { AsofError } from "../errors.ts";
import { type DataType, type Row, t, type Value } from "../schema/data-type.ts";
import { compileRow } from "./compile.ts";
import { col, lit, type Expr } from "./expr.ts";
import { not } from "./expr-functions.ts";
import { typeOf } from "./expression.ts";
import { columnsOf, type Expression } from "./tree.ts";
import { sqlTypes, toSql } from "./sql.ts";
import { sqlIdentifier, sqlString } from "./sql-text.ts";

let duckdb: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  duckdb = await DuckDBInstance.create(":memory:", { threads: "1" });
  connection = await duckdb.connect();
});

afterAll(() => {
  connection.closeSync();
  duckdb.closeSync();
});

/** A value as SQL, without a word of the code under test: strings and doubles by their bytes. */
function valueSql(value: Value, type: DataType): string {
  const sqlType = sqlTypes[type.kind];
  if (value === null) return `CAST(NULL AS ${sqlType})`;
  if (typeof value === "string") return `decode(from_hex('${Buffer.from(value).toString("hex")}'))`;
  return `CAST('${value}' AS ${sqlType})`;
}

async function inDuckDb(rows: readonly Row[], sql: string): Promise<unknown[]> {
  const names = Object.keys(fields);
  const values = rows.map((row, i) => `(${i}, ${names.map((name) => valueSql(row[name], fields[name])).join(", ")})`);
  const columns = ["i", ...names].map((name) => `"${name.replaceAll('"', '""')}"`);
  const statement = `SELECT ${sql} FROM (VALUES ${values.join(", ")}) AS rows(${columns.join(", ")}) ORDER BY i`;
  const result = await connection.runAndReadAll(statement);
  return result.getRows().map(([value]) => value);
}

const OVERFLOW = "overflow";

function inJavaScript(expression: Expression, row: Row): Value {
  try {
    return compileRow(expression, fields)(row);
  } catch (error) {
    if (error instanceof AsofError && error.code === "ASOF_OVERFLOW") return OVERFLOW;
    throw error;
  }
}

/** Whether any arithmetic in the tree overflows, evaluated or not. */
function overflows(expression: Expression, row: Row): boolean {
  if (expression.op === "column" || expression.op === "literal") return false;
  return inJavaScript(expression, row) === OVERFLOW || expression.args.some((argument) => overflows(argument, row));
}

describe("the SQL of a condition", () => {
  it("is what the compiled condition is; a row that overflows is kept", async () => {
    let translated = 0;
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(
        closedCondition(),
        fc.array(expressionRow, { minLength: 1, maxLength: 6 }),
        async (expression, rows) => {
          const sql = toSql(expression, fields);
          if (sql === null) {
            // Of the closed list, only numbers that may be NaN and products of too many factors have no SQL.
            expect(columnsOf(expression).includes("wild") || JSON.stringify(expression).includes("multiply")).toBe(
              true,
            );
            return;
          }
          translated++;
          const answers = await inDuckDb(rows, sql);
          for (const [i, row] of rows.entries()) {
            const value = inJavaScript(expression, row);
            if (value === OVERFLOW) expect(answers[i]).toBe(true);
            else if (overflows(expression, row)) expect(answers[i] === true || answers[i] === value).toBe(true);
            else expect(answers[i]).toBe(value);
            if (value === OVERFLOW) kept++;
          }
        },
      ),
      { numRuns: 250 },
    );
    expect(translated).toBeGreaterThan(100);
    expect(kept).toBeGreaterThan(3);
  });

  it("compares integers with doubles exactly", async () => {
    const values = { int32: 2 ** 24 + 1, float64: 2 ** 24 };
    const base = Object.fromEntries(Object.keys(fields).map((name) => [name, null]));
    const answers = await inDuckDb([{ ...base, ...values }], sqlOf(col("int32").gt(col("float64")))!);
    expect(answers).toEqual([true]);
  });

  const sqlOf = (built: Expr<never, unknown>): string | null => toSql(built.expression, fields);

  it("is null for what is not certain to agree", () => {
    expect(sqlOf(col("float64").plus(1).gt(2))).toBeNull();
    expect(sqlOf(col("wild").gt(2))).toBeNull();
    expect(sqlOf(col("string").lower().eq("a"))).toBeNull();
    expect(sqlOf(col("int32").div(2).gt(1))).toBeNull();
    expect(sqlOf(col("int32").plus(1))).toBeNull();
    expect(sqlOf(col("timestamp").plus("1h").gt(col("timestamp")))).toBeNull();
    const int64 = lit(2n);
    const many = int64.times(col("int64")).times(col("int64")).times(col("int64"));
    expect(sqlOf(int64.times(col("int64")).gt(0n))).not.toBeNull();
    expect(sqlOf(many.gt(0n))).toBeNull();
  });

  it("reads as a person would write it, so that engines can prune by it", () => {
    expect(
      sqlOf(
        col("string")
          .eq("O'Hare")
          .and(not(col("int32").isNull())),
      ),
    ).toBe(`(("string" = 'O''Hare') AND (NOT ("int32" IS NULL)))`);
    expect(sqlOf(col("int32").gt(15))).toBe(`("int32" > CAST('15' AS INTEGER))`);
    expect(sqlOf(lit(true))).toBe("true");
  });

  it("takes columns as a table stores them", () => {
    const column = (name: string, { kind }: DataType): string =>
      kind === "timestamp" ? `epoch_us("${name}")` : `"${name}"`;
    const { expression } = col("timestamp").ge(col("timestamp")).or(col("boolean"));
    expect(toSql(expression, fields, { column })).toBe(
      `((epoch_us("timestamp") >= epoch_us("timestamp")) OR "boolean")`,
    );
  });

  it("is never made of an expression that does not fit its fields", () => {
    expect(() => sqlOf(col("nowhere").gt(1))).toThrow(expect.objectContaining({ code: "ASOF_UNKNOWN_FIELD" }));
    expect(() => typeOf(col("string").gt(1).expression, { string: t.string() })).toThrow(
      expect.objectContaining({ code: "ASOF_EXPRESSION" }),
    );
  });
});

describe("SQL text", () => {
  it("quotes any name and any string", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom("'", '"', "\0", "\\", "a", ";", "-", "\n", "\u{1F600}", "$") }),
        async (text) => {
          const result = await connection.runAndReadAll(`SELECT ${sqlString(text)}`);
          expect(result.getRows()).toEqual([[text]]);
          if (text === "" || text.includes("\0")) return;
          const named = await connection.runAndReadAll(`SELECT 1 AS ${sqlIdentifier(text)}`);
          expect(named.columnNames()).toEqual([text]);
        },
      ),
      { numRuns: 100 },
    );
  });
});
