import { ByteReader } from "../../core/codec/bytes.ts";
import { decodeLoad, type LoadEntry } from "../../core/codec/load-entry.ts";
import { availableOf, decodeRecords, ENTRY } from "../../core/codec/record-batch.ts";
import { decodeDropped, DROPPED } from "../../core/codec/dropped-history.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { decodeWithdrawals } from "../../core/codec/withdrawals.ts";
import { type Stream, TARGET } from "../../core/definition/stream.ts";
import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { HISTORY } from "../../core/plan/folders.ts";
import { sqlConformed } from "../../core/plan/stream-files.ts";
import { sqlList, sqlNothing, sqlParquet, sqlParquetWith } from "../../core/plan/sql.ts";
import { type Batch, columnsOfRows } from "../../core/schema/column.ts";
import type { Fields, Row, Value } from "../../core/schema/data-type.ts";
import {
  AVAILABLE,
  EVENT,
  POSITION,
  systemColumns,
  WITHDRAWN,
  withdrawnColumn,
} from "../../core/schema/system-columns.ts";
import { formatTimestamp, type Timestamp } from "../../core/time/timestamp.ts";
import type { LogEntry, LogPosition, LogReader } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, OfflineState, RegistryStore } from "../../ports/registry-store.ts";
import type { StartTableThread } from "../../ports/table-thread.ts";

/** Which part of a stream is asked for. */
export interface Part {
  /** Records and loads below this position. */
  readonly cut: LogPosition;
  /** Loads from this position on, and no single records: what came since. */
  readonly loadsFrom?: LogPosition;
  /** Loads below this position only, where single records are wanted up to a later cut. */
  readonly loadsUntil?: LogPosition;
  /** Records and loads from this position on; others may be there or not. */
  readonly from?: LogPosition;
  /** Only records whose event lies in [since, until): others may be there or not. */
  readonly events?: { readonly since: number; readonly until: number };
  /** Whatever is held of it, also where days were dropped that belong to it: else that is refused. */
  readonly held?: true;
}

/** Where a part of a stream is. */
interface FoundPart {
  readonly files: OfflineFile[];
  /** Records of the log. */
  readonly tail: Row[];
  /** What was withdrawn of them, in files and in the log. */
  readonly withdrawn: { readonly files: OfflineFile[]; readonly tail: Row[] };
}

/**
 * History as one relation a stream: Parquet files and the log behind them, cut at one position, so that every
 * record counts once wherever it is at the moment.
 */
export class OfflineStore {
  /** Starts a thread that helps with what is read; null where all is done on this one. */
  readonly startThread: StartTableThread | null;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly log: LogReader;
  private readonly schemas: StreamSchemas;

  constructor(parts: {
    registry: RegistryStore;
    files: FileStore;
    log: LogReader;
    schemas: StreamSchemas;
    startThread?: StartTableThread | null;
  }) {
    this.startThread = parts.startThread ?? null;
    this.registry = parts.registry;
    this.files = parts.files;
    this.log = parts.log;
    this.schemas = parts.schemas;
  }

