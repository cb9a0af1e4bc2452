import type { Expression } from "../../core/expression/tree.ts";

/** The times that the store knows: microseconds within ±2^53. */
const EARLIEST = `make_timestamp(-${Number.MAX_SAFE_INTEGER})`;
const LATEST = `make_timestamp(${Number.MAX_SAFE_INTEGER})`;

/**
 * A time of a row as SQL, a TIMESTAMP, for the plainest expressions: a timestamp field, and one so much later or
 * earlier. Null for any other: those are evaluated. `column` gives the SQL of a field. Equal to what the expression
 * evaluates to wherever `isTime` holds of the field and of the result.
 */
export function timeSql(expression: Expression, column: (field: string) => string): string | null {
  if (expression.op === "column") return column(expression.name);
  if (expression.op !== "add" && expression.op !== "subtract") return null;
  const [of, by] = expression.args;
  if (by.op !== "literal" || by.kind !== "duration" || typeof by.value !== "number") return null;
  if (of.op !== "column") return null;
  const sign = expression.op === "add" ? "+" : "-";
  // Beyond ±2^53 is not yet beyond what the engine holds: what is out of range can still be told.
  const at = column(of.name);
  return `CASE WHEN ${isTime(at)} THEN make_timestamp(epoch_us(${at}) ${sign} (${by.value})) END`;
}

/** Whether SQL of a TIMESTAMP gives a time that the store knows; null and infinities are none. */
export const isTime = (sql: string): string => `coalesce(${sql} BETWEEN ${EARLIEST} AND ${LATEST}, false)`;
