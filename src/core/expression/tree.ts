import type { Kind } from "../schema/data-type.ts";

/**
 * The kinds an expression may have: those of columns, and two that live only inside expressions. A duration is a whole
 * number of microseconds within ±2^53; "null" is the literal null, which takes the kind of what it stands beside.
 */
export type ExpressionKind = Kind | "duration" | "null";

/** What an expression gives: a kind, whether it may be null, and whether a float64 may be NaN or infinite. */
export interface ExpressionType {
  readonly kind: ExpressionKind;
  readonly nullable: boolean;
  readonly nonFinite?: true;
}

export interface ColumnExpression {
  readonly op: "column";
  readonly name: string;
}

/**
 * A constant in JSON: an int64 is a decimal string, NaN and infinities are "NaN", "Infinity" and "-Infinity",
 * timestamps and durations are microseconds.
 */
export interface LiteralExpression {
  readonly op: "literal";
  readonly kind: ExpressionKind;
  readonly value: string | number | boolean | null;
}

/** A number of units as a duration, rounded half to even to 1 µs. */
export interface DurationExpression {
  readonly op: "duration";
  readonly unit: DurationUnit;
  readonly args: readonly [Expression];
}

export interface CallExpression {
  readonly op: Operation;
  readonly args: readonly Expression[];
}

/**
 * What decides a value of a row (`where`, derived columns, event and available time), as plain, frozen,
 * JSON-serialisable data. See `family-type.ts` for what each operation takes and gives, and `emit.ts` for how it is
 * evaluated.
 */
export type Expression = ColumnExpression | LiteralExpression | DurationExpression | CallExpression;

/** The microseconds of each duration unit. */
export const durationUnits = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
  w: 604_800_000_000,
} as const;

export type DurationUnit = keyof typeof durationUnits;

/** Every operation by family. Operations of one family take and give the same types. */
export const operations = {
  arithmetic: ["add", "subtract", "multiply", "divide", "modulo"],
  sign: ["negate", "abs"],
  rounding: ["floor", "ceil", "round"],
  root: ["sqrt"],
  conversion: ["toFloat", "toInt32", "toInt64"],
  comparison: ["eq", "ne", "lt", "le", "gt", "ge"],
  logic: ["and", "or", "not"],
  nullness: ["isNull"],
  membership: ["in"],
  choice: ["coalesce", "greatest", "least"],
  condition: ["if"],
  calendar: ["year", "month", "dayOfMonth", "weekday", "hour", "minute"],
  text: ["lower", "upper", "concat"],
  measure: ["length"],
  search: ["startsWith", "contains"],
} as const;

export type Family = keyof typeof operations;
export type Operation = (typeof operations)[Family][number];

const families: ReadonlyMap<string, Family> = new Map(
  Object.entries(operations).flatMap(([family, names]) => names.map((name) => [name, family as Family] as const)),
);

/** The family of an operation; undefined for one that this version does not know. */
export function familyOf(op: string): Family | undefined {
  return families.get(op);
}

/** The columns an expression reads, each once, in order of appearance. */
export function columnsOf(expression: Expression): string[] {
  const names = new Set<string>();
  const visit = (node: Expression): void => {
    if (node.op === "column") names.add(node.name);
    else if (node.op !== "literal") node.args.forEach(visit);
  };
  visit(expression);
  return [...names];
}

/** An expression as a person reads it in an error or a page: `gt(delay, 15)`. */
export function formatExpression(expression: Expression): string {
  if (expression.op === "column") return expression.name;
  if (expression.op === "literal")
    return expression.kind === "string" ? JSON.stringify(expression.value) : String(expression.value);
  const args = expression.args.map(formatExpression).join(", ");
  return expression.op === "duration" ? `duration(${args}, ${expression.unit})` : `${expression.op}(${args})`;
}
