import type { Definition, SourceDefinition } from "../../core/definition/data.ts";
import {
  REMEMBERED,
  rememberedStream,
  REQUEST,
  requestsStream,
  type Stream,
  TARGET,
} from "../../core/definition/stream.ts";
import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { type Identity, together, unknown } from "../../core/identity/identity.ts";
import { HISTORY } from "../../core/plan/folders.ts";
import { sqlList, sqlNothing, sqlParquet } from "../../core/plan/sql.ts";
import { sqlConformed } from "../../core/plan/stream-files.ts";
import { rowAt } from "../../core/schema/column.ts";
import type { DataType, Fields, Kind, Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, WITHDRAWN } from "../../core/schema/system-columns.ts";
import { widens } from "../../core/schema/widening.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import { contentDigest } from "../../core/codec/content-digest.ts";
import { type Identities, keyText } from "./identities.ts";
import { expiryOf, remember } from "./requests.ts";
import { identityOf, type SourceIdentity } from "./source-identity.ts";

interface Parts {
  readonly registry: RegistryStore;
  readonly files: FileStore;
  /** Every definition that there is, or ever was; the present ones last. */
  readonly definitions: readonly Definition[];
  readonly sources: readonly SourceDefinition[];
  /** What is in Parquet: the log below this position. */
  readonly archived: LogPosition;
}

const COUNT: DataType = { kind: "int64", nullable: false };
const TIME: DataType = { kind: "timestamp", nullable: false };
const MAYBE_TIME: DataType = { kind: "timestamp", nullable: true };
const FLAG: DataType = { kind: "boolean", nullable: false };

const TAKEN = "__taken";
const LOADED = "__loaded";
/** Ids that are committed at once: in the order of their keys, so that each commit touches few places. */
const INDEXED = 32_768;

/**
 * Makes the index of identities again from Parquet: from the records of sources with an `id`, from what of them was
 * withdrawn, from what else is remembered of ids, and from requests. It then has the log up to `archived`.
 */
export async function rebuildIdentities(session: OfflineSession, identities: Identities, parts: Parts): Promise<void> {
  await identities.clear();
  const release = identities.hold(identities.position);
  try {
    for (const definition of parts.sources) {
      await requestsOf(session, identities, definition, parts);
      const source = identityOf(definition);
      if (source !== null) await new SourceRebuild(session, identities, source, parts).run();
    }
    await identities.flush();
  } finally {
    release();
  }
  await identities.madeUpTo(parts.archived);
}

async function requestsOf(
  session: OfflineSession,
  identities: Identities,
  source: SourceDefinition,
  { registry, files, archived }: Parts,
): Promise<void> {
  const { name, fields } = requestsStream(source.name);
  const paths = (await registry.files(name)).map((file) => pathOf(files, file));
  if (paths.length === 0) return;
  const types: Fields = { ...fields, [POSITION]: COUNT, [EVENT]: TIME };
  const sql = `SELECT ${sqlList(Object.keys(types))} FROM ${sqlParquet(paths)} WHERE ${POSITION} < ${archived} ORDER BY ${POSITION}`;
  for await (const batch of session.columns(sql, types)) {
    for (let i = 0; i < batch.rows; i++) {
      const row = rowAt(batch, i);
      const [key, digest] = [row[REQUEST.key] as string, row[REQUEST.digest] as string];
      const at = { position: Number(row[POSITION]), stamp: row[EVENT] as number };
      remember(identities, source, { key, count: Number(row[REQUEST.count]), digest }, at);
    }
    await identities.flushSome();
  }
}

class SourceRebuild {
  private readonly session: OfflineSession;
  private readonly identities: Identities;
  private readonly source: SourceIdentity;
  private readonly parts: Parts;
  private readonly ids: readonly string[];
  private readonly taken: string;
  private isEmpty = true;

  constructor(session: OfflineSession, identities: Identities, source: SourceIdentity, parts: Parts) {
    this.session = session;
    this.identities = identities;
    this.source = source;
    this.parts = parts;
    this.ids = Object.keys(source.fields);
    this.taken = sqlIdentifier(`asof_withdrawn ${source.source.name}`);
  }

  async run(): Promise<void> {
    const { withdrawals } = this.source.stream;
    if (withdrawals === undefined) return;
    await this.attachWithdrawals(withdrawals);
    const files = await this.parts.registry.files(this.source.source.name);
    const bySchema = Map.groupBy(
      await Promise.all(files.map(async (file) => ({ file, ...(await this.schemaOf(file)) }))),
      ({ definition }) => definition,
    );
    for (const [definition, of] of bySchema) await this.records(identityOf(definition)!, of);
    await this.remembered(withdrawals, await this.meetings(files));
    await this.session.run(`DROP TABLE ${this.taken}`);
  }

  private async attachWithdrawals({ name, fields }: Stream): Promise<void> {
    const paths = (await this.parts.registry.files(name)).map((file) => pathOf(this.parts.files, file));
    const columns = sqlList(Object.keys(fields));
    const from =
      paths.length === 0
        ? `(${sqlNothing(fields)})`
        : `(SELECT DISTINCT ${columns} FROM ${sqlParquet(paths)} WHERE ${POSITION} < ${this.parts.archived})`;
    await this.session.run(`CREATE OR REPLACE TEMP TABLE ${this.taken} AS SELECT ${columns} FROM ${from}`);
  }

