import type { SourceDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import { compileColumns } from "../../core/expression/compile.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { checkInterrupted } from "../../core/interruption.ts";
import { RunSorter } from "../../core/kernel/group.ts";
import { castSql, fileColumns, type FileFormat, fileRelation } from "../../core/plan/file-relation.ts";
import type { ReplayOutcome } from "../../core/result/outcomes.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import { type Batch, rowAt } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";

export interface ReplayRequest extends WorkOptions {
  readonly source: SourceDefinition;
  readonly files: readonly string[];
  readonly format: FileFormat;
  readonly from: Timestamp;
  readonly until: Timestamp;
  /** Moments to stop at, ascending, and what to do there. */
  readonly moments: Iterable<Timestamp>;
  readonly visit: (t: Timestamp) => Promise<void>;
  readonly ingest: (records: readonly Row[]) => Promise<unknown>;
  readonly settled: () => Promise<void>;
}

/** Appends under way at once. */
const IN_FLIGHT = 64;

/**
 * Feeds the records of files that became available in [from, until) through the real ingest path, each when the
 * clock stands at the moment it became available. At each moment asked for, everything available before it is in.
 * @throws ASOF_CONFIG where the clock cannot be set
 */
export async function replay(
  engine: OfflineEngine,
  clock: Clock,
  request: ReplayRequest,
): Promise<Omit<ReplayOutcome, "bytes">> {
  const began = clock.elapsed();
  const { source, from, until } = request;
  const { advance } = clock;
  if (advance === null)
    throw new AsofError(
      "ASOF_CONFIG",
      "a replay needs a simulated clock: set clock: { simulated: … } in the configuration",
      { setting: "clock" },
    );
  const { rows, available } = await readRows(engine, request);
  const moments = request.moments[Symbol.iterator]();
  let next = moments.next();
  let sent = 0;
  const visitUntil = async (t: Timestamp): Promise<void> => {
    for (; next.done !== true && next.value <= t; next = moments.next()) {
      advance(next.value);
      await request.settled();
      await request.visit(next.value);
    }
  };
  let inFlight: Promise<unknown>[] = [];
  const landed = async (): Promise<void> => {
    await Promise.all(inFlight);
    inFlight = [];
  };
  while (sent < rows.length) {
    checkInterrupted(request.signal);
    const at = available[sent];
    if (next.done !== true && next.value <= at) {
      await landed();
      await visitUntil(at);
    }
    let end = sent;
    while (end < rows.length && available[end] === at) end++;
    advance(at);
    inFlight.push(request.ingest(rows.slice(sent, end)));
    if (inFlight.length >= IN_FLIGHT) await landed();
    sent = end;
    request.onProgress?.({ phase: `replay ${source.name}`, done: sent, total: rows.length, unit: "rows" });
  }
  await landed();
  await visitUntil(until - 1);
  advance(until);
  await request.settled();
  return { source: source.name, records: rows.length, from, until, seconds: clock.elapsed() - began };
}

/** The rows in the order in which they became available. */
async function readRows(
  engine: OfflineEngine,
  { source, files, format, from, until, signal }: ReplayRequest,
): Promise<{ rows: Row[]; available: number[] }> {
  if (source.availableAt === null)
    throw new AsofError(
      "ASOF_DEFINITION",
      `source ${source.name} does not declare when its records are available: there is no order to replay them in`,
      { source: source.name },
    );
  const session = await engine.session(signal === undefined ? {} : { signal });
  try {
    const relation = fileRelation(files, format);
    const described = await session.describe(`SELECT * FROM ${relation}`);
    const columns = fileColumns(source.fields, source.columns);
    const selected = Object.entries(source.fields).map(([field, { kind }]) => {
      const found = described.find(({ name }) => name === columns[field]);
      const cast = found === undefined ? null : castSql(found.name, found.engineType, kind);
      if (cast === null)
        throw new AsofError(
          "ASOF_MISSING_FIELD",
          `${files.join(", ")}: there is no column ${columns[field]} that could be the field ${field}`,
          { source: source.name, field },
        );
      return `${cast.value} AS ${sqlIdentifier(field)}`;
    });
    const availableOf = compileColumns(source.availableAt, source.fields);
    const fields: Fields = source.fields;
    const rows: Row[] = [];
    const at: number[] = [];
    for await (const batch of session.columns(`SELECT ${selected.join(", ")} FROM ${relation}`, fields))
      keepRange(batch, availableOf(batch).values as Float64Array, from, until, rows, at);
    const order = Uint32Array.from(at.keys());
    new RunSorter().sort(order, 0, order.length, Float64Array.from(at));
    return { rows: Array.from(order, (i) => rows[i]), available: Array.from(order, (i) => at[i]) };
  } finally {
    await session.close();
  }
}

function keepRange(
  batch: Batch,
  available: Float64Array,
  from: Timestamp,
  until: Timestamp,
  rows: Row[],
  at: number[],
): void {
  for (let i = 0; i < batch.rows; i++)
    if (available[i] >= from && available[i] < until) {
      rows.push(rowAt(batch, i));
      at.push(available[i]);
    }
}
