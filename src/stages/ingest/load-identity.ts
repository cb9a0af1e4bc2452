import { ContentSum } from "../../core/codec/content-digest.ts";
import type { KeyedRequest } from "../../core/codec/keyed-request.ts";
import { rowCodec } from "../../core/codec/row-codec.ts";
import { ByteWriter } from "../../core/codec/bytes.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { sourceStream } from "../../core/definition/stream.ts";
import { type Identity, met, onInsert, recorded, unknown, type Version } from "../../core/identity/identity.ts";
import { HISTORY } from "../../core/plan/folders.ts";
import { sqlList } from "../../core/plan/sql.ts";
import { sqlConformed } from "../../core/plan/stream-files.ts";
import { type Batch, columnsOfRows, rowAt } from "../../core/schema/column.ts";
import type { DataType, Fields, Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, WITHDRAWN, withdrawnColumn } from "../../core/schema/system-columns.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile } from "../../ports/registry-store.ts";
import { type Identities, keyText } from "./identities.ts";
import type { SourceIdentity } from "./source-identity.ts";

/** Rows of a load, as a query that gives the fields of the source, `ROW`, `__event` and `__available`. */
export interface LoadRows {
  readonly source: SourceDefinition;
  readonly sql: string;
  /** What the moment is, and how many rows are declared known earlier. */
  readonly now: Timestamp;
  readonly declaredEarlier: number;
  /** The idempotency key of the request; null without one. */
  readonly key: string | null;
}

/** What identity makes of the rows of a load. */
export interface Sorted {
  /** Rows that are known already, or are twice in the files. */
  readonly duplicates: number;
  /** Rows that are known with other content: how many, and the first in the order of the files. */
  readonly conflicts: number;
  readonly first: { readonly row: number; readonly id: string } | null;
  /** Rows to write that are declared known earlier than their load. */
  readonly declaredEarlier: number;
  readonly request: KeyedRequest | null;
  /** The request's digests in the shapes that the source had before. */
  readonly earlier: () => readonly string[];
  /** The rows to write, with `__position` and, where the source has an `id`, `__withdrawn`. */
  readonly fields: readonly string[];
  readonly rows: string;
}

/** Numbers the rows of the files, from 0. */
export const ROW = "__row";
/** The rows that are known with other content. */
export const CONFLICTS = "asof_load_conflicts";

const DUPLICATES = "asof_load_duplicates";
const MARKED = "asof_load_marked";
const rowType: DataType = { kind: "int64", nullable: false };
const timeType: DataType = { kind: "timestamp", nullable: false };
const withdrawnType: DataType = { kind: "timestamp", nullable: true };
const BATCH = 65_536;
/** Ids that are committed at once: in the order of their keys, so that each commit touches few places. */
const INDEXED = 32_768;

/**
 * Sorts out which rows of a load are new, in the source's turn. A row that a retraction waits for is new, and is
 * written with that as its `__withdrawn`.
 */
export async function sortOut(
  session: OfflineSession,
  identities: Identities,
  source: SourceIdentity | null,
  { source: definition, sql, now, key, declaredEarlier: all }: LoadRows,
): Promise<Sorted> {
  const names = Object.keys(definition.fields);
  const fields: Fields = { ...definition.fields, [ROW]: rowType, [AVAILABLE]: timeType };
  const order = source === null ? "" : ` ORDER BY ${sqlList([...source.order, ROW])}`;
  const query = `SELECT ${sqlList([...names, ROW])}, ${AVAILABLE} FROM (${sql})${order}`;
  const codec = rowCodec(definition.fields);
  const buffer = new ByteWriter();
  const sum = key === null ? null : new ContentSum();
  const earlier = identities.earlierSums(sourceStream(definition));
  const fresh = source === null || (await identities.isEmpty(definition.name));
  if (source !== null && fresh && key === null && !(await hasTwice(session, source, sql)))
    return {
      duplicates: 0,
      conflicts: 0,
      first: null,
      request: null,
      earlier: () => [],
      declaredEarlier: all,
      fields: [...names, WITHDRAWN],
      rows: `SELECT r.*, NULL AS ${POSITION}, CAST(NULL AS TIMESTAMP) AS ${WITHDRAWN} FROM (${sql}) r`,
    };
  const [duplicates, conflicts] = [new RowNumbers(), new RowNumbers()];
  const marked: Row[] = [];
  let first: Sorted["first"] = null;
  let declaredEarlier = 0;
  let last = "";
  let identity: Identity = unknown;
  for await (const batch of session.columns(query, fields)) {
    const rows = Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i));
    const keys = source === null ? [] : rows.map((row) => source.key(row));
    const known = fresh ? null : await identities.lookUp(source, keys);
    for (const [i, row] of rows.entries()) {
      const number = Number(row[ROW]);
      if (sum !== null) {
        buffer.reset();
        codec.encode(buffer, row);
        sum.add(buffer.view());
        earlier.add(row);
      }
      if (source !== null) {
        const text = keyText(keys[i]);
        // Rows of one id are next to one another, in the order of the files.
        if (text !== last) identity = known?.[i] ?? unknown;
        last = text;
        const content = source.content(row);
        const verdict = onInsert(identity, content, () => identities.earlier(source.stream, row));
        if (verdict === "duplicate") duplicates.add(number);
        if (verdict === "conflict") {
          conflicts.add(number);
          if (first === null || number < first.row) first = { row: number, id: source.text(row) };
        }
        if (verdict === "duplicate" || verdict === "conflict") continue;
        if (verdict === "withdrawn") marked.push({ [ROW]: row[ROW], [WITHDRAWN]: identity.waiting });
        identity = verdict === "new" ? recorded(identity, placed(content)) : met(identity, content.row);
      }
      if ((row[AVAILABLE] as number) < now) declaredEarlier++;
    }
  }
  let rows = `SELECT r.*, NULL AS ${POSITION} FROM (${sql}) r`;
  if (source !== null) {
    await session.table(DUPLICATES, { [ROW]: rowType }, duplicates.batches());
    await session.table(CONFLICTS, { [ROW]: rowType }, conflicts.batches());
    const fieldsOfMarks: Fields = { [ROW]: rowType, [WITHDRAWN]: timeType };
    await session.table(MARKED, fieldsOfMarks, batchesOf(fieldsOfMarks, marked));
    rows = `SELECT r.*, NULL AS ${POSITION}, m.${WITHDRAWN} FROM (${sql}) r
            LEFT JOIN ${MARKED} m ON r.${ROW} = m.${ROW}
            ANTI JOIN (SELECT ${ROW} FROM ${DUPLICATES} UNION ALL SELECT ${ROW} FROM ${CONFLICTS}) d ON r.${ROW} = d.${ROW}`;
  }
  return {
    duplicates: duplicates.size,
    conflicts: conflicts.size,
    first,
    declaredEarlier,
    request: key === null || sum === null ? null : { key, count: sum.rows, digest: sum.digest() },
    earlier: () => earlier.digests(),
    fields: source === null ? names : [...names, WITHDRAWN],
    rows,
  };
}

