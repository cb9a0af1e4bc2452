import { AsofError } from "../errors.ts";
import type { Expr } from "../expression/expr.ts";
import type { Expression } from "../expression/tree.ts";
import { typeOf } from "../expression/expression.ts";
import type { Fields, RowOf, ValueOf } from "../schema/data-type.ts";
import { type DurationText, parseDuration } from "../time/duration.ts";
import { DAY } from "../time/timestamp.ts";
import type { Description, SourceDefinition } from "./data.ts";
import { plainDefaults } from "./defaults.ts";
import { freeze } from "./freeze.ts";
import { checkFieldNames, checkName } from "./name.ts";

/** A stream of records that only grows, with its history. N is its name, D are the fields that have a default. */
export interface EventSource<F extends Fields = Fields, N extends string = string, D extends string = string> {
  readonly definition: SourceDefinition & { readonly name: N };
  readonly fields: F;
  readonly $defaults?: D;
}

export interface EventSourceOptions<F extends Fields, D extends keyof F = keyof F> extends Description {
  readonly fields: F;
  /** The column of files that holds a field, where it goes by another name there: `{ scheduled: "date" }`. */
  readonly columns?: { readonly [P in keyof F]?: string };
  /** When the record happened: a timestamp field, or an expression over the row. */
  readonly eventTime: TimestampField<F> | Expr<RowOf<F>, number | null>;
  /**
   * When the system could know a record of bulk history: a timestamp field, an expression over the row, or a delay
   * after the event. A streamed record is known from its arrival.
   */
  readonly availableAt?: TimestampField<F> | Expr<RowOf<F>, number | null> | DurationText;
  /** How far ahead of its arrival a streamed record may be dated; more is refused. Default "5m". */
  readonly tolerance?: DurationText;
  /** The field that says which of two records with the same times comes first: a sequence number, for one. */
  readonly order?: keyof F & string;
  /**
   * The fields that together name a record, none of them nullable. A record then counts once, however often and by
   * whatever way it comes, and can be withdrawn or corrected.
   */
  readonly id?: readonly (keyof F & string)[];
  /**
   * What a record has in a field that it does not bring, be it from before the field was added. Only for fields that
   * are never null.
   */
  readonly defaults?: { readonly [P in D]?: ValueOf<F[P]> };
  /**
   * For how long the source remembers idempotency keys, at the least. Default "7d". Ids are remembered as long as their
   * records are kept.
   */
  readonly dedupe?: DurationText;
  /**
   * For how long after its event a record is kept, a day at the least. Whole days that are older are dropped in the
   * background; what would need them is refused from then on. Default: for ever.
   */
  readonly retention?: DurationText;
}

type TimestampField<F extends Fields> = {
  [P in keyof F & string]: F[P]["kind"] extends "timestamp" ? P : never;
}[keyof F & string];

/** Declares a source of records. @throws ASOF_DEFINITION, ASOF_EXPRESSION, ASOF_UNKNOWN_FIELD */
export function eventSource<const F extends Fields, const N extends string, const D extends keyof F & string = never>(
  name: N,
  options: EventSourceOptions<F, D>,
): EventSource<F, N, D> {
  const {
    fields,
    columns = {},
    eventTime,
    availableAt,
    tolerance = "5m",
    order,
    id,
    defaults,
    dedupe,
    retention,
    ...about
  } = options;
  checkName("a source", name);
  checkFieldNames(`source ${name}`, Object.keys(fields));
  if (order !== undefined && !Object.hasOwn(fields, order))
    throw new AsofError("ASOF_UNKNOWN_FIELD", `source ${name} has no field ${order} to order records by`, {
      source: name,
      field: order,
    });
  if (id !== undefined) checkId(name, fields, id);
  if (retention !== undefined) checkPeriod(name, retention);
  const event = timeExpression(name, "eventTime", fields, eventTime);
  const definition: SourceDefinition & { readonly name: N } = freeze({
    kind: "source",
    name,
    fields,
    columns: columns,
    eventTime: event,
    availableAt: availableAt === undefined ? null : available(name, fields, event, availableAt),
    tolerance: parseDuration(tolerance),
    ...(order === undefined ? {} : { order }),
    ...(id === undefined ? {} : { id }),
    ...(defaults === undefined ? {} : { defaults: plainDefaults(name, fields, defaults) }),
    ...(dedupe === undefined ? {} : { dedupe: parseDuration(dedupe) }),
    ...(retention === undefined ? {} : { retention: parseDuration(retention) }),
    ...about,
  });
  return Object.freeze({ definition, fields });
}

function checkPeriod(source: string, retention: DurationText): void {
  if (parseDuration(retention) < DAY)
    throw new AsofError("ASOF_DEFINITION", `source ${source}: its retention must be a day at the least: "1d"`, {
      source,
      retention,
    });
}

function available(
  name: string,
  fields: Fields,
  event: Expression,
  at: string | { readonly expression: Expression },
): Expression {
  if (typeof at === "string" && !Object.hasOwn(fields, at) && /^\d/.test(at))
    return { op: "add", args: [event, { op: "literal", kind: "duration", value: parseDuration(at) }] };
  return timeExpression(name, "availableAt", fields, at);
}

function timeExpression(
  source: string,
  what: string,
  fields: Fields,
  given: string | { readonly expression: Expression },
): Expression {
  const expression: Expression = typeof given === "string" ? { op: "column", name: given } : given.expression;
  const { kind } = typeOf(expression, fields);
  if (kind !== "timestamp")
    throw new AsofError("ASOF_DEFINITION", `source ${source}: ${what} must be a timestamp, not ${kind}`, {
      source,
      what,
    });
  return expression;
}

function checkId(source: string, fields: Fields, id: readonly string[]): void {
  if (id.length === 0 || new Set(id).size < id.length)
    throw new AsofError("ASOF_DEFINITION", `source ${source}: its id must name at least one field, and none twice`, {
      source,
    });
  for (const field of id) {
    if (!Object.hasOwn(fields, field))
      throw new AsofError("ASOF_UNKNOWN_FIELD", `source ${source} has no field ${field} to name records by`, {
        source,
        field,
      });
    if (fields[field].nullable)
      throw new AsofError("ASOF_DEFINITION", `source ${source}: the field ${field} of its id may be null`, {
        source,
        field,
      });
  }
}
