import type { DurationText } from "../time/duration.ts";
import type { Expression } from "./tree.ts";

/** A length of time inside an expression: `minutes(30)` and its like make one. */
export interface Duration {
  readonly "a length of time": never;
}

/** The constants that can stand in an expression as they are. */
export type Plain = number | string | boolean | bigint;

/**
 * The property that carries the type of an expression: from a row that has what R names to a T. It exists in types
 * only.
 */
export declare const shape: unique symbol;
/** The properties by which a column says whose type it has, and what else it needs of the row. */
export declare const columnNames: unique symbol;
export declare const rowNeeds: unique symbol;

/** What makes an `Expr`, without what can be done with it. */
export interface Typed<in R, out T> {
  readonly expression: Expression;
  readonly [shape]: (row: R) => T;
}

/** What makes a `Column`: a function from rows, too, but of the type that the columns N turn out to have. */
export interface TypedAs<N extends string, in R> {
  readonly expression: Expression;
  readonly [shape]: <V>(row: { readonly [P in N]: V } & R) => V;
  readonly [columnNames]: N;
  readonly [rowNeeds]: (row: R) => void;
}

/** Any expression whose type is that of its columns. */
export interface AnyColumn {
  readonly expression: Expression;
  readonly [columnNames]: string;
  readonly [rowNeeds]: (row: never) => void;
}

export type AnyExpr = AnyColumn | Typed<never, unknown>;

/** What can stand where a T is wanted: a constant, a column, an expression of T. */
export type Operand<T> = Extract<T, Plain> | AnyColumn | Typed<never, T | null>;

export type Numeric = AnyColumn | Typed<never, number | bigint | null>;
export type Summable = AnyColumn | Typed<never, number | bigint | Duration | null>;

/** Kinds by name: a choice among names does not fall apart as `boolean` does into true and false. */
interface Kinds {
  number: number;
  string: string;
  boolean: boolean;
  bigint: bigint;
  duration: Duration;
}
type ColumnKind = "number" | "string" | "boolean" | "bigint";
export type OrNull<K extends keyof Kinds> = Kinds[K] | null;

/** The kind of an operand as far as it is known without the row: never for a column and for null. */
export type KindOf<A> = A extends AnyColumn
  ? never
  : A extends Typed<never, infer T>
    ? KindOfValue<Exclude<T, null>>
    : KindOfValue<Exclude<A, null>>;
type KindOfValue<T> = { [K in keyof Kinds]: T extends Kinds[K] ? K : never }[keyof Kinds];

/** What a row must have for the operand A to be of type T. */
export type Needs<A, T> =
  A extends TypedAs<infer N, infer R> ? { readonly [P in N]: T } & R : A extends Typed<infer R, unknown> ? R : unknown;

/** What a row must have for every operand of a union to be of type T. */
export type NeedsOfAll<A, T> = (A extends unknown ? (row: Needs<A, T>) => void : never) extends (row: infer R) => void
  ? R
  : never;

/** What a row must have for all operands of a union to be of one kind: the one known of some of them, else any. */
export type NeedsOneKind<A> = EachKind<A, [KindOf<A>] extends [never] ? ColumnKind : KindOf<A>>;
type EachKind<A, K> = K extends keyof Kinds ? NeedsOfAll<A, OrNull<K>> : never;

/** What may be compared with A, or chosen beside it: what is of its kind. Nothing, if A is a union of several kinds. */
export type Peer<A> = [KindOf<A>] extends [never] ? Plain | AnyExpr : PeerOfKind<KindOf<A>>;
type PeerOfKind<K extends keyof Kinds, All = K> = K extends unknown
  ? [All] extends [K]
    ? Operand<Kinds[K]>
    : never
  : never;

export type NamesOf<A> = A extends AnyColumn ? A[typeof columnNames] : never;
export type NeedsBeside<A> = (A extends TypedAs<string, infer R> ? (row: R) => void : never) extends (
  row: infer R,
) => void
  ? R
  : never;

/** In sums, text is a duration. */
type SumKindOf<A> = A extends string ? "duration" : KindOf<A>;
/** Columns are int64 beside an int64, else numbers; a timestamp is a number in TypeScript. */
type NumberKind<A, B> = "bigint" extends SumKindOf<A> | SumKindOf<B> ? "bigint" : "number";
export type NumberNeeds<A, B> = Needs<A, OrNull<NumberKind<A, B>>> & Needs<B, OrNull<NumberKind<A, B>>>;
type IsDuration<K> = [K] extends [never] ? false : [K] extends ["duration"] ? true : false;

/** What can be added to or subtracted from A. */
export type Addend<A> = [KindOf<A>] extends ["bigint"]
  ? [KindOf<A>] extends [never]
    ? Operand<number> | Operand<bigint> | Operand<Duration> | DurationText
    : Operand<bigint>
  : Operand<number> | Operand<Duration> | DurationText;

/** What A can be multiplied with, or divided by. */
export type Factor<A> = [KindOf<A>] extends ["bigint"]
  ? [KindOf<A>] extends [never]
    ? Operand<number> | Operand<bigint> | Operand<Duration>
    : Operand<bigint>
  : Operand<number> | Operand<Duration>;

/** What a sum is: a duration if both sides are, else a number (or timestamp). */
export type SumValue<A, B> = IsDuration<SumKindOf<A>> | IsDuration<SumKindOf<B>> extends true
  ? Duration | null
  : OrNull<NumberKind<A, B>>;

/** What a product is: a duration if one side is. */
export type ProductValue<A, B> = "duration" extends KindOf<A> | KindOf<B> ? Duration | null : OrNull<NumberKind<A, B>>;

/** What a quotient is: a float64, but for a duration divided by a number. */
export type QuotientValue<A, B> = [IsDuration<KindOf<A>>, IsDuration<KindOf<B>>] extends [true, false]
  ? Duration | null
  : number | null;

/** The type of an expression E over the row R. */
export type ExprValue<E, R> = E extends AnyColumn
  ? R[E[typeof columnNames] & keyof R]
  : E extends Typed<never, infer T>
    ? T
    : never;
