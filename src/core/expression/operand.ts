import { assert } from "../assert.ts";
import type { ExpressionKind } from "./tree.ts";
import type { Constant } from "./literal.ts";

/**
 * A computed value in generated code. Both texts are variables or constants: cheap to repeat and free of effects.
 * `isNull` is null where the value cannot be null; where it is true, `value` is unspecified but of the right
 * JavaScript type unless it was read from a column.
 */
export interface Operand {
  readonly kind: ExpressionKind;
  readonly value: string;
  readonly isNull: string | null;
}

/** A constant as JavaScript source. Strings go through JSON, which is a subset of JavaScript. */
export function constantSource(value: Constant): string {
  if (typeof value === "bigint") return `(${value}n)`;
  return typeof value === "number" ? `(${value})` : JSON.stringify(value);
}

/** Some value of a kind, for a variable whose value does not matter yet. */
export function zeroSource(kind: ExpressionKind): string {
  if (kind === "string") return '""';
  if (kind === "boolean") return "false";
  return kind === "int64" ? "0n" : "0";
}

/** The text of a value widened to a kind that `unify` gave. */
export function widen(operand: Operand, kind: ExpressionKind): string {
  if (operand.kind === kind) return operand.value;
  if (operand.kind === "null") return zeroSource(kind);
  assert(
    operand.kind === "int32" && (kind === "int64" || kind === "float64"),
    `${operand.kind} does not widen to ${kind}`,
  );
  return kind === "int64" ? `BigInt(${operand.value})` : operand.value;
}