  /**
   * The definition by which the rows of a file are read: the newest whose fields are the columns that it has. Files of
   * several shapes may have been merged: theirs is the newest that holds what is in all of them, to which rows are conformed.
   */
  private async schemaOf(file: OfflineFile): Promise<WrittenBy> {
    const described = await this.session.describe(`SELECT * FROM ${sqlParquet([pathOf(this.parts.files, file)])}`);
    const kinds = new Map(described.map(({ name, kind }) => [name, kind]));
    const marked = kinds.has(WITHDRAWN);
    for (const name of [EVENT, AVAILABLE, POSITION, WITHDRAWN]) kinds.delete(name);
    const { source } = this.source;
    const ever = this.parts.definitions.filter(
      (one): one is SourceDefinition => one.kind === "source" && one.name === source.name,
    );
    const fits = ({ fields }: SourceDefinition): boolean =>
      Object.keys(fields).length === kinds.size &&
      Object.entries(fields).every(([name, { kind }]) => kinds.get(name) === kind);
    const all = [...ever, source];
    const found = all.findLast(fits) ?? all.findLast((one) => holds(one, kinds));
    if (found === undefined || !this.ids.every((name) => Object.hasOwn(found.fields, name)))
      throw new AsofError(
        "ASOF_CORRUPT",
        `${file.path}: no definition of source ${source.name} has had the columns of this file`,
        { part: "offline", source: source.name, file: file.path },
      );
    // Under its present id, whatever named the record then.
    return { definition: found === source ? source : withId(found, source), marked };
  }

  private async records(
    source: SourceIdentity,
    files: readonly (WrittenBy & { readonly file: OfflineFile })[],
  ): Promise<void> {
    const { fields } = source.source;
    const types: Fields = {
      ...fields,
      [EVENT]: TIME,
      [AVAILABLE]: TIME,
      [POSITION]: COUNT,
      [WITHDRAWN]: MAYBE_TIME,
      [LOADED]: FLAG,
      [TAKEN]: FLAG,
    };
    const selects = files.map(({ file, marked }) => {
      const path = pathOf(this.parts.files, file);
      const position = `coalesce(${POSITION}, ${file.position})::BIGINT`;
      return `SELECT ${sqlList(Object.keys(fields))}, ${EVENT}, ${AVAILABLE}, ${position} AS ${POSITION},
                     ${marked ? WITHDRAWN : "CAST(NULL AS TIMESTAMP)"} AS ${WITHDRAWN}, ${file.kind === "load"} AS ${LOADED}
              FROM ${sqlConformed([path], source.stream)} WHERE ${position} < ${this.parts.archived}`;
    });
    const same = [
      `h.${POSITION} = w.${TARGET}`,
      ...this.ids.map((id) => `h.${sqlIdentifier(id)} = w.${sqlIdentifier(id)}`),
    ];
    const sql = `SELECT h.*, w.${TARGET} IS NOT NULL AS ${TAKEN} FROM (${selects.join(" UNION ALL ")}) h
                 LEFT JOIN ${this.taken} w ON ${same.join(" AND ")} ORDER BY ${this.order("h")}, h.${POSITION}`;
    await this.enter(sql, types, (row) => {
      const of = source.content(row);
      if (row[WITHDRAWN] !== null || row[TAKEN] === true) return { ...unknown, past: [contentDigest(of.row)] };
      const [event, available] = [row[EVENT] as number, row[AVAILABLE] as number];
      const origin = row[LOADED] === true ? "load" : "stream";
      return { ...unknown, live: { position: Number(row[POSITION]), origin, event, available, ...of } };
    });
  }

  /** Where a load brought records that retractions waited for, as queries of ids and `__position`. */
  private async meetings(files: readonly OfflineFile[]): Promise<string[]> {
    const selects: string[] = [];
    for (const file of files) {
      if (file.kind !== "load") continue;
      const from = sqlParquet([pathOf(this.parts.files, file)]);
      if (!(await this.session.describe(`SELECT * FROM ${from}`)).some(({ name }) => name === WITHDRAWN)) continue;
      const position = `coalesce(${POSITION}, ${file.position})::BIGINT`;
      selects.push(
        `SELECT ${sqlList(this.ids)}, ${position} AS ${POSITION} FROM ${from}
         WHERE ${WITHDRAWN} IS NOT NULL AND ${position} < ${this.parts.archived}`,
      );
    }
    return selects;
  }

