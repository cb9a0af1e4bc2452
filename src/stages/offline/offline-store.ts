import { ByteReader } from "../../core/codec/bytes.ts";
import { decodeLoad, type LoadEntry } from "../../core/codec/load-entry.ts";
import { availableOf, decodeRecords, ENTRY } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { Stream } from "../../core/definition/stream.ts";
import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { HISTORY } from "../../core/plan/folders.ts";
import { sqlList, sqlNothing, sqlParquet } from "../../core/plan/sql.ts";
import { type Batch, columnsOfRows } from "../../core/schema/column.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns } from "../../core/schema/system-columns.ts";
import type { LogEntry, LogPosition, LogReader } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, OfflineState, RegistryStore } from "../../ports/registry-store.ts";

/** Which part of a stream is asked for. */
export interface Part {
  /** Records and loads below this position. */
  readonly cut: LogPosition;
  /** Loads from this position on, and no single records: what came since. */
  readonly loadsFrom?: LogPosition;
  /** Loads below this position only, where single records are wanted up to a later cut. */
  readonly loadsUntil?: LogPosition;
  /** Only records whose event lies in [since, until): others may be there or not. */
  readonly events?: { readonly since: number; readonly until: number };
}

/**
 * History as one relation a stream: Parquet files and the log behind them, cut at one position, so that every
 * record counts once wherever it is at the moment.
 */
export class OfflineStore {
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly log: LogReader;
  private readonly schemas: StreamSchemas;

  constructor(parts: { registry: RegistryStore; files: FileStore; log: LogReader; schemas: StreamSchemas }) {
    this.registry = parts.registry;
    this.files = parts.files;
    this.log = parts.log;
    this.schemas = parts.schemas;
  }

  /**
   * Makes a part of a stream a view of the session: the stream's fields, `__event`, `__available`, `__position`.
   * Resolves to how many rows it has at the most.
   */
  async attach(session: OfflineSession, name: string, stream: Stream, part: Part): Promise<number> {
    const { files, tail } = await this.partOf(stream, part);
    const columns = sqlList(Object.keys(stream.fields));
    const selects: string[] = [];
    const select = (position: string, from: string, where = ""): void =>
      void selects.push(`SELECT ${columns}, ${EVENT}, ${AVAILABLE}, ${position} AS ${POSITION} FROM ${from}${where}`);
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
    for (const [position, paths] of byLoad) select(`${position}::BIGINT`, sqlParquet(paths));
    if (archives.length > 0)
      select(POSITION, sqlParquet(archives), ` WHERE ${POSITION} < ${Math.min(part.cut, Number.MAX_SAFE_INTEGER)}`);
    if (merged.length > 0) {
      const { from, until } = loadsOf(part);
      select(
        POSITION,
        sqlParquet(merged),
        ` WHERE ${POSITION} >= ${from} AND ${POSITION} < ${Math.min(until, Number.MAX_SAFE_INTEGER)}`,
      );
    }
    if (tail.length > 0) {
      const table = `${name}__tail`;
      await session.run(`DROP TABLE IF EXISTS ${sqlIdentifier(table)}`);
      await session.table(table, { ...stream.fields, ...systemColumns }, batchesOf(tail, stream));
      select(POSITION, sqlIdentifier(table));
    }
    if (selects.length === 0) selects.push(sqlNothing({ ...stream.fields, ...systemColumns }));
    await session.run(`CREATE OR REPLACE TEMP VIEW ${sqlIdentifier(name)} AS ${selects.join(" UNION ALL ")}`);
    return rows;
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
    return files.length === 0 && tail.length === 0;
  }

  /** How many records of each stream are in the log and not yet in Parquet. */
  async inLog(): Promise<ReadonlyMap<string, number>> {
    const { archived } = await this.registry.offlineState();
    const counts = new Map<string, number>();
    for await (const { stream, count, kind } of this.log.read(Math.max(archived, this.log.start)))
      if (kind === ENTRY.records) counts.set(stream, (counts.get(stream) ?? 0) + count);
    return counts;
  }

  private async partOf(stream: Stream, part: Part): Promise<{ files: OfflineFile[]; tail: Row[] }> {
    for (let attempt = 0; ; attempt++) {
      const { state, files } = await this.registry.offlineView(stream.name);
      try {
        return await this.readPart(stream, part, state, files);
      } catch (error) {
        // The log was dropped behind what has just been archived: look again.
        const dropped = error instanceof AsofError && (await this.registry.offlineState()).archived !== state.archived;
        if (!dropped || attempt === 3) throw error;
      }
    }
  }

  private async readPart(
    stream: Stream,
    part: Part,
    { archived, applied }: OfflineState,
    known: readonly OfflineFile[],
  ): Promise<{ files: OfflineFile[]; tail: Row[] }> {
    const { cut, loadsFrom } = part;
    const loads = loadsOf(part);
    const { since, until } = part.events ?? { since: -Infinity, until: Infinity };
    const wanted = (file: OfflineFile): boolean =>
      (file.kind === "load"
        ? file.position < loads.until && file.end > loads.from
        : file.position < cut && loadsFrom === undefined) &&
      file.maxEvent >= since &&
      file.minEvent < until;
    const files = known.filter(wanted);
    const tail: Row[] = [];
    for await (const entry of this.log.read(Math.max(archived, this.log.start))) {
      if (entry.position >= cut) break;
      if (entry.stream !== stream.name) continue;
      // Below `applied` the list of files speaks for the loads, even where it has merged their files.
      if (entry.kind === ENTRY.load && entry.position >= applied)
        files.push(...loadFiles(entry, decodeLoad(entry.payload)).filter(wanted));
      if (entry.kind === ENTRY.records && loadsFrom === undefined && entry.position + entry.count > archived)
        this.decode(entry, tail);
    }
    if (part.events !== undefined)
      return { files, tail: tail.filter((row) => (row[EVENT] as number) >= since && (row[EVENT] as number) < until) };
    return { files, tail };
  }

  private decode(entry: LogEntry, into: Row[]): void {
    decodeRecords(new ByteReader(entry.payload), entry.count, this.schemas.codecOf).forEach(({ event, row }, i) =>
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

function* batchesOf(rows: readonly Row[], stream: Stream): Generator<Batch> {
  for (let i = 0; i < rows.length; i += TAIL_BATCH)
    yield columnsOfRows({ ...stream.fields, ...systemColumns }, rows.slice(i, i + TAIL_BATCH));
}
