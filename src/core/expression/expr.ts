import type { TimestampInput } from "../time/timestamp.ts";
import type {
  Addend,
  AnyExpr,
  columnNames,
  Duration,
  Factor,
  KindOf,
  NamesOf,
  Needs,
  NeedsBeside,
  NeedsOfAll,
  NeedsOneKind,
  NumberNeeds,
  Numeric,
  Operand,
  OrNull,
  Peer,
  Plain,
  ProductValue,
  QuotientValue,
  rowNeeds,
  shape,
  Summable,
  SumValue,
  Typed,
  TypedAs,
} from "./expr-types.ts";
import { durationLiteral, literalOf, timestampLiteral } from "./literal.ts";
import type { Expression, Operation } from "./tree.ts";

type Text = Operand<string>;
type TextExpr = Exclude<Text, string>;
type Time = Exclude<Operand<number>, number>;

/**
 * What can be done with an expression. Types are checked twice: by TypeScript as far as it can tell kinds apart (a
 * timestamp is a number to it), and in full by `typeOf` when the expression meets the fields of its source.
 */
abstract class Operations {
  /** The expression as plain data. */
  readonly expression: Expression;

  constructor(expression: Expression) {
    this.expression = expression;
  }

  /**
   * Comparison gives null if either side is null: `isNull()` asks for null. Strings compare by their UTF-8 bytes. NaN
   * is neither equal to, below nor above anything.
   */
  eq<A extends AnyExpr, const B extends Peer<A>>(this: A, other: B): Expr<NeedsOneKind<A | B>, boolean | null> {
    return call("eq", this, other);
  }

  ne<A extends AnyExpr, const B extends Peer<A>>(this: A, other: B): Expr<NeedsOneKind<A | B>, boolean | null> {
    return call("ne", this, other);
  }

  lt<A extends AnyExpr, const B extends Peer<A>>(this: A, other: B): Expr<NeedsOneKind<A | B>, boolean | null> {
    return call("lt", this, other);
  }

  le<A extends AnyExpr, const B extends Peer<A>>(this: A, other: B): Expr<NeedsOneKind<A | B>, boolean | null> {
    return call("le", this, other);
  }

  gt<A extends AnyExpr, const B extends Peer<A>>(this: A, other: B): Expr<NeedsOneKind<A | B>, boolean | null> {
    return call("gt", this, other);
  }

  ge<A extends AnyExpr, const B extends Peer<A>>(this: A, other: B): Expr<NeedsOneKind<A | B>, boolean | null> {
    return call("ge", this, other);
  }

  /** Whether the value is one of these constants; null for null. */
  oneOf<A extends AnyExpr, const B extends Extract<Peer<A>, Plain>>(
    this: A,
    options: readonly B[],
  ): Expr<NeedsOneKind<A | B>, boolean | null> {
    return call("in", this, ...options);
  }

  isNull<A extends AnyExpr>(this: A): Expr<Needs<A, unknown>, boolean> {
    return call("isNull", this);
  }

  /** False if either is false, else null if either is null. The other is not evaluated where this one is false. */
  and<A extends Exclude<Operand<boolean>, boolean>, B extends Operand<boolean>>(
    this: A,
    other: B,
  ): Of<A | B, boolean, boolean> {
    return call("and", this, other);
  }

  /** True if either is true, else null if either is null. The other is not evaluated where this one is true. */
  or<A extends Exclude<Operand<boolean>, boolean>, B extends Operand<boolean>>(
    this: A,
    other: B,
  ): Of<A | B, boolean, boolean> {
    return call("or", this, other);
  }

  /**
   * The sum of two numbers or two durations, or a timestamp so much later; a duration may be text:
   * `col("scheduled").plus("30m")`. Two int32 give an int32, an int32 and a float64 a float64, int64 meets only int64
   * and int32. A result out of the range of int32, int64, or ±2^53 µs is ASOF_OVERFLOW; float64 follows IEEE 754.
   */
  plus<A extends Summable, const B extends Addend<A>>(this: A, other: B): Expr<NumberNeeds<A, B>, SumValue<A, B>> {
    return call("add", this, typeof other === "string" ? durationLiteral(other) : other);
  }

