import { assert } from "../assert.ts";
import type { DataType, Fields, Kind } from "../schema/data-type.ts";
import { familyOf, type Expression, type ExpressionType, type LiteralExpression } from "./tree.ts";
import { constantOf } from "./literal.ts";
import { sqlIdentifier, sqlString } from "./sql-text.ts";
import { typeOf } from "./expression.ts";

export interface SqlOptions {
  /**
   * The SQL of a column, of the type named in `sqlTypes`; by default its quoted name. A table that stores a timestamp
   * as TIMESTAMP gives `epoch_us("at")` here.
   */
  readonly column?: (name: string, type: DataType) => string;
}

/** The DuckDB type that the SQL takes each kind of column to have. A timestamp is its microseconds. */
export const sqlTypes: Readonly<Record<Kind, string>> = {
  string: "VARCHAR",
  boolean: "BOOLEAN",
  int32: "INTEGER",
  int64: "BIGINT",
  float64: "DOUBLE",
  timestamp: "BIGINT",
};

/**
 * DuckDB SQL by which rows may be skipped before a boolean expression is evaluated on them, or null where none is
 * certain. Where the SQL is not true of a row, the expression is not true of it either, nor fails with ASOF_OVERFLOW.
 * Where no arithmetic of the expression leaves its range, the two are equal: true, false or null. The SQL itself never
 * fails.
 *
 * Only what SQL and JavaScript are sure to agree on is translated: and, or, not, comparison, is null, in, and add,
 * subtract and multiply of integers. Numbers that may be NaN are not: DuckDB orders NaN above infinity.
 * @throws AsofError ASOF_UNKNOWN_FIELD, ASOF_EXPRESSION
 */
export function toSql(expression: Expression, fields: Fields, options: SqlOptions = {}): string | null {
  if (typeOf(expression, fields).kind !== "boolean") return null;
  const guards: string[] = [];
  const column = options.column ?? sqlIdentifier;
  const sql = translate(expression, { fields, column, guards });
  if (sql === null) return null;
  // A row whose arithmetic leaves its range is kept: evaluating it will say so.
  return guards.length === 0 ? sql.text : `(${[sql.text, ...new Set(guards)].join(" OR ")})`;
}

interface Context {
  readonly fields: Fields;
  readonly column: (name: string, type: DataType) => string;
  /** Conditions, never null, that some arithmetic is out of range. */
  readonly guards: string[];
}

/** SQL text and, for integers, a bound on the bits of its magnitude. */
interface Sql {
  readonly text: string;
  readonly type: ExpressionType;
  readonly bits: number;
}

/** HUGEINT holds 127 bits beside the sign. */
const MAX_BITS = 126;

const signs: Readonly<Record<string, string>> = {
  eq: "=",
  ne: "<>",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  add: "+",
  subtract: "-",
  multiply: "*",
};

function translate(expression: Expression, context: Context): Sql | null {
  const type = typeOf(expression, context.fields);
  const bits = type.kind === "int32" ? 31 : 63;
  if (type.nonFinite) return null;
  if (expression.op === "column")
    return { text: context.column(expression.name, context.fields[expression.name]), type, bits };
  if (expression.op === "literal") {
    const text = literalSql(expression);
    return text === null ? null : { text, type, bits };
  }
  if (expression.op === "duration") return null;
  const args: Sql[] = [];
  for (const argument of expression.args) {
    const sql = translate(argument, context);
    if (sql === null) return null;
    args.push(sql);
  }
  const boolean = (text: string): Sql => ({ text, type, bits: 0 });
  const texts = args.map(({ text }) => text);
  switch (familyOf(expression.op)) {
    case "logic":
      return boolean(
        expression.op === "not" ? `(NOT ${texts[0]})` : `(${texts.join(expression.op === "and" ? " AND " : " OR ")})`,
      );
    case "nullness":
      return boolean(`(${texts[0]} IS NULL)`);
    case "comparison":
      return boolean(`(${meet(args).join(` ${signs[expression.op]} `)})`);
    case "membership": {
      const [of, ...list] = meet(args);
      // IN () is no SQL; what it would mean is false, or null for null.
      return boolean(list.length === 0 ? `(${of} <> ${of})` : `(${of} IN (${list.join(", ")}))`);
    }
    case "arithmetic":
      return arithmetic(expression.op, args, type, context);
    default:
      return null;
  }
}

/**
 * Arithmetic runs in HUGEINT, where it cannot fail, beside a guard that says when the checked arithmetic would have.
 */
function arithmetic(op: string, args: readonly Sql[], type: ExpressionType, { guards }: Context): Sql | null {
  if (!(op in signs) || (type.kind !== "int32" && type.kind !== "int64")) return null;
  const [a, b] = args;
  const bits = op === "multiply" ? a.bits + b.bits : Math.max(a.bits, b.bits) + 1;
  if (bits > MAX_BITS) return null;
  const text = `(CAST(${a.text} AS HUGEINT) ${signs[op]} CAST(${b.text} AS HUGEINT))`;
  const [low, high] =
    type.kind === "int32" ? ["-2147483648", "2147483647"] : ["-9223372036854775808", "9223372036854775807"];
  guards.push(`coalesce(${text} NOT BETWEEN CAST(${low} AS HUGEINT) AND CAST(${high} AS HUGEINT), false)`);
  return { text, type, bits };
}

/** Operands as one SQL type. Integers of any width compare exactly as they are; beside a double, int32 becomes one. */
function meet(args: readonly Sql[]): string[] {
  const withDouble = args.some(({ type }) => type.kind === "float64");
  return args.map(({ text, type }) => (withDouble && type.kind === "int32" ? `CAST(${text} AS DOUBLE)` : text));
}

function literalSql(expression: LiteralExpression): string | null {
  const value = constantOf(expression);
  if (expression.kind === "null" || expression.kind === "duration") return null;
  if (typeof value === "string") return sqlString(value);
  assert(value !== null, "only the literal null is null");
  return typeof value === "boolean" ? String(value) : `CAST('${value}' AS ${sqlTypes[expression.kind]})`;
}