/** Whether an id is in rows twice. */
async function hasTwice(session: OfflineSession, { order }: SourceIdentity, rows: string): Promise<boolean> {
  const found = await session.rows(
    `SELECT 1 AS n FROM (SELECT ${sqlList(order)} FROM (${rows}) GROUP BY ALL HAVING count(*) > 1) LIMIT 1`,
    { n: { kind: "int32", nullable: false } },
  );
  return found.length > 0;
}

/** Brings the rows of a load that is in the log into the index: fields, times and `__withdrawn`. */
export async function indexLoad(
  session: OfflineSession,
  identities: Identities,
  source: SourceIdentity,
  position: LogPosition,
  rows: string,
): Promise<void> {
  const { fields } = source.source;
  const types: Fields = { ...fields, [EVENT]: timeType, [AVAILABLE]: timeType, [WITHDRAWN]: withdrawnType };
  const query = `SELECT ${sqlList(Object.keys(types))} FROM (${rows}) ORDER BY ${sqlList(source.order)}`;
  let entered: (readonly [Uint8Array, Identity])[] = [];
  for await (const batch of session.columns(query, types)) {
    const awaited: Row[] = [];
    for (let i = 0; i < batch.rows; i++) {
      const row = rowAt(batch, i);
      if (row[WITHDRAWN] !== null) awaited.push(row);
      // What a load brings and no retraction waited for was not known at all.
      else {
        const [event, available] = [row[EVENT] as number, row[AVAILABLE] as number];
        const version: Version = { position, origin: "load", event, available, ...source.content(row) };
        entered.push([source.key(row), recorded(unknown, version)]);
      }
    }
    if (awaited.length > 0) {
      const keys = awaited.map((row) => source.key(row));
      const known = await identities.lookUp(source, keys);
      for (const [i, row] of awaited.entries()) identities.put(keys[i], met(known[i], source.content(row).row));
      await identities.flushSome();
    }
    if (entered.length < INDEXED) continue;
    await identities.enter(entered);
    entered = [];
  }
  await identities.enter(entered);
}

/** The rows of a load among the files of history. */
export function rowsOfLoad(
  files: readonly OfflineFile[],
  store: FileStore,
  source: SourceDefinition,
  load: LogPosition,
): string | null {
  const columns = sqlList([...Object.keys(source.fields), EVENT, AVAILABLE, WITHDRAWN]);
  const of = files.filter(({ kind, position, end }) => kind === "load" && position <= load && load < end);
  if (of.length === 0) return null;
  return of
    .map(
      ({ path, position }) =>
        // A load may be from before the fields of its source have changed.
        `SELECT ${columns} FROM ${sqlConformed([store.path(`${HISTORY}/${path}`)], sourceStream(source), withdrawnColumn)}
         WHERE coalesce(${POSITION}, ${position}) = ${load}`,
    )
    .join(" UNION ALL ");
}

/** A version before it is known where it comes to be: its content is what decides. */
function placed(content: Pick<Version, "schema" | "row">): Version {
  return { position: -1, origin: "load", event: 0, available: 0, ...content };
}

/** Numbers of rows, of which there may be many. */
class RowNumbers {
  private readonly full: BigInt64Array[] = [];
  private last = new BigInt64Array(BATCH);
  private filled = 0;

  get size(): number {
    return this.full.length * BATCH + this.filled;
  }

  add(row: number): void {
    if (this.filled === BATCH) {
      this.full.push(this.last);
      this.last = new BigInt64Array(BATCH);
      this.filled = 0;
    }
    this.last[this.filled++] = BigInt(row);
  }

  *batches(): Generator<Batch> {
    for (const [i, values] of [...this.full, this.last].entries())
      yield {
        rows: i < this.full.length ? BATCH : this.filled,
        columns: { [ROW]: { type: rowType, values, valid: null } },
      };
  }
}

function* batchesOf(fields: Fields, rows: readonly Row[]): Generator<Batch> {
  for (let i = 0; i < rows.length; i += BATCH) yield columnsOfRows(fields, rows.slice(i, i + BATCH));
}