  /**
   * Makes a part of a stream a view of the session: the stream's fields, `__event`, `__available`, `__position`, and
   * `__withdrawn` where its records can be withdrawn. Resolves to how many rows it has at the most.
   * @throws ASOF_BEFORE_RETENTION where days of it were dropped
   */
  async attach(session: OfflineSession, name: string, stream: Stream, part: Part): Promise<number> {
    const { files, tail, withdrawn } = await this.partOf(stream, part);
    // After the files were listed, as days are dropped from the list and noted in one step.
    await this.mustHold(stream.name, part);
    if (files.length + tail.length > 0) this.schemas.mustBeReadable(stream);
    const { withdrawals } = stream;
    const columns = sqlList([...Object.keys(stream.fields), EVENT, AVAILABLE]);
    const selects: string[] = [];
    const changed = this.schemas.hasChanged(stream);
    const archived = (paths: string[]): string => (changed ? sqlConformed(paths, stream) : sqlParquet(paths));
    // Loads of a source with an id know what was withdrawn before them, unless they are from before it had one.
    const loaded = (paths: string[]): string => {
      if (withdrawals === undefined) return archived(paths);
      return changed ? sqlConformed(paths, stream, withdrawnColumn) : sqlParquetWith(paths, withdrawnColumn);
    };
    const select = (position: string, from: string, where = "", isLoad = false): void => {
      const known =
        withdrawals === undefined ? "" : `, ${isLoad ? WITHDRAWN : "CAST(NULL AS TIMESTAMP)"} AS ${WITHDRAWN}`;
      selects.push(`SELECT ${columns}, ${position} AS ${POSITION}${known} FROM ${from}${where}`);
    };
    const byLoad = new Map<LogPosition, string[]>();
    const archives: string[] = [];
    const merged: string[] = [];
    let rows = tail.length;
    for (const file of files) {
      rows += file.rows;
      const path = this.files.path(`${HISTORY}/${file.path}`);
      if (file.kind === "archive") archives.push(path);
      else if (file.end > file.position + 1) merged.push(path);
      else byLoad.set(file.position, [...(byLoad.get(file.position) ?? []), path]);
    }
    for (const [position, paths] of byLoad) select(`${position}::BIGINT`, loaded(paths), "", true);
    if (archives.length > 0)
      select(POSITION, archived(archives), ` WHERE ${POSITION} < ${Math.min(part.cut, Number.MAX_SAFE_INTEGER)}`);
    if (merged.length > 0) {
      const { from, until } = loadsOf(part);
      select(
        POSITION,
        loaded(merged),
        ` WHERE ${POSITION} >= ${from} AND ${POSITION} < ${Math.min(until, Number.MAX_SAFE_INTEGER)}`,
        true,
      );
    }
    if (tail.length > 0) {
      const table = `${name}__tail`;
      await session.run(`DROP TABLE IF EXISTS ${sqlIdentifier(table)}`);
      await session.table(
        table,
        { ...stream.fields, ...systemColumns },
        batchesOf(tail, { ...stream.fields, ...systemColumns }),
      );
      select(POSITION, sqlIdentifier(table));
    }
    const nothing = { ...stream.fields, ...systemColumns, ...(withdrawals === undefined ? {} : withdrawnColumn) };
    if (selects.length === 0) selects.push(sqlNothing(nothing));
    let sql = selects.join(" UNION ALL ");
    if (withdrawals !== undefined && withdrawn.files.length + withdrawn.tail.length > 0) {
      const taken = await this.attachWithdrawals(session, name, withdrawals, withdrawn, part.cut);
      const of = Object.keys(withdrawals.fields).filter((field) => field !== TARGET);
      const same = [
        `h.${POSITION} = w.${TARGET}`,
        ...of.map((id) => `h.${sqlIdentifier(id)} = w.${sqlIdentifier(id)}`),
      ];
      sql = `SELECT h.* REPLACE (least(h.${WITHDRAWN}, w.${AVAILABLE}) AS ${WITHDRAWN})
             FROM (${sql}) h LEFT JOIN ${taken} w ON ${same.join(" AND ")}`;
    }
    await session.run(`CREATE OR REPLACE TEMP VIEW ${sqlIdentifier(name)} AS ${sql}`);
    return rows;
  }

