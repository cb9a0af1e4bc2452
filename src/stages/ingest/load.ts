import { AsofError } from "../../core/errors.ts";
import type { LoadedFile } from "../../core/codec/load-entry.ts";
import { HISTORY } from "../../core/plan/folders.ts";
import { sqlParquet } from "../../core/plan/sql.ts";
import type { LoadOutcome } from "../../core/result/outcomes.ts";
import { AVAILABLE, POSITION } from "../../core/schema/system-columns.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { BulkWriter, CommittedLoad } from "./bulk-writer.ts";
import { directRows } from "./direct-rows.ts";
import { rememberAlone } from "./entry-group.ts";
import type { Identities } from "./identities.ts";
import { indexLoad, sortOut, type Sorted } from "./load-identity.ts";
import type { LoadRequest } from "./load-request.ts";
import { checkRows, nothingIn, readFiles, type Rejected, rejectConflicts } from "./load-table.ts";
import { computeTimes, TIMED } from "./load-times.ts";
import { answeredBefore, checkIdempotencyKey, remember } from "./requests.ts";
import { identityOf } from "./source-identity.ts";

/** A load whose rows are read and checked. */
interface Loaded {
  readonly session: OfflineSession;
  readonly request: LoadRequest;
  /** The rows with their times. */
  readonly sql: string;
  readonly read: number;
  readonly rejected: Rejected;
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
      const read = await readFiles(session, request);
      if (read === 0) throw nothingIn(request.files);
      const rejected = await checkRows(session, this.files, request);
      const times = await computeTimes(session, request, read);
      const loaded = {
        session,
        request,
        sql: TIMED,
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
    const rejected =
      sorted.conflicts === 0
        ? loaded.rejected
        : await rejectConflicts(session, this.files, request, sorted, loaded.rejected);
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
