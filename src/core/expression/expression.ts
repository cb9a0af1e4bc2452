import { AsofError } from "../errors.ts";
import type { DataType, Fields } from "../schema/data-type.ts";
import {
  durationUnits,
  familyOf,
  formatExpression,
  type Expression,
  type ExpressionType,
  type LiteralExpression,
} from "./tree.ts";
import { isNonZeroLiteral } from "./literal.ts";
import { familyType } from "./family-type.ts";

/**
 * The type of an expression over rows of these fields.
 * @throws AsofError ASOF_UNKNOWN_FIELD naming the column and the known ones; ASOF_EXPRESSION for operands that do not
 * fit
 */
export function typeOf(expression: Expression, fields: Fields): ExpressionType {
  const args = "args" in expression ? expression.args.map((argument) => typeOf(argument, fields)) : [];
  return nodeType(expression, args, fields);
}

/**
 * The type of an expression as a column of its own: one with a kind that columns have.
 * @throws AsofError as `typeOf`, and ASOF_EXPRESSION for a duration or a bare null
 */
export function dataTypeOf(expression: Expression, fields: Fields): DataType {
  const { kind, nullable, nonFinite } = typeOf(expression, fields);
  if (kind === "duration")
    throw invalid(
      expression,
      "a duration is no column type: divide it by a duration, as in inMinutes(…), or add it to a timestamp",
    );
  if (kind === "null") throw invalid(expression, "null alone has no type");
  return Object.freeze(nonFinite ? { kind, nullable, nonFinite } : { kind, nullable });
}

/** The type of one node, given those of its arguments. */
export function nodeType(expression: Expression, args: readonly ExpressionType[], fields: Fields): ExpressionType {
  if (expression.op === "column") return columnType(expression.name, fields);
  if (expression.op === "literal") return literalType(expression);
  const problem = (why: string): AsofError => invalid(expression, why);
  if (expression.op === "duration") {
    const [of] = args;
    if (!Object.hasOwn(durationUnits, expression.unit)) throw problem(`"${expression.unit}" is no unit of time`);
    if (of?.kind !== "int32" && of?.kind !== "int64" && of?.kind !== "float64")
      throw problem(`a duration is made of a number, not of ${of?.kind ?? "nothing"}`);
    return { kind: "duration", nullable: of.nullable };
  }
  const family = familyOf(expression.op);
  if (family === undefined) throw problem(`"${expression.op}" is not an operation this version knows`);
  if (family === "membership" && expression.args.slice(1).some((option) => option.op !== "literal"))
    throw problem("the options of `in` are constants");
  const divisor = expression.args[1];
  return familyType(family, expression.op, args, problem, {
    divisorIsNonZero: isNonZeroLiteral(divisor),
    divisorIsAtLeastOne: divisor?.op === "literal" && Math.abs(Number(divisor.value)) >= 1,
  });
}

function columnType(name: string, fields: Fields): ExpressionType {
  if (Object.hasOwn(fields, name)) return fields[name];
  const columns = Object.keys(fields);
  throw new AsofError(
    "ASOF_UNKNOWN_FIELD",
    `unknown column "${name}": the columns are ${columns.join(", ") || "none"}`,
    {
      column: name,
      columns,
    },
  );
}

function literalType({ kind, value }: LiteralExpression): ExpressionType {
  const nonFinite = kind === "float64" && typeof value === "string";
  return nonFinite ? { kind, nullable: false, nonFinite } : { kind, nullable: kind === "null" };
}

function invalid(expression: Expression, why: string): AsofError {
  const text = formatExpression(expression);
  return new AsofError("ASOF_EXPRESSION", `${text}: ${why}`, { expression: text });
}
