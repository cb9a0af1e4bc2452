import type { Fields, Row } from "../schema/data-type.ts";
import { durationUnits, type CallExpression, type Expression, type ExpressionKind } from "../expression/tree.ts";
import { typeOf } from "../expression/expression.ts";
import { exactUnits, UNITS } from "./exact.ts";

/** What the interpreter throws where an expression leaves the range of its kind. */
export class OutOfRange extends Error {}

type Known = string | boolean | number | bigint;
export type Result = Known | null;

/**
 * Evaluates an expression for one row: slow, node by node, integers as bigints, roundings by fractions, text as bytes.
 * It shares with the compiler the tree and the typing of it, and nothing else.
 */
export function interpret(expression: Expression, fields: Fields, row: Row): Result {
  if (expression.op === "column") return row[expression.name] ?? null;
  if (expression.op === "literal") {
    if (expression.kind === "int64") return BigInt(expression.value as string);
    return expression.kind === "float64" ? Number(expression.value) : expression.value;
  }
  const of = (argument: Expression): Result => interpret(argument, fields, row);
  const kindOf = (argument: Expression): ExpressionKind => typeOf(argument, fields).kind;
  const kind = kindOf(expression);
  if (expression.op === "duration") {
    const amount = of(expression.args[0]);
    const unit = durationUnits[expression.unit];
    if (amount === null) return null;
    return typeof amount === "bigint" ? ranged("duration", amount * BigInt(unit)) : wholeMicros(Number(amount) * unit);
  }
  const { op, args } = expression;
  switch (op) {
    case "and":
    case "or": {
      let result: Result = op === "and";
      for (const argument of args) {
        const value = of(argument);
        if (value === (op === "or")) return value;
        if (value === null) result = null;
      }
      return result;
    }
    case "isNull":
      return of(args[0]) === null;
    case "coalesce":
      for (const argument of args) {
        const value = of(argument);
        if (value !== null) return as(kind, value);
      }
      return null;
    case "if": {
      const value = of(args[of(args[0]) === true ? 1 : 2]);
      return value === null ? null : as(kind, value);
    }
    case "greatest":
    case "least": {
      const values = args
        .map(of)
        .filter((value) => value !== null)
        .map((value) => as(kind, value));
      values.sort((a, b) => (Object.is(a, b) ? 0 : Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : order(a, b)));
      return values.at(op === "greatest" ? -1 : 0) ?? null;
    }
    default: {
      const values = args.map(of);
      if (values.some((value) => value === null)) return null;
      return strict(op, values as Known[], args.map(kindOf), kind);
    }
  }
}

