import type { SourceDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import { compileColumns } from "../../core/expression/compile.ts";
import { columnsOf, type Expression } from "../../core/expression/tree.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { fileColumns } from "../../core/plan/file-relation.ts";
import type { LoadedFile } from "../../core/codec/load-entry.ts";
import { HISTORY, REJECTS } from "../../core/plan/folders.ts";
import { sqlList, sqlParquet } from "../../core/plan/sql.ts";
import type { LoadOutcome } from "../../core/result/outcomes.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import { ContributionCheck } from "../../core/tile/contribution-check.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { BulkWriter, CommittedLoad } from "./bulk-writer.ts";
import { directRows } from "./direct-rows.ts";
import { badRow, castFields, problemSql } from "./cast-fields.ts";
import { rememberAlone } from "./entry-group.ts";
import type { Identities } from "./identities.ts";
import { CONFLICTS, indexLoad, ROW, sortOut, type Sorted } from "./load-identity.ts";
import { type LoadRequest, relationOf } from "./load-request.ts";
import { answeredBefore, checkIdempotencyKey, remember } from "./requests.ts";
import { identityOf } from "./source-identity.ts";

/** A load whose rows are read and checked. */
interface Loaded {
  readonly session: OfflineSession;
  readonly request: LoadRequest;
  /** The rows with their times. */
  readonly sql: string;
  readonly read: number;
  readonly rejected: { readonly rows: number; readonly file: string | null };
  readonly declaredEarlier: number;
}

type ToWrite = Pick<Sorted, "fields" | "rows" | "declaredEarlier" | "duplicates" | "request"> & {
  /** Called before the load enters the log. */
  readonly entering: () => void;
};

type Written = Omit<LoadOutcome, "source" | "seconds" | "warnings"> & { readonly stamp: Timestamp };

/** What a load tells that brought nothing new. */
const NOTHING = {
  rows: 0,
  rejected: 0,
  rejectsFile: null,
  bytes: 0,
  files: 0,
  declaredEarlier: 0,
  minEvent: null,
  maxEvent: null,
};

/** Bulk history from files: checked, stamped with its times, partitioned by day, in at once or not at all. */
export class Loader {
  private readonly engine: OfflineEngine;
  private readonly files: FileStore;
  private readonly bulk: BulkWriter;
  private readonly clock: Clock;
  private readonly identities: Identities;

  constructor(parts: {
    engine: OfflineEngine;
    files: FileStore;
    bulk: BulkWriter;
    clock: Clock;
    identities: Identities;
  }) {
    this.identities = parts.identities;
    this.engine = parts.engine;
    this.files = parts.files;
    this.bulk = parts.bulk;
    this.clock = parts.clock;
  }

  async load(request: LoadRequest): Promise<LoadOutcome> {
    const began = this.clock.elapsed();
    const { source, key, signal } = request;
    const session = await this.engine.session(signal === undefined ? {} : { signal });
    try {
      if (key !== null) checkIdempotencyKey(source.name, key);
      const direct = await this.loadDirectly(session, request);
      if (direct !== null) return this.told(request, began, direct);
      const read = await this.read(session, request);
      if (read === 0) throw nothingIn(request.files);
      const rejected = await this.checkRows(session, request);
      const times = await this.times(session, request, read);
      const loaded = {
        session,
        request,
        sql: `SELECT s.*, t.${EVENT}, t.${AVAILABLE} FROM ${GOOD} s JOIN ${TIMES} t ON s.${ROW} = t.${ROW}`,
        read,
        rejected,
        declaredEarlier: times.declaredEarlier,
      };
      const written =
        source.id === undefined && key === null
          ? await this.write(loaded, {
              fields: Object.keys(source.fields),
              rows: `SELECT r.*, NULL AS ${POSITION} FROM (${loaded.sql}) r`,
              ...times,
              duplicates: 0,
              request: null,
              entering: () => {},
            })
          : await this.identities.turn(source.name, () => this.writeNew(loaded));
      return this.told(request, began, written);
    } finally {
      await session.close();
    }
  }

  /** What is told of a load that found nothing to read. */
  nothing(source: string, seconds: number): LoadOutcome {
    const { position } = this.identities.end;
    return { ...NOTHING, source, position, duplicates: 0, seconds, warnings: [] };
  }

  private told(request: LoadRequest, began: number, { stamp: _stamp, ...told }: Written): LoadOutcome {
    return {
      source: request.source.name,
      ...told,
      seconds: this.clock.elapsed() - began,
      warnings: this.warnings(request),
    };
  }

  /** Loads the files in one pass where that can be; resolves to null, with nothing done, where it cannot. */
  private async loadDirectly(session: OfflineSession, request: LoadRequest): Promise<Written | null> {
    const { source, onProgress } = request;
    const rows = await directRows(session, request);
    if (rows === null) return null;
    const phase = `write ${source.name}`;
    const share = (done: number): void =>
      onProgress?.({ phase, done: Math.floor(done * rows.count!), total: rows.count, unit: "rows" });
    onProgress?.({ phase, done: 0, total: rows.count, unit: "rows" });
    let entered = false;
    let committed: CommittedLoad | null;
    try {
      await rows.check();
      committed = await this.bulk.write(session, {
        stream: source.name,
        id: request.id,
        fields: Object.keys(source.fields),
        sql: rows.sql,
        inOrder: rows.inOrder,
        entering: () => void (entered = true),
        ...(request.notes === undefined ? {} : { notes: request.notes }),
        ...(onProgress === undefined || rows.count === null ? {} : { onShare: share }),
      });
    } catch (error) {
      // What is wrong, and where, is found out row by row.
      if (!entered && error instanceof AsofError && ofARow.has(error.code)) return null;
      throw error;
    }
    if (committed === null) return null;
    onProgress?.({ phase, done: committed.rows, total: committed.rows, unit: "rows" });
    const { loaded, ...told } = committed;
    const declaredEarlier = await this.availableBefore(session, loaded, request.now);
    return { ...told, declaredEarlier, duplicates: 0, rejected: 0, rejectsFile: null };
  }

  /** How many rows of a load's files were available before a moment. */
  private async availableBefore(
    session: OfflineSession,
    loaded: readonly LoadedFile[],
    moment: Timestamp,
  ): Promise<number> {
    const before = loaded.filter(({ maxAvailable }) => maxAvailable < moment);
    const across = loaded.filter((file) => file.minAvailable < moment && file.maxAvailable >= moment);
    const sum = before.reduce((rows, file) => rows + file.rows, 0);
    if (across.length === 0) return sum;
    const [found] = await session.rows(
      `SELECT count(*) AS n FROM ${sqlParquet(across.map(({ path }) => this.files.path(`${HISTORY}/${path}`)))} WHERE ${AVAILABLE} < make_timestamp(${moment})`,
      { n: { kind: "int64", nullable: false } },
    );
    return sum + Number(found.n);
  }

  /** Writes the rows that are not known yet, while nothing else is taken of the source, and has them known. */
  private async writeNew(loaded: Loaded): Promise<Written> {
    const { session, request, sql, declaredEarlier } = loaded;
    const { source, key, now, onProgress } = request;
    const { identities } = this;
    const identity = identityOf(source);
    onProgress?.({ phase: `compare ${source.name}`, done: 0, total: null, unit: "rows" });
    const sorted = await sortOut(session, identities, identity, { source, sql, now, key, declaredEarlier });
    const { duplicates } = sorted;
    if (sorted.request !== null) {
      const before = await answeredBefore(identities, source, sorted.request, this.clock.now(), sorted.earlier);
      if (before !== null) {
        await identities.durable;
        const { count, position, stamp } = before;
        return { ...NOTHING, duplicates: count, position, stamp };
      }
    }
    const rejected = sorted.conflicts === 0 ? loaded.rejected : await this.rejectConflicts(loaded, sorted);
    const release = identities.hold();
    let lacking = false;
    try {
      const entering = (): void => void (lacking = true);
      const written = await this.write({ ...loaded, rejected }, { ...sorted, entering });
      if (sorted.request !== null && written.rows > 0) remember(identities, source, sorted.request, written);
      if (identity !== null && written.rows > 0)
        await indexLoad(session, identities, identity, written.position, sorted.rows);
      lacking = false;
      if (sorted.request !== null && written.rows === 0 && identity !== null)
        await rememberAlone(identities, identity, sorted.request);
      return { ...written, duplicates };
    } catch (error) {
      // What is in the log and not in the index is brought there at the next start.
      if (lacking) identities.fail(error as Error);
      throw error;
    } finally {
      if (!lacking) {
        release();
        await identities.flush();
      }
    }
  }

  private async write(
    { session, request, sql, read, rejected }: Loaded,
    { fields, rows, declaredEarlier, duplicates, request: keyed, entering }: ToWrite,
  ): Promise<Written> {
    const { source, files, notes, onProgress } = request;
    const phase = `write ${source.name}`;
    onProgress?.({ phase, done: 0, total: read, unit: "rows" });
    const committed = await this.bulk.write(session, {
      stream: source.name,
      id: request.id,
      fields,
      sql: rows,
      ...(keyed === null ? {} : { request: keyed }),
      ...(notes === undefined ? {} : { notes }),
      entering,
    });
    const told = { declaredEarlier, duplicates, rejected: rejected.rows, rejectsFile: rejected.file };
    if (committed === null) {
      const [some] = await session.rows(`SELECT 1 AS n FROM (${sql}) LIMIT 1`, {
        n: { kind: "int32", nullable: false },
      });
      // What is known already is no mistake; what is not there is.
      if (some !== undefined) return { ...NOTHING, ...told, ...this.identities.end };
      throw new AsofError("ASOF_EMPTY", `${files.join(", ")}: no row was available in the range asked for`, {
        file: files.join(", "),
      });
    }
    onProgress?.({ phase, done: committed.rows, total: committed.rows, unit: "rows" });
    const { loaded: _files, ...written } = committed;
    return { ...written, ...told };
  }

  /** Refuses the load for rows of which other content is known, or sets them aside as well. */
  private async rejectConflicts(
    { session, request, rejected }: Loaded,
    { conflicts, first }: Sorted,
  ): Promise<Loaded["rejected"]> {
    const { source, files } = request;
    if (!request.rejects && first !== null)
      throw new AsofError(
        "ASOF_ID_CONFLICT",
        `${files.join(", ")}, row ${first.row + 1}: another record of ${first.id} is known (${conflicts} such rows in all; nothing was loaded)`,
        { source: source.name, file: files.join(", "), row: first.row + 1, id: first.id, badRows: conflicts },
      );
    const conflict = `SELECT ${ROW} FROM ${CONFLICTS}`;
    const file = await this.setAside(
      session,
      request,
      `SELECT * REPLACE (CASE WHEN ${ROW} IN (${conflict}) THEN 'ASOF_ID_CONFLICT' ELSE ${PROBLEM} END AS ${PROBLEM})
       FROM ${ALL} WHERE ${PROBLEM} IS NOT NULL OR ${ROW} IN (${conflict})`,
    );
    return { rows: rejected.rows + conflicts, file };
  }

  /** Reads the files into a table of the session, each field cast to its type beside a mark of what did not fit. */
  private async read(session: OfflineSession, request: LoadRequest): Promise<number> {
    const { source, files, onProgress } = request;
    onProgress?.({ phase: `read ${source.name}`, done: 0, total: null, unit: "rows" });
    const relation = relationOf(request);
    const described = await session.describe(`SELECT * FROM ${relation}`);
    const columns = fileColumns(source.fields, source.columns);
    const isThere = (field: string): boolean => described.some(({ name }) => name === columns[field]);
    if (Object.entries(source.fields).some(([field, type]) => !type.nullable && !isThere(field)))
      await this.refuseEmpty(session, relation, files);
    const casts = castFields(source, source.fields, described, files);
    const problem = problemSql(casts, source.fields);
    return session.run(
      `CREATE TEMP TABLE ${ALL} AS SELECT ${casts.map(({ field, cast }) => `${cast.value} AS ${sqlIdentifier(field)}`).join(", ")},
         ${problem} AS ${PROBLEM}, row_number() OVER () - 1 AS ${ROW} FROM ${relation}`,
    );
  }

  /** An empty file lacks every column, but that is not what is wrong with it. */
  private async refuseEmpty(session: OfflineSession, relation: string, files: readonly string[]): Promise<void> {
    const some = await session.rows(`SELECT 1 AS n FROM ${relation} LIMIT 1`, {
      n: { kind: "int32", nullable: false },
    });
    if (some.length === 0) throw nothingIn(files);
  }

  /** Refuses the load for its first bad row, or sets bad rows aside. */
  private async checkRows(
    session: OfflineSession,
    request: LoadRequest,
  ): Promise<{ rows: number; file: string | null }> {
    const { source } = request;
    const [bad] = await session.rows(
      `SELECT ${ROW} AS row, ${PROBLEM} AS problem, count(*) OVER () AS n FROM ${ALL} WHERE ${PROBLEM} IS NOT NULL ORDER BY ${ROW} LIMIT 1`,
      {
        row: { kind: "int64", nullable: false },
        problem: { kind: "string", nullable: false },
        n: { kind: "int64", nullable: false },
      },
    );
    await session.run(`CREATE TEMP VIEW ${GOOD} AS SELECT * FROM ${ALL} WHERE ${PROBLEM} IS NULL`);
    if (bad === undefined) return { rows: 0, file: null };
    if (!request.rejects)
      throw badRow(source.name, request.files, Number(bad.row), String(bad.problem), {
        badRows: Number(bad.n),
        more: ` (${String(bad.n)} bad rows in all; nothing was loaded)`,
      });
    const file = await this.setAside(session, request, `SELECT * FROM ${ALL} WHERE ${PROBLEM} IS NOT NULL`);
    return { rows: Number(bad.n), file };
  }

  /** Writes rows into the load's rejects file; resolves to its path. */
  private async setAside(session: OfflineSession, { id, source }: LoadRequest, rows: string): Promise<string> {
    await this.files.makeFolder(REJECTS);
    const file = this.files.path(`${REJECTS}/${id}.csv`);
    await session.run(
      `COPY (SELECT ${ROW} + 1 AS row, ${PROBLEM} AS problem, ${sqlList(Object.keys(source.fields))} FROM (${rows}) ORDER BY ${ROW}) TO ${sqlString(file)} (HEADER)`,
    );
    return file;
  }

  /** Computes both times of every row by the source's expressions; keeps the rows of the range asked for. */
  private async times(
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

  private warnings({ source, first }: LoadRequest): string[] {
    if (source.availableAt !== null) return [];
    return first
      ? [
          `source ${source.name} does not declare when its records were available: this first load takes their event time, as if each was known the moment it happened. If it was known later, training sees more than serving will: declare availableAt.`,
        ]
      : [
          `source ${source.name} does not declare when its records were available: those of this load are available from now on.`,
        ];
  }
}

/** Errors by which the engine says that some row is not as it must be. */
const ofARow: ReadonlySet<string> = new Set(["ASOF_SQL", "ASOF_TYPE", "ASOF_OVERFLOW"]);
const ALL = "asof_load_all";
const GOOD = "asof_load_good";
const TIMES = "asof_load_times";
const PROBLEM = "__problem";

const timeFields: Fields = {
  [ROW]: { kind: "int64", nullable: false },
  [EVENT]: { kind: "timestamp", nullable: false },
  [AVAILABLE]: { kind: "timestamp", nullable: false },
};

function nothingIn(files: readonly string[]): AsofError {
  return new AsofError("ASOF_EMPTY", `${files.join(", ")}: there are no rows`, { file: files.join(", ") });
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