  /** A retraction waits no more once its record has come, from wherever. */
  private async remembered(withdrawals: Stream, met: readonly string[]): Promise<void> {
    const { name } = rememberedStream(withdrawals);
    const paths = (await this.parts.registry.files(name)).map((file) => pathOf(this.parts.files, file));
    if (paths.length === 0) return;
    const known = `SELECT * FROM ${sqlParquet(paths)} WHERE ${POSITION} < ${this.parts.archived}`;
    const ids = sqlList(this.ids);
    const came = [`SELECT ${ids}, ${POSITION} FROM (${known}) WHERE ${REMEMBERED.digest} IS NOT NULL`, ...met];
    const same = this.ids.map((id) => `k.${sqlIdentifier(id)} = m.${sqlIdentifier(id)}`);
    const sql = `SELECT k.* REPLACE (CASE WHEN m.last > k.${POSITION} THEN NULL ELSE k.${REMEMBERED.waiting} END AS ${REMEMBERED.waiting})
                 FROM (${known}) k
                 LEFT JOIN (SELECT ${ids}, max(${POSITION}) AS last FROM (${came.join(" UNION ALL ")}) GROUP BY ${ids}) m
                 ON ${same.join(" AND ")} ORDER BY ${this.order("k")}, k.${POSITION}`;
    const types: Fields = {
      ...this.source.fields,
      [REMEMBERED.waiting]: MAYBE_TIME,
      [REMEMBERED.digest]: { kind: "string", nullable: true },
    };
    await this.enter(sql, types, (row) => {
      const digest = row[REMEMBERED.digest] as string | null;
      return { live: null, past: digest === null ? [] : [digest], waiting: row[REMEMBERED.waiting] as number | null };
    });
  }

  private order(table: string): string {
    return this.source.order.map((id) => `${table}.${sqlIdentifier(id)}`).join(", ");
  }

  /** Adds to the index what a query tells of ids, whose rows come in the order of their ids. */
  private async enter(sql: string, types: Fields, identityIn: (row: Row) => Identity): Promise<void> {
    let held = new Map<string, { readonly key: Uint8Array; value: Identity }>();
    const commit = async (): Promise<void> => {
      const entries = [...held.values()];
      const known = this.isEmpty ? null : await this.identities.known(entries.map(({ key }) => key));
      await this.identities.enter(
        entries
          .map(({ key, value }, i) => [key, known === null ? value : together(known[i], value)] as const)
          .filter(([, { live, past, waiting }]) => live !== null || past.length > 0 || waiting !== null),
      );
      held = new Map();
    };
    let isFirst = true;
    for await (const batch of this.session.columns(sql, types))
      for (let i = 0; i < batch.rows; i++) {
        const row = rowAt(batch, i);
        const key = this.source.key(row);
        const text = keyText(key);
        const known = held.get(text);
        // Rows of one id are next to one another: what is committed before its next begins is whole.
        if (known === undefined && held.size >= INDEXED) await commit();
        if (known === undefined) held.set(text, { key, value: identityIn(row) });
        else known.value = together(known.value, identityIn(row));
        isFirst = false;
      }
    if (held.size > 0) await commit();
    if (!isFirst) this.isEmpty = false;
  }
}

/** How a file's rows are read. */
interface WrittenBy {
  readonly definition: SourceDefinition;
  /** Whether they tell of themselves what was withdrawn before they came. */
  readonly marked: boolean;
}

/** Whether rows of a file with columns of these kinds can be read as records of a definition, whatever it lacks. */
function holds({ fields, defaults = {} }: SourceDefinition, kinds: ReadonlyMap<string, Kind | null>): boolean {
  return Object.entries(fields).every(([name, type]) => {
    const kind = kinds.get(name);
    if (kind === undefined) return type.nullable || Object.hasOwn(defaults, name);
    return kind !== null && widens({ ...type, kind }, type);
  });
}

function pathOf(files: FileStore, { path }: OfflineFile): string {
  return files.path(`${HISTORY}/${path}`);
}

/** The note of the registry that says from the first archive on everything was kept that the index is made again of. */
const NOTE = "remembered";

/** Notes for a store of which nothing is archived yet that all that is remembered will be in Parquet with the log. */
export async function rememberFromNow(registry: RegistryStore): Promise<void> {
  if ((await registry.offlineState()).archived === 0 && (await registry.note(NOTE)) === null)
    await registry.setNote(NOTE, JSON.stringify({ format: 1 }));
}

/** Whether the index can be made again: not for a store that an earlier version has archived. */
export async function canRebuild(registry: RegistryStore): Promise<boolean> {
  return (await registry.note(NOTE)) !== null;
}

/** Removes the files of requests that need not be remembered any more. */
export async function dropExpiredRequests(
  { registry, files }: Pick<Parts, "registry" | "files">,
  sources: Iterable<SourceDefinition>,
  now: Timestamp,
): Promise<void> {
  for (const source of sources) {
    const of = await registry.files(requestsStream(source.name).name);
    const expired = of.filter(({ maxAvailable }) => expiryOf(source, maxAvailable) < now).map(({ path }) => path);
    if (expired.length === 0) continue;
    await registry.changeFiles({ add: [], remove: expired });
    for (const path of expired) await files.remove(`${HISTORY}/${path}`);
  }
}

const renamed = new WeakMap<SourceDefinition, SourceDefinition>();

function withId(was: SourceDefinition, { id }: SourceDefinition): SourceDefinition {
  let found = renamed.get(was);
  if (found === undefined) renamed.set(was, (found = { ...was, ...(id === undefined ? {} : { id }) }));
  return found;
}