function strict(
  op: CallExpression["op"],
  values: readonly Known[],
  kinds: readonly ExpressionKind[],
  kind: ExpressionKind,
): Result {
  const [x, y] = values as [number | bigint, number | bigint];
  const isBig = kinds.includes("int64");
  const compared = isBig ? values.map((value) => (typeof value === "number" ? BigInt(value) : value)) : values;
  switch (op) {
    case "add":
    case "subtract":
      if (kind === "float64") return op === "add" ? Number(x) + Number(y) : Number(x) - Number(y);
      return ranged(kind, op === "add" ? BigInt(x) + BigInt(y) : BigInt(x) - BigInt(y));
    case "multiply":
      if (kind === "float64") return Number(x) * Number(y) + 0;
      return kind === "duration" ? wholeMicros(Number(x) * Number(y)) : ranged(kind, BigInt(x) * BigInt(y));
    case "divide": {
      if (Number(y) === 0) return null;
      return kind === "duration" ? wholeMicros(Number(x) / Number(y)) : Number(x) / Number(y) + 0;
    }
    case "modulo": {
      if (Number(y) === 0) return null;
      if (kind !== "float64") return ranged(kind, ((BigInt(x) % BigInt(y)) + BigInt(y)) % BigInt(y));
      const rest = Number(x) % Number(y);
      return rest !== 0 && Math.sign(rest) !== Math.sign(Number(y)) ? rest + Number(y) : rest + 0;
    }
    case "negate":
    case "abs":
      if (kind === "float64") return op === "abs" ? Math.abs(Number(x)) : 0 - Number(x);
      return ranged(kind, op === "abs" && BigInt(x) >= 0n ? BigInt(x) : -BigInt(x));
    case "floor":
    case "ceil":
      return typeof x === "bigint" ? x : Math[op](x) + 0;
    case "round":
      return typeof x === "bigint" || !Number.isFinite(x) ? x : Number(nearestInteger(...fraction(x)));
    case "sqrt":
      return Math.sqrt(Number(x));
    case "toFloat":
      return Number(x);
    case "toInt32":
    case "toInt64":
      if (!Number.isFinite(Number(x))) throw new OutOfRange();
      return ranged(kind, nearestInteger(...fraction(x)));
    case "eq":
    case "ne":
      return (compared[0] === compared[1]) === (op === "eq");
    case "lt":
    case "le":
    case "gt":
    case "ge":
      if (compared.some((value) => Number.isNaN(value))) return false;
      return { lt: [-1], le: [-1, 0], gt: [1], ge: [1, 0] }[op].includes(order(compared[0], compared[1]));
    case "in":
      return compared.slice(1).some((option) => option === compared[0]);
    case "not":
      return !values[0];
    case "year":
    case "month":
    case "dayOfMonth":
    case "weekday":
    case "hour":
    case "minute":
      return calendar(op, Number(x));
    case "lower":
      return String(values[0]).toLowerCase();
    case "upper":
      return String(values[0]).toUpperCase();
    case "concat":
      return values.join("");
    case "length":
      return Array.from(String(values[0])).length;
    case "startsWith":
      return Array.from(String(values[1])).every((point, i) => Array.from(String(values[0]))[i] === point);
    case "contains":
      return String(values[0]).split(String(values[1])).length > 1 || values[1] === "";
    default:
      throw new Error(`the interpreter knows no ${op}`);
  }
}

/** −1, 0 or 1, for values of one kind. */
function order(a: Known, b: Known): number {
  if (typeof a === "string") return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(String(b))));
  return a < b ? -1 : a > b ? 1 : 0;
}

function as(kind: ExpressionKind, value: Known): Known {
  return kind === "int64" && typeof value === "number" ? BigInt(value) : value;
}

function ranged(kind: ExpressionKind, value: bigint): number | bigint {
  const limit = kind === "int32" ? 2n ** 31n : kind === "int64" ? 2n ** 63n : 2n ** 53n;
  // Timestamps and durations are symmetric: ±(2^53 − 1).
  const least = kind === "int32" || kind === "int64" ? -limit : 1n - limit;
  if (value < least || value >= limit) throw new OutOfRange();
  return kind === "int64" ? value : Number(value);
}

/** A finite number as numerator and positive denominator. */
function fraction(x: number | bigint): [bigint, bigint] {
  return typeof x === "bigint" ? [x, 1n] : [exactUnits(x), 1n << UNITS];
}

function wholeMicros(micros: number): number | bigint {
  if (!Number.isFinite(micros)) throw new OutOfRange();
  return ranged("duration", nearestInteger(...fraction(micros)));
}

/** Halves to even; the denominator is positive. */
function nearestInteger(numerator: bigint, denominator: bigint): bigint {
  let below = numerator / denominator;
  if (below * denominator > numerator) below -= 1n;
  const twiceRest = 2n * (numerator - below * denominator);
  if (twiceRest === denominator) return below % 2n === 0n ? below : below + 1n;
  return twiceRest < denominator ? below : below + 1n;
}

function calendar(part: "year" | "month" | "dayOfMonth" | "weekday" | "hour" | "minute", at: number): number {
  const date = new Date(Number((BigInt(at) - (((BigInt(at) % 1000n) + 1000n) % 1000n)) / 1000n));
  const parts = {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    dayOfMonth: date.getUTCDate(),
    weekday: date.getUTCDay() === 0 ? 7 : date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
  return parts[part];
}