  /** As `plus`. For the time between two timestamps see `since`. */
  minus<A extends Summable, const B extends Addend<A>>(this: A, other: B): Expr<NumberNeeds<A, B>, SumValue<A, B>> {
    return call("subtract", this, typeof other === "string" ? durationLiteral(other) : other);
  }

  /** The duration from an earlier timestamp to this one; negative where the other is the later. */
  since<A extends Time, B extends Time>(this: A, earlier: B): Of<A | B, number, Duration> {
    return call("subtract", this, earlier);
  }

  /** A product, checked like `plus`. A duration times a number rounds half to even to 1 µs. */
  times<A extends Summable, const B extends Factor<A>>(this: A, other: B): Expr<NumberNeeds<A, B>, ProductValue<A, B>> {
    return call("multiply", this, other);
  }

  /**
   * A quotient: always a float64 (an int64 is converted first), but for a duration divided by a number, which is a
   * duration rounded half to even to 1 µs. Division by zero is null.
   */
  div<A extends Summable, const B extends Factor<A>>(this: A, other: B): Expr<NumberNeeds<A, B>, QuotientValue<A, B>> {
    return call("divide", this, other);
  }

  /** The remainder with the sign of the divisor, as in mathematics: −7 modulo 3 is 2. By zero it is null. */
  mod<A extends Numeric, const B extends Factor<A>>(this: A, other: B): Expr<NumberNeeds<A, B>, ProductValue<A, B>> {
    return call("modulo", this, other);
  }

  negate<A extends Summable>(this: A): Same<A> {
    return call("negate", this);
  }

  abs<A extends Summable>(this: A): Same<A> {
    return call("abs", this);
  }

  floor<A extends Numeric>(this: A): Same<A> {
    return call("floor", this);
  }

  ceil<A extends Numeric>(this: A): Same<A> {
    return call("ceil", this);
  }

  /** To the nearest integer, halves to the even one; a float64 stays a float64. */
  round<A extends Numeric>(this: A): Same<A> {
    return call("round", this);
  }

  sqrt<A extends Time>(this: A): Of<A, number, number> {
    return call("sqrt", this);
  }

  /** The nearest float64. */
  toFloat<A extends Numeric>(this: A): Expr<Needs<A, number | bigint | null>, number | null> {
    return call("toFloat", this);
  }

  /** Rounded half to even; out of range (and NaN) is ASOF_OVERFLOW. */
  toInt32<A extends Numeric>(this: A): Expr<Needs<A, number | bigint | null>, number | null> {
    return call("toInt32", this);
  }

  /** Rounded half to even; out of range (and NaN) is ASOF_OVERFLOW. Also tells TypeScript that a column is an int64. */
  toInt64<A extends Numeric>(this: A): Expr<Needs<A, number | bigint | null>, bigint | null> {
    return call("toInt64", this);
  }

  /** The year, in UTC as all parts of a timestamp. */
  year<A extends Time>(this: A): Of<A, number, number> {
    return call("year", this);
  }

  /** 1 to 12. */
  month<A extends Time>(this: A): Of<A, number, number> {
    return call("month", this);
  }

  /** 1 to 31. */
  dayOfMonth<A extends Time>(this: A): Of<A, number, number> {
    return call("dayOfMonth", this);
  }

  /** ISO 8601: 1 is Monday, 7 is Sunday. */
  weekday<A extends Time>(this: A): Of<A, number, number> {
    return call("weekday", this);
  }

  /** 0 to 23. */
  hour<A extends Time>(this: A): Of<A, number, number> {
    return call("hour", this);
  }

  /** 0 to 59. */
  minute<A extends Time>(this: A): Of<A, number, number> {
    return call("minute", this);
  }

