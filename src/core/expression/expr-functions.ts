import { type Also, call, type Choice, Expr, expressionOf, type Of } from "./expr.ts";
import type { AnyExpr, Duration, Needs, Operand, Peer, Plain } from "./expr-types.ts";
import { durationLiteral } from "./literal.ts";
import type { DurationUnit, Operation } from "./tree.ts";

/** True for false, null for null. */
export function not<A extends Operand<boolean>>(condition: A): Of<A, boolean, boolean> {
  return call("not", condition);
}

/** The greatest of the operands that are not null; null if all are. NaN counts as greater than any number. */
export function greatest<const A extends readonly [Plain | AnyExpr, ...(Plain | AnyExpr)[]]>(
  ...operands: A & Peers<A>
): Choice<A[number]> {
  return choice("greatest", ...operands);
}

/** The least of the operands that are not null; null if all are. */
export function least<const A extends readonly [Plain | AnyExpr, ...(Plain | AnyExpr)[]]>(
  ...operands: A & Peers<A>
): Choice<A[number]> {
  return choice("least", ...operands);
}

/** The first of the operands that is not null; null if all are. */
export function coalesce<const A extends readonly [Plain | AnyExpr, ...(Plain | AnyExpr)[]]>(
  ...operands: A & Peers<A>
): Choice<A[number]> {
  return choice("coalesce", ...operands);
}

type Peers<A extends readonly unknown[]> = { readonly [I in keyof A]: Peer<A[number]> };

/**
 * `then` where the condition is true, `otherwise` where it is false or null. Only the one that is taken is evaluated.
 */
export function when<
  C extends Operand<boolean>,
  const A extends Plain | AnyExpr | null,
  const B extends Peer<A> | null,
>(condition: C, then: A, otherwise: B): Also<Needs<C, boolean | null>, Choice<A | B>> {
  return choice("if", condition, then, otherwise);
}

/** A call whose type is a conditional one, which TypeScript resolves only where the operands are known. */
function choice(op: Operation, ...operands: readonly unknown[]): never {
  return call(op, ...operands) as never;
}

/** The texts one after the other; null if any is null. */
export function concat<const A extends readonly [Operand<string>, ...Operand<string>[]]>(
  ...texts: A
): Of<A[number], string, string> {
  return call("concat", ...texts);
}

const durationOf =
  (unit: DurationUnit) =>
  <A extends Operand<number> | Operand<bigint>>(amount: A): Expr<Needs<A, number | bigint | null>, Duration | null> =>
    new Expr(Object.freeze({ op: "duration", unit, args: Object.freeze([expressionOf(amount)] as const) }));

/**
 * So many units of time, rounded half to even to 1 µs: `minutes(30)`, `minutes(col("distance").div(8))`. Out of ±2^53
 * µs is ASOF_OVERFLOW.
 */
export const microseconds = durationOf("us");
export const milliseconds = durationOf("ms");
export const seconds = durationOf("s");
export const minutes = durationOf("m");
export const hours = durationOf("h");
export const days = durationOf("d");
export const weeks = durationOf("w");

const amountIn =
  (unit: DurationUnit) =>
  <R>(duration: Expr<R, Duration | null>): Expr<R, number | null> =>
    call("divide", duration, durationLiteral(`1${unit}`));

/** A duration as a float64 of so many units: `inMinutes(col("landed").since(col("scheduled")))`. */
export const inSeconds = amountIn("s");
export const inMinutes = amountIn("m");
export const inHours = amountIn("h");
export const inDays = amountIn("d");
