import { formatDuration } from "../time/duration.ts";
import { formatTimestamp } from "../time/timestamp.ts";
import type { Expression, LiteralExpression } from "./tree.ts";

/** What stands between two arguments, and how tightly it binds. */
const infix: Readonly<Record<string, readonly [text: string, binds: number]>> = {
  or: ["or", 1],
  and: ["and", 2],
  eq: ["=", 4],
  ne: ["≠", 4],
  lt: ["<", 4],
  le: ["≤", 4],
  gt: [">", 4],
  ge: ["≥", 4],
  add: ["+", 5],
  subtract: ["−", 5],
  multiply: ["×", 6],
  divide: ["/", 6],
  modulo: ["mod", 6],
};
const NOT = 3;
const WHOLE = 9;

/** An expression as people write it: `delay > 15 and not (cancelled or diverted)`. For reading; nothing parses it. */
export function expressionText(expression: Expression): string {
  return write(expression)[0];
}

/** The text of an expression, and how tightly its outermost operation binds. */
function write(expression: Expression): readonly [text: string, binds: number] {
  if (expression.op === "column") return [expression.name, WHOLE];
  if (expression.op === "literal") return [literalText(expression), WHOLE];
  const { args } = expression;
  const within = (binds: number) => (argument: Expression) => {
    const [text, bound] = write(argument);
    return bound > binds ? text : `(${text})`;
  };
  if (expression.op === "duration") return [`${within(WHOLE - 1)(args[0])} ${expression.unit}`, 5];
  const between = infix[expression.op];
  if (between !== undefined) {
    const [text, binds] = between;
    const chains = expression.op === "and" || expression.op === "or";
    // From left to right: what comes later and binds no tighter is in parentheses; a comparison of one always is.
    const parts = args.map((argument, i) => within(chains || (i === 0 && binds !== 4) ? binds - 1 : binds)(argument));
    return [parts.join(` ${text} `), binds];
  }
  switch (expression.op) {
    case "not":
      return [`not ${within(NOT)(args[0])}`, NOT];
    case "negate":
      return [`−${within(WHOLE - 1)(args[0])}`, 7];
    case "isNull":
      return [`${within(4)(args[0])} is null`, 4];
    case "in":
      return [`${within(4)(args[0])} in (${args.slice(1).map(expressionText).join(", ")})`, 4];
    case "if": {
      const [condition, yes, no] = args.map(expressionText);
      return [`if ${condition} then ${yes} else ${no}`, 0];
    }
    default:
      return [`${expression.op}(${args.map(expressionText).join(", ")})`, WHOLE];
  }
}

function literalText({ kind, value }: LiteralExpression): string {
  if (value === null) return "null";
  if (kind === "string") return JSON.stringify(value);
  if (kind === "timestamp") return formatTimestamp(Number(value));
  if (kind === "duration") return formatDuration(Number(value));
  return String(value);
}
