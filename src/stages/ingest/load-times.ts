import type { SourceDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import { compileColumns } from "../../core/expression/compile.ts";
import { columnsOf, type Expression } from "../../core/expression/tree.ts";
import { sqlList } from "../../core/plan/sql.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import { ContributionCheck } from "../../core/tile/contribution-check.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { ROW } from "./load-identity.ts";
import type { LoadRequest } from "./load-request.ts";
import { GOOD } from "./load-table.ts";

const TIMES = "asof_load_times";

/** The good rows of a load with their times, of those that are in its range. */
export const TIMED = `SELECT s.*, t.${EVENT}, t.${AVAILABLE} FROM ${GOOD} s JOIN ${TIMES} t ON s.${ROW} = t.${ROW}`;

const timeFields: Fields = {
  [ROW]: { kind: "int64", nullable: false },
  [EVENT]: { kind: "timestamp", nullable: false },
  [AVAILABLE]: { kind: "timestamp", nullable: false },
};

/** Computes both times of every row by the source's expressions; keeps the rows of the range asked for. */
export async function computeTimes(
  session: OfflineSession,
  request: LoadRequest,
  rows: number,
): Promise<{ declaredEarlier: number }> {
  const { source, onProgress } = request;
  const needed: Expression[] = [source.eventTime, ...(source.availableAt === null ? [] : [source.availableAt])];
  const contributions = new ContributionCheck(request.views, source.fields);
  const columns = [...new Set([...needed.flatMap(columnsOf), ...contributions.columns])];
  const fields: Fields = {
    ...Object.fromEntries(columns.map((name) => [name, source.fields[name]])),
    [ROW]: { kind: "int64", nullable: false },
  };
  const eventOf = compileColumns(source.eventTime, source.fields);
  const availableOf = source.availableAt === null ? null : compileColumns(source.availableAt, source.fields);
  const counted = { declaredEarlier: 0 };
  const times: Batch[] = [];
  let done = 0;
  for await (const batch of session.columns(`SELECT ${sqlList([...columns, ROW])} FROM ${GOOD}`, fields)) {
    const row = batch.columns[ROW].values as BigInt64Array;
    const [event, available] = located(source, row, () => {
      contributions.batch(batch);
      const happened = required(source, "eventTime", eventOf(batch), row, batch.rows);
      if (availableOf === null) return [happened, undeclared(happened, batch.rows, request)];
      return [happened, required(source, "availableAt", availableOf(batch), row, batch.rows)];
    });
    times.push(keepRange(batch.rows, event, available, row, request, counted));
    done += batch.rows;
    onProgress?.({ phase: `read ${source.name}`, done, total: rows, unit: "rows" });
  }
  await session.table(TIMES, timeFields, times);
  return counted;
}

function required(
  source: SourceDefinition,
  what: string,
  column: Column,
  row: BigInt64Array,
  rows: number,
): Float64Array {
  const { valid, values } = column;
  if (valid !== null)
    for (let i = 0; i < rows; i++)
      if (valid[i] === 0)
        throw new AsofError("ASOF_MISSING_FIELD", `source ${source.name}, row ${row[i] + 1n}: its ${what} is null`, {
          source: source.name,
          row: Number(row[i]) + 1,
        });
  return values as Float64Array;
}

/** Names the row of the file where an expression fails at a row of the batch. */
function located<T>(source: SourceDefinition, row: BigInt64Array, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== "ASOF_OVERFLOW" || typeof error.details["row"] !== "number")
      throw error;
    const number = Number(row[error.details["row"]]) + 1;
    throw new AsofError(
      error.code,
      `source ${source.name}, row ${number}: ${error.message}`,
      { ...error.details, source: source.name, row: number },
      error,
    );
  }
}

function undeclared(event: Float64Array, rows: number, { first, now }: LoadRequest): Float64Array {
  return first ? event : event.map((at, i) => (i < rows ? Math.max(at, now) : 0));
}

/** The rows of a batch whose available time lies in the range asked for. */
function keepRange(
  rows: number,
  event: Float64Array,
  available: Float64Array,
  row: BigInt64Array,
  { from, until, now }: LoadRequest,
  counted: { declaredEarlier: number },
): Batch {
  const out = { row: new BigInt64Array(rows), event: new Float64Array(rows), available: new Float64Array(rows) };
  let n = 0;
  for (let i = 0; i < rows; i++) {
    if ((from !== null && available[i] < from) || (until !== null && available[i] >= until)) continue;
    if (available[i] < now) counted.declaredEarlier++;
    out.row[n] = row[i];
    out.event[n] = event[i];
    out.available[n] = available[i];
    n++;
  }
  return {
    rows: n,
    columns: {
      [ROW]: { type: timeFields[ROW], values: out.row, valid: null },
      [EVENT]: { type: timeFields[EVENT], values: out.event, valid: null },
      [AVAILABLE]: { type: timeFields[AVAILABLE], values: out.available, valid: null },
    },
  };
}
