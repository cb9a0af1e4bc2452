import type { SourceDefinition } from "../../core/definition/data.ts";
import { columnsOf, type Expression } from "../../core/expression/tree.ts";
import { interpret } from "../../core/oracle/expression-interpreter.ts";
import type { Row, Value } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";

/** The timestamp fields that move an expression. */
function movers(source: SourceDefinition, expression: Expression): string[] {
  return columnsOf(expression).filter((name) => source.fields[name].kind === "timestamp");
}

/** The fields that a source's times are computed from. */
export function timeFields({ eventTime, availableAt }: SourceDefinition): ReadonlySet<string> {
  return new Set([...columnsOf(eventTime), ...(availableAt === null ? [] : columnsOf(availableAt))]);
}

/**
 * Sets the timestamp fields of a row so that it happens at `event` and is known at `available`, as far as the
 * source's expressions allow: they are moved by what is amiss.
 */
export function withTimes(source: SourceDefinition, row: Row, event: Timestamp, available: Timestamp): Row {
  const { eventTime, availableAt } = source;
  const first = movers(source, eventTime);
  const moved = move(source, { ...row, ...constant(first, event) }, eventTime, first, event);
  if (availableAt === null) return moved;
  const others = movers(source, availableAt).filter((name) => !first.includes(name));
  return move(source, { ...moved, ...constant(others, available) }, availableAt, others, available);
}

function constant(names: readonly string[], at: Value): Row {
  return Object.fromEntries(names.map((name) => [name, at]));
}

function move(source: SourceDefinition, row: Row, to: Expression, names: readonly string[], at: Timestamp): Row {
  const now = interpret(to, source.fields, row);
  if (names.length === 0 || typeof now !== "number" || now === at) return row;
  return { ...row, ...Object.fromEntries(names.map((name) => [name, (row[name] as number) + at - now])) };
}