  /** Makes the withdrawals of a part a table of the session: the first of each record. Resolves to its name. */
  private async attachWithdrawals(
    session: OfflineSession,
    name: string,
    stream: Stream,
    { files, tail }: FoundPart["withdrawn"],
    cut: LogPosition,
  ): Promise<string> {
    const fields = { ...stream.fields, ...systemColumns };
    const selects: string[] = [];
    const record = sqlList(Object.keys(stream.fields));
    const paths = files.map((file) => this.files.path(`${HISTORY}/${file.path}`));
    if (paths.length > 0)
      selects.push(
        `SELECT ${record}, ${AVAILABLE} FROM ${sqlParquet(paths)} WHERE ${POSITION} < ${Math.min(cut, Number.MAX_SAFE_INTEGER)}`,
      );
    const table = sqlIdentifier(`${name}__withdrawn`);
    const inLog = `${name}__withdrawn_tail`;
    if (tail.length > 0) {
      await session.run(`DROP TABLE IF EXISTS ${sqlIdentifier(inLog)}`);
      await session.table(inLog, fields, batchesOf(tail, fields));
      selects.push(`SELECT ${record}, ${AVAILABLE} FROM ${sqlIdentifier(inLog)}`);
    }
    await session.run(
      `CREATE OR REPLACE TEMP TABLE ${table} AS
       SELECT ${record}, min(${AVAILABLE}) AS ${AVAILABLE} FROM (${selects.join(" UNION ALL ")}) GROUP BY ${record}`,
    );
    return table;
  }

  /** What `attach` would count for events of a stretch [since, until), for any stretch. */
  async rowsWithin(stream: Stream, part: Part): Promise<(since: number, until: number) => number> {
    const { files, tail } = await this.partOf(stream, part);
    return (since, until) =>
      files.reduce(
        (rows, file) => rows + (file.maxEvent >= since && file.minEvent < until ? file.rows : 0),
        tail.length,
      );
  }

  /** The position behind the newest load of these streams below the cut; 0 without one. */
  async loadedUntil(streams: readonly string[], cut: LogPosition): Promise<LogPosition> {
    let until = 0;
    for (const stream of streams)
      for (const file of await this.registry.files(stream, cut))
        if (file.kind === "load") until = Math.max(until, Math.min(file.end, cut));
    return until;
  }

  /** Whether a stream has anything at all. */
  async isEmpty(stream: Stream): Promise<boolean> {
    const { files, tail } = await this.partOf(stream, { cut: this.log.end });
    return files.length === 0 && tail.length === 0 && (await this.horizonOf(stream.name)) === null;
  }

  /** From which event on all records of a stream are held; null where nothing was ever dropped of it. */
  async horizonOf(stream: string): Promise<Timestamp | null> {
    return decodeDropped(await this.registry.note(DROPPED))[stream]?.horizon ?? null;
  }

  private async mustHold(stream: string, { events, held }: Part): Promise<void> {
    if (held === true) return;
    const horizon = await this.horizonOf(stream);
    const since = events?.since ?? -Infinity;
    if (horizon === null || since >= horizon) return;
    const from = formatTimestamp(horizon);
    const needed = Number.isFinite(since) ? formatTimestamp(since) : null;
    throw new AsofError(
      "ASOF_BEFORE_RETENTION",
      `source ${stream} is kept from ${from} on, by its retention, and ${needed === null ? "all of it is" : `records from ${needed} on are`} needed`,
      { source: stream, horizon: from, needed },
    );
  }

  /** How many records of each stream are in the log and not yet in Parquet. */
  async inLog(): Promise<ReadonlyMap<string, number>> {
    const { archived } = await this.registry.offlineState();
    const counts = new Map<string, number>();
    for await (const { stream, count, kind } of this.log.read(Math.max(archived, this.log.start)))
      if (kind === ENTRY.records) counts.set(stream, (counts.get(stream) ?? 0) + count);
    return counts;
  }

  private async partOf(stream: Stream, part: Part): Promise<FoundPart> {
    const { withdrawals } = stream;
    for (let attempt = 0; ; attempt++) {
      // Records and their withdrawals are in two streams, and must be of one view.
      const { state, files } = await this.registry.offlineView(withdrawals === undefined ? stream.name : undefined);
      // The log may be dropped meanwhile, behind what has just been archived: look again.
      const isPast = async (): Promise<boolean> => (await this.registry.offlineState()).archived !== state.archived;
      try {
        const found = await this.readPart(stream, part, state, files);
        if (this.log.start <= state.archived || !(await isPast())) return found;
      } catch (error) {
        if (!(error instanceof AsofError) || attempt === 3 || !(await isPast())) throw error;
      }
    }
  }

