import type { ExpressionKind, ExpressionType, Family } from "./tree.ts";

type Problem = (why: string) => Error;

/** What is known of a divisor before any row is seen. */
interface Divisor {
  readonly divisorIsNonZero: boolean;
  readonly divisorIsAtLeastOne: boolean;
}

const counts: Readonly<Partial<Record<Family, number>>> = {
  arithmetic: 2,
  sign: 1,
  rounding: 1,
  root: 1,
  conversion: 1,
  comparison: 2,
  nullness: 1,
  condition: 3,
  calendar: 1,
  measure: 1,
  search: 2,
};

/**
 * The type an operation gives for operands of these types; throws what `problem` makes of the reason if they do not
 * fit.
 */
export function familyType(
  family: Family,
  op: string,
  args: readonly ExpressionType[],
  problem: Problem,
  divisor: Divisor,
): ExpressionType {
  const wanted = op === "not" || op === "lower" || op === "upper" ? 1 : counts[family];
  if (wanted === undefined ? args.length === 0 : args.length !== wanted)
    throw problem(`${op} takes ${wanted ?? "one or more"} operand(s), not ${args.length}`);
  const nullable = args.some((argument) => argument.nullable);
  const accept = (...kinds: ExpressionKind[]): void => {
    for (const { kind } of args)
      if (!kinds.includes(kind)) throw problem(`${op} takes ${kinds.join(" or ")}, not ${kind}`);
  };
  switch (family) {
    case "arithmetic":
      return arithmeticType(op, args[0], args[1], problem, divisor);
    case "sign":
      accept("int32", "int64", "float64", "duration");
      return args[0];
    case "rounding":
      accept("int32", "int64", "float64");
      return args[0];
    case "root":
      accept("int32", "float64");
      return { kind: "float64", nullable, nonFinite: true };
    case "conversion":
      accept("int32", "int64", "float64");
      if (op === "toFloat") return args[0].kind === "float64" ? args[0] : { kind: "float64", nullable };
      return { kind: op === "toInt32" ? "int32" : "int64", nullable };
    case "comparison":
    case "membership":
      refuseNull(op, args, problem);
      unify(op, args, problem);
      return { kind: "boolean", nullable: family === "membership" ? args[0].nullable : nullable };
    case "logic":
      accept("boolean");
      return { kind: "boolean", nullable };
    case "nullness":
      return { kind: "boolean", nullable: false };
    case "choice":
      return { ...unify(op, args, problem), nullable: args.every((argument) => argument.nullable) };
    case "condition":
      if (args[0].kind !== "boolean") throw problem(`the condition of ${op} is boolean, not ${args[0].kind}`);
      return unify(op, args.slice(1), problem);
    case "calendar":
      accept("timestamp");
      return { kind: "int32", nullable };
    case "text":
      accept("string");
      return { kind: "string", nullable };
    case "measure":
      accept("string");
      return { kind: "int32", nullable };
    default:
      family satisfies "search";
      accept("string");
      return { kind: "boolean", nullable };
  }
}

function arithmeticType(
  op: string,
  left: ExpressionType,
  right: ExpressionType,
  problem: Problem,
  { divisorIsNonZero, divisorIsAtLeastOne }: Divisor,
): ExpressionType {
  const [a, b] = [left.kind, right.kind];
  const divides = op === "divide" || op === "modulo";
  const nullable = left.nullable || right.nullable || (divides && !divisorIsNonZero);
  const scalesDuration = (number: ExpressionKind): boolean => number === "int32" || number === "float64";
  if (op === "add" && ((a === "timestamp" && b === "duration") || (a === "duration" && b === "timestamp")))
    return { kind: "timestamp", nullable };
  if (op === "subtract" && a === "timestamp" && b === "duration") return { kind: "timestamp", nullable };
  if (op === "subtract" && a === "timestamp" && b === "timestamp") return { kind: "duration", nullable };
  if ((op === "add" || op === "subtract") && a === "duration" && b === "duration")
    return { kind: "duration", nullable };
  if (op === "multiply" && ((a === "duration" && scalesDuration(b)) || (scalesDuration(a) && b === "duration")))
    return { kind: "duration", nullable };
  if (op === "divide" && a === "duration" && scalesDuration(b)) return { kind: "duration", nullable };
  if (op === "divide" && a === "duration" && b === "duration") return { kind: "float64", nullable };
  for (const kind of [a, b])
    if (kind !== "int32" && kind !== "int64" && kind !== "float64") throw problem(`${op} does not take ${a} and ${b}`);
  const both = unify(op, [left, right], problem);
  const { kind } = both;
  if (op === "modulo") return { ...both, nullable };
  if (op !== "divide") return kind === "float64" ? { kind, nullable, nonFinite: true } : { kind, nullable };
  const isFinite = kind !== "float64" || (divisorIsAtLeastOne && both.nonFinite === undefined);
  return isFinite ? { kind: "float64", nullable } : { kind: "float64", nullable, nonFinite: true };
}

/**
 * The one type operands meet in: equal kinds; int32 widens to int64 and to float64, both exactly. int64 and float64
 * do not meet: either way would lose digits unseen.
 */
export function unify(op: string, types: readonly ExpressionType[], problem: Problem): ExpressionType {
  let kind: ExpressionKind = "null";
  for (const { kind: next } of types) {
    if (kind === next || next === "null") continue;
    if (kind === "null" || (kind === "int32" && (next === "int64" || next === "float64"))) kind = next;
    else if (!(next === "int32" && (kind === "int64" || kind === "float64")))
      throw problem(`${op} does not take ${kind} with ${next}${conversionHint(kind, next)}`);
  }
  const nullable = types.some((type) => type.nullable);
  return kind === "float64" && types.some((type) => type.nonFinite)
    ? { kind, nullable, nonFinite: true }
    : { kind, nullable };
}

function conversionHint(a: ExpressionKind, b: ExpressionKind): string {
  const kinds = [a, b];
  if (kinds.includes("int64") && kinds.includes("float64")) return ": convert one with .toFloat() or .toInt64()";
  if (kinds.includes("timestamp"))
    return ': write a moment as timestamp("2001-06-24") and a length of time as minutes(30)';
  return "";
}

function refuseNull(op: string, args: readonly ExpressionType[], problem: Problem): void {
  if (args.some(({ kind }) => kind === "null")) throw problem(`${op} with null is always null: use isNull()`);
}