  /** In lower case by Unicode, in no particular locale. */
  lower<A extends TextExpr>(this: A): Of<A, string, string> {
    return call("lower", this);
  }

  /** In upper case by Unicode, in no particular locale. */
  upper<A extends TextExpr>(this: A): Of<A, string, string> {
    return call("upper", this);
  }

  /** The number of code points. */
  length<A extends TextExpr>(this: A): Of<A, string, number> {
    return call("length", this);
  }

  startsWith<A extends TextExpr, B extends Text>(this: A, start: B): Of<A | B, string, boolean> {
    return call("startsWith", this, start);
  }

  contains<A extends TextExpr, B extends Text>(this: A, part: B): Of<A | B, string, boolean> {
    return call("contains", this, part);
  }
}

/**
 * A typed expression over a row that has what `R` names, giving a `T`. An `Expr<SourceRow, T>` parameter therefore
 * refuses, at compile time, an expression that reads a column the source lacks, or reads it as another type.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what they relate is the class and its users
export class Expr<in R, out T> extends Operations {
  declare readonly [shape]: (row: R) => T;
}

/**
 * An expression of the type that the columns of names N have, which is known once the row is: `col("delay")` is an
 * `Expr<Row, Row["delay"]>` for every `Row` that has it.
 */
export class Column<N extends string, in R = unknown> extends Operations {
  declare readonly [shape]: <V>(row: { readonly [P in N]: V } & R) => V;
  declare readonly [columnNames]: N;
  declare readonly [rowNeeds]: (row: R) => void;
}

/** An operand of type In, giving a T. */
export type Of<A, In, T> = Expr<NeedsOfAll<A, In | null>, T | null>;

/** A number or int64 (or duration) from one: a column is a number unless `.toInt64()` says otherwise. */
export type Same<A> = Expr<Needs<A, number | null>, [KindOf<A>] extends [never] ? number | null : OrNull<KindOf<A>>>;

/** One of several operands: of the type of the columns, where there is nothing but columns. */
export type Choice<A> = [KindOf<A>] extends [never]
  ? Column<NamesOf<A>, NeedsBeside<A>>
  : Expr<NeedsOneKind<A>, OrNull<KindOf<A>>>;

/** The same expression with further needs. */
export type Also<R, E> =
  E extends TypedAs<infer N, infer Q> ? Column<N, Q & R> : E extends Typed<infer Q, infer T> ? Expr<Q & R, T> : never;

/** A column of the row. */
export function col<const N extends string>(name: N): Column<N> {
  return new Column(Object.freeze({ op: "column", name }));
}

/**
 * A constant. A whole number within int32 is int32, any other number float64, a bigint int64.
 * @throws AsofError ASOF_STRING for lone surrogates, ASOF_OVERFLOW for a bigint beyond 64 bits
 */
export function lit(value: null): Expr<unknown, null>;
export function lit<T extends Plain>(value: T): Expr<unknown, Widened<T>>;
export function lit(value: Plain | null): Expr<unknown, Plain | null> {
  return new Expr(literalOf(value));
}

type Widened<T> = T extends number ? number : T extends string ? string : T extends boolean ? boolean : bigint;

/** A moment as a constant: ISO 8601, UTC where it names no zone. @throws AsofError ASOF_TIMESTAMP */
export function timestamp(at: TimestampInput): Expr<unknown, number> {
  return new Expr(timestampLiteral(at));
}

/** The tree of an operand: its own, or the literal that it is. */
export function expressionOf(operand: unknown): Expression {
  if (typeof operand !== "object" || operand === null) return literalOf(operand as Plain | null);
  return "expression" in operand ? (operand.expression as Expression) : (operand as Expression);
}

/** An expression of an operation: of whichever type its caller knows it to have. */
export function call(op: Operation, ...operands: readonly unknown[]): Expr<unknown, never> {
  return new Expr(Object.freeze({ op, args: Object.freeze(operands.map(expressionOf)) }));
}