  private async readPart(
    stream: Stream,
    part: Part,
    { archived, applied }: OfflineState,
    known: readonly OfflineFile[],
  ): Promise<FoundPart> {
    const { cut, loadsFrom } = part;
    const loads = loadsOf(part);
    const { from = 0 } = part;
    const { since, until } = part.events ?? { since: -Infinity, until: Infinity };
    const wanted = (file: OfflineFile): boolean =>
      (file.kind === "load"
        ? file.position < loads.until && file.end > loads.from
        : file.position < cut && loadsFrom === undefined) &&
      file.end > from &&
      file.maxEvent >= since &&
      file.minEvent < until;
    const { withdrawals } = stream;
    const files = known.filter((file) => file.stream === stream.name && wanted(file));
    const tail: Row[] = [];
    const withdrawn: FoundPart["withdrawn"] = {
      files: known.filter((file) => file.stream === withdrawals?.name && wanted(file)),
      tail: [],
    };
    for await (const entry of this.log.read(Math.max(archived, this.log.start, from))) {
      if (entry.position >= cut) break;
      if (entry.stream !== stream.name) continue;
      // Below `applied` the list of files speaks for the loads, even where it has merged their files.
      if (entry.kind === ENTRY.load && entry.position >= applied)
        files.push(...loadFiles(entry, decodeLoad(entry.payload)).filter(wanted));
      if (entry.kind === ENTRY.records && loadsFrom === undefined && entry.position + entry.count > archived)
        this.decode(entry, stream, tail);
      if (entry.kind === ENTRY.withdrawals && withdrawals !== undefined && entry.position + entry.count > archived)
        this.decodeWithdrawn(entry, withdrawals, withdrawn.tail);
    }
    if (part.events === undefined) return { files, tail, withdrawn };
    const within = (rows: Row[]): Row[] =>
      rows.filter((row) => (row[EVENT] as number) >= since && (row[EVENT] as number) < until);
    return { files, tail: within(tail), withdrawn: { files: withdrawn.files, tail: within(withdrawn.tail) } };
  }

  private decodeWithdrawn(entry: LogEntry, { fields }: Stream, into: Row[]): void {
    const withdrawn = decodeWithdrawals(new ByteReader(entry.payload), entry.count, this.schemas.codecOf);
    for (const [i, { origin, target, event, withdrawn: since, row }] of withdrawn.entries()) {
      if (origin === "nowhere") continue;
      const record: Record<string, Value> = {
        [TARGET]: BigInt(target),
        [EVENT]: event,
        [AVAILABLE]: since,
        [POSITION]: BigInt(entry.position + i),
      };
      for (const id of Object.keys(fields)) if (id !== TARGET) record[id] = row[id];
      into.push(record);
    }
  }

  private decode(entry: LogEntry, stream: Stream, into: Row[]): void {
    const codecOf = this.schemas.codecsOf(stream);
    decodeRecords(new ByteReader(entry.payload), entry.count, codecOf).forEach(({ event, row }, i) =>
      into.push({
        ...row,
        [EVENT]: event,
        [AVAILABLE]: availableOf(event, entry.stamp + i),
        [POSITION]: BigInt(entry.position + i),
      }),
    );
  }
}

/** The positions of the loads that a part has: [from, until). */
function loadsOf({ cut, loadsFrom = 0, loadsUntil = Infinity }: Part): { from: LogPosition; until: LogPosition } {
  return { from: loadsFrom, until: Math.min(cut, loadsUntil) };
}

/** The files of a load as the registry lists them. */
export function loadFiles({ position }: { readonly position: LogPosition }, load: LoadEntry): OfflineFile[] {
  return load.files.map((file) => ({ ...file, stream: load.stream, kind: "load", position, end: position + 1 }));
}

const TAIL_BATCH = 65_536;

function* batchesOf(rows: readonly Row[], fields: Fields): Generator<Batch> {
  for (let i = 0; i < rows.length; i += TAIL_BATCH) yield columnsOfRows(fields, rows.slice(i, i + TAIL_BATCH));
}
