import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";
import { parseDuration } from "../time/duration.ts";
import { parseTimestamp, type TimestampInput } from "../time/timestamp.ts";
import type { Expression, ExpressionKind, LiteralExpression } from "./tree.ts";

/** The JavaScript value of a constant, as the compiler works with it. */
export type Constant = string | number | bigint | boolean | null;

const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

/**
 * A constant as an expression. A whole number within int32 is int32, any other number float64, a bigint int64.
 * @throws AsofError ASOF_STRING for lone surrogates, ASOF_OVERFLOW for a bigint beyond 64 bits
 */
export function literalOf(value: Constant): LiteralExpression {
  if (value === null) return literal("null", null);
  if (typeof value === "boolean") return literal("boolean", value);
  if (typeof value === "string") {
    if (!value.isWellFormed())
      throw new AsofError("ASOF_STRING", "a constant string has lone surrogates", { value: value.toWellFormed() });
    return literal("string", value);
  }
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) !== value)
      throw new AsofError("ASOF_OVERFLOW", `the constant ${value} does not fit int64`, { value: String(value) });
    return literal("int64", String(value));
  }
  if (Number.isInteger(value) && value >= MIN_INT32 && value <= MAX_INT32) return literal("int32", value + 0);
  return literal("float64", Number.isFinite(value) ? value : String(value));
}

/** @throws AsofError ASOF_TIMESTAMP */
export function timestampLiteral(at: TimestampInput): LiteralExpression {
  return literal("timestamp", parseTimestamp(at));
}

/** @throws AsofError ASOF_WINDOW for text that is no duration */
export function durationLiteral(text: string): LiteralExpression {
  return literal("duration", parseDuration(text));
}

/** What a literal stands for. */
export function constantOf(expression: LiteralExpression): Constant {
  if (expression.kind === "int64") return BigInt(expression.value as string);
  return expression.kind === "float64" ? Number(expression.value) : expression.value;
}

/** Whether dividing by this expression can never divide by zero. */
export function isNonZeroLiteral(expression: Expression | undefined): boolean {
  return expression?.op === "literal" && Number(expression.value) !== 0;
}

function literal(kind: ExpressionKind, value: string | number | boolean | null): LiteralExpression {
  assert(typeof value !== "number" || Number.isFinite(value), "a literal holds finite JSON numbers only");
  return Object.freeze({ op: "literal", kind, value });
}
