import { assert } from "../assert.ts";
import { durationUnits, type DurationUnit, type ExpressionKind } from "./tree.ts";

/** How one operation computes a row's value from values that are not null. */
export interface ScalarSource {
  /** The JavaScript text of the result. */
  readonly value: string;
  /** A condition under which the result is null instead. */
  readonly nullIf?: string;
  /** Whether the result may leave the range of its kind, which is then an error of the row. */
  readonly checked?: true;
}

/** The condition that a value of a kind is out of range; true for NaN where the kind has none. */
export function outOfRange(kind: ExpressionKind, value: string): string {
  switch (kind) {
    case "int32":
      return `!(${value} >= -2147483648 && ${value} <= 2147483647)`;
    case "int64":
      return `BigInt.asIntN(64, ${value}) !== ${value}`;
    default:
      assert(kind === "timestamp" || kind === "duration", `${kind} has no range to check`);
      return `!(${value} >= ${Number.MIN_SAFE_INTEGER} && ${value} <= ${Number.MAX_SAFE_INTEGER})`;
  }
}

/**
 * Arithmetic. `kinds` are those of the operands as given here: for numbers, both already widened to one kind.
 * int32, int64, timestamp and duration are checked; float64 follows IEEE 754 without −0 (hence `+ 0`).
 * Dividing by zero, and the remainder of it, is null.
 */
export function arithmeticSource(
  op: string,
  kinds: readonly ExpressionKind[],
  result: ExpressionKind,
  a: string,
  b: string,
): ScalarSource {
  const checked = result === "float64" ? {} : ({ checked: true } as const);
  const [left, right] = kinds;
  switch (op) {
    case "add":
      return { value: `${a} + ${b}`, ...checked };
    case "subtract":
      return { value: `${a} - ${b}`, ...checked };
    case "multiply":
      if (result === "duration") return { value: `roundHalfEven(${a} * ${b})`, checked: true };
      return { value: result === "int64" ? `${a} * ${b}` : `${a} * ${b} + 0`, ...checked };
    case "modulo":
      if (result === "int64") return { value: `moduloInt64(${a}, ${b})`, nullIf: `${b} === 0n` };
      return { value: `modulo(${a}, ${b})`, nullIf: `${b} === 0` };
    default:
      assert(op === "divide", `${op} is no arithmetic`);
      if (left === "int64") return { value: `Number(${a}) / Number(${b}) + 0`, nullIf: `${b} === 0n` };
      if (left === "duration" && right !== "duration")
        return { value: `roundHalfEven(${a} / ${b})`, nullIf: `${b} === 0`, checked: true };
      return { value: `${a} / ${b} + 0`, nullIf: `${b} === 0` };
  }
}

/** The operations of one number, besides `duration`. */
export function numberSource(op: string, kind: ExpressionKind, a: string): ScalarSource {
  const isInteger = kind === "int32" || kind === "int64";
  switch (op) {
    case "negate":
      return { value: kind === "int64" ? `-${a}` : `0 - ${a}`, ...(isInteger ? { checked: true } : {}) };
    case "abs":
      if (kind === "int64") return { value: `${a} < 0n ? -${a} : ${a}`, checked: true };
      return { value: `Math.abs(${a})`, ...(isInteger ? { checked: true } : {}) };
    case "floor":
    case "ceil":
      return { value: isInteger ? a : `Math.${op}(${a}) + 0` };
    case "round":
      return { value: isInteger ? a : `roundHalfEven(${a})` };
    case "sqrt":
      return { value: `Math.sqrt(${a})` };
    case "toFloat":
      return { value: kind === "int64" ? `Number(${a})` : a };
    case "toInt32":
      if (kind === "int32") return { value: a };
      return { value: kind === "int64" ? `Number(${a})` : `roundHalfEven(${a})`, checked: true };
    default:
      assert(op === "toInt64", `${op} is no operation of a number`);
      if (kind === "int64") return { value: a };
      return kind === "int32" ? { value: `BigInt(${a})` } : { value: `roundToInt64(${a})`, checked: true };
  }
}

export function durationSource(unit: DurationUnit, kind: ExpressionKind, a: string): ScalarSource {
  const micros = durationUnits[unit];
  // A bigint product may lose digits in Number(), but only beyond the range that is checked.
  if (kind === "int64") return { value: `Number(${a} * ${micros}n)`, checked: true };
  return { value: kind === "int32" ? `${a} * ${micros}` : `roundHalfEven(${a} * ${micros})`, checked: true };
}

const signs: Readonly<Record<string, string>> = { eq: "===", ne: "!==", lt: "<", le: "<=", gt: ">", ge: ">=" };

/**
 * Comparison: strings by UTF-8 bytes; numbers as in IEEE 754, so that NaN is neither equal to, below nor above
 * anything.
 */
export function comparisonSource(op: string, kind: ExpressionKind, a: string, b: string): ScalarSource {
  const byBytes = kind === "string" && op !== "eq" && op !== "ne";
  return { value: byBytes ? `compareStrings(${a}, ${b}) ${signs[op]} 0` : `${a} ${signs[op]} ${b}` };
}

/** The operations of text. `lower` and `upper` follow Unicode, not a locale. */
export function textSource(op: string, args: readonly string[]): ScalarSource {
  switch (op) {
    case "lower":
      return { value: `${args[0]}.toLowerCase()` };
    case "upper":
      return { value: `${args[0]}.toUpperCase()` };
    case "concat":
      return { value: args.join(" + ") };
    case "length":
      return { value: `codePoints(${args[0]})` };
    case "startsWith":
      return { value: `${args[0]}.startsWith(${args[1]})` };
    default:
      assert(op === "contains", `${op} is no operation of text`);
      return { value: `${args[0]}.includes(${args[1]})` };
  }
}
