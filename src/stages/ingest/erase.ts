import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { defaultsOf } from "../../core/definition/defaults.ts";
import type { KeyCarrier } from "../../core/definition/key-carriers.ts";
import { TARGET, withdrawalStream } from "../../core/definition/stream.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { HISTORY, REJECTS, STAGING } from "../../core/plan/folders.ts";
import { sqlParquet, sqlPath, sqlType, sqlValue } from "../../core/plan/sql.ts";
import type { EntityKeys } from "../../core/result/forget.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { BulkWriter } from "./bulk-writer.ts";
import type { ErasableIdentities } from "./erase-identities.ts";
import { findInLog } from "./find-in-log.ts";
import { holdsValues, RememberedFiles, rememberedNoMore } from "./remembered-files.ts";

/** A key of an entity, and what carries it. */
export interface KeyToErase {
  readonly fields: Fields;
  readonly keys: EntityKeys;
  readonly carriers: readonly KeyCarrier[];
  /** Every definition that a source with an `id` has or ever had. */
  readonly identified: readonly SourceDefinition[];
}

/** Where records of a key are, in history and in the log behind it. */
export interface FoundRecords {
  readonly files: readonly { readonly file: OfflineFile; readonly rows: number }[];
  readonly rejects: readonly { readonly file: string; readonly rows: number }[];
  /** By stream, with those that are in the log only. */
  readonly records: Readonly<Record<string, number>>;
  /** What else there is: ids that hold the key, and what the log has of withdrawals, of retractions, of requests. */
  readonly traces: number;
}

/** Finds the records of a key in history, and writes the files that hold them anew without them. */
export class Eraser {
  private readonly engine: OfflineEngine;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly bulk: BulkWriter;
  private readonly log: EventLog;
  private readonly schemas: StreamSchemas;
  private readonly identities: ErasableIdentities;

  constructor(parts: {
    engine: OfflineEngine;
    registry: RegistryStore;
    files: FileStore;
    bulk: BulkWriter;
    log: EventLog;
    schemas: StreamSchemas;
    identities: ErasableIdentities;
  }) {
    this.engine = parts.engine;
    this.registry = parts.registry;
    this.files = parts.files;
    this.bulk = parts.bulk;
    this.log = parts.log;
    this.schemas = parts.schemas;
    this.identities = parts.identities;
  }

  /** Reads everything that may hold records of the key. */
  async find(key: KeyToErase): Promise<FoundRecords> {
    const session = await this.engine.session();
    try {
      const files = await this.findFiles(session, key);
      const records = new Map<string, number>();
      for (const { file, rows } of files) records.set(file.stream, (records.get(file.stream) ?? 0) + rows);
      const { archived } = await this.registry.offlineState();
      const inLog = await findInLog(this.log, this.schemas, key, { from: archived });
      for (const [stream, rows] of inLog.records) records.set(stream, (records.get(stream) ?? 0) + rows);
      let { traces } = inLog;
      for (const [source, values] of identifying(key)) traces += await this.identities.ids(source, values);
      return { files, rejects: await this.findRejects(session, key), records: Object.fromEntries(records), traces };
    } finally {
      await session.close();
    }
  }

  /**
   * Erases what was found in files; what is in the log must have been archived before. The list of files changes at
   * once; `id` names the new files. Resolves to how many files were written anew or removed.
   */
  async erase(key: KeyToErase, found: FoundRecords, id: string): Promise<number> {
    const staging = `${STAGING}/${id}`;
    const session = await this.engine.session();
    try {
      await this.files.makeFolder(staging);
      const withdrawn = await this.forgetIds(session, key, found);
      const changed = [
        ...(await Promise.all(
          found.files.map(async ({ file, rows }) => ({
            file,
            rows,
            where: await this.conditionIn(session, key, file),
          })),
        )),
        ...withdrawn,
      ];
      const added: { aside: string; to: OfflineFile }[] = [];
      for (const [i, { file, rows, where }] of changed.entries())
        if (rows < file.rows) {
          const aside = `${staging}/${i}.parquet`;
          const to = await this.without(session, file, where, aside, `${id}-${i}`);
          added.push({ aside, to: { ...to, checksum: await this.files.checksum(aside) } });
        }
      const sizes = new Map((await this.files.list(staging)).map(({ file, bytes }) => [file, bytes]));
      await this.files.move(added.map(({ aside, to }) => ({ from: aside, to: `${HISTORY}/${to.path}` })));
      const add = added.map(({ aside, to }) => ({ ...to, bytes: sizes.get(aside)! }));
      const removed = changed.map(({ file }) => file.path);
      await this.bulk.exclusively(() => this.registry.changeFiles({ add, remove: removed }));
      for (const path of removed) await this.files.remove(`${HISTORY}/${path}`);
      for (const [i, { file }] of found.rejects.entries()) {
        const aside = `${staging}/${i}.csv`;
        await session.run(
          `COPY (SELECT * FROM ${this.rejects(file)} WHERE (${await this.rejectsCondition(session, key, file)}) IS NOT TRUE)
           TO ${sqlString(this.files.path(aside))} (FORMAT csv, HEADER)`,
        );
        await this.files.move([{ from: aside, to: file }]);
      }
      return changed.length + found.rejects.length;
    } finally {
      await session.close();
      await this.files.remove(staging);
    }
  }

  /** Columns of text that hold one of these strings, anywhere in history. */
  async mentions(texts: readonly string[]): Promise<{ stream: string; column: string; rows: number }[]> {
    const mentions: { stream: string; column: string; rows: number }[] = [];
    const session = await this.engine.session();
    try {
      for (const [stream, files] of byStream(await this.registry.files())) {
        const relation = this.relation(files);
        const columns = (await session.describe(`SELECT * FROM ${relation}`)).filter(({ kind }) => kind === "string");
        if (columns.length === 0) continue;
        const counts = columns.map(
          ({ name }, i) =>
            `count(*) FILTER (WHERE ${sqlIdentifier(name)} IN (${texts.map(sqlString).join(", ")})) AS c${i}`,
        );
        const [row] = await session.rows(
          `SELECT ${counts.join(", ")} FROM ${relation}`,
          Object.fromEntries(columns.map((_, i) => [`c${i}`, COUNT])),
        );
        columns.forEach(({ name }, i) => {
          if (row[`c${i}`] !== 0n) mentions.push({ stream, column: name, rows: Number(row[`c${i}`]) });
        });
      }
      return mentions;
    } finally {
      await session.close();
    }
  }

  /** Every key that files of history hold, each once for every stream that carries it. */
  async *keysIn(carriers: readonly KeyCarrier[], fields: Fields): AsyncGenerator<EntityKeys> {
    const session = await this.engine.session();
    try {
      for (const [stream, files] of byStream(await this.registry.files()))
        for (const { matches, columns } of carriers) {
          if (!matches(stream)) continue;
          const relation = this.relation(files);
          const there = await columnsOf(session, relation);
          const names = Object.keys(fields);
          if (!names.every((name) => there.includes(columns[name]))) continue;
          const selected = names.map((name) => `${sqlIdentifier(columns[name])} AS ${sqlIdentifier(name)}`);
          const isThere = names.map((name) => `${sqlIdentifier(columns[name])} IS NOT NULL`);
          yield* await session.rows(
            `SELECT DISTINCT ${selected.join(", ")} FROM ${relation} WHERE ${isThere.join(" AND ")}`,
            fields,
          );
        }
    } finally {
      await session.close();
    }
  }

  private async findFiles(session: OfflineSession, key: KeyToErase): Promise<FoundRecords["files"][number][]> {
    const found: { file: OfflineFile; rows: number }[] = [];
    for (const [stream, files] of byStream(await this.registry.files())) {
      if (!key.carriers.some(({ matches }) => matches(stream))) continue;
      const relation = this.relation(files);
      const columns = await columnsOf(session, relation);
      const counts = await session.rows(
        `SELECT filename AS file, count(*) AS n FROM ${relation} WHERE ${this.condition(key, stream, columns)} GROUP BY filename`,
        { file: { kind: "string", nullable: false }, n: COUNT },
      );
      const byPath = new Map(files.map((file) => [this.pathOf(file), file]));
      for (const { file, n } of counts) found.push({ file: byPath.get(file as string)!, rows: Number(n) });
    }
    return found;
  }

  /** Whether the log still has something of the key that is not archived. */
  async isInLog(key: KeyToErase): Promise<boolean> {
    const { archived } = await this.registry.offlineState();
    const { records, traces } = await findInLog(this.log, this.schemas, key, { from: archived });
    return records.size + traces > 0;
  }

  /** What is left of the key beside the files: in the log, though it is archived, and in the index of identities. */
  async leftBesideFiles(key: KeyToErase): Promise<number> {
    const { archived } = await this.registry.offlineState();
    const { records, traces } = await findInLog(this.log, this.schemas, key, { until: archived });
    let left = [...records.values()].reduce((sum, rows) => sum + rows, traces);
    const remembered = new RememberedFiles(this.registry, (file) => this.pathOf(file));
    for (const [source, values] of identifying(key)) {
      left += await this.identities.records(source, values, archived);
      const where = holdsValues(source, values);
      if (where !== null) remembered.add(source, where);
    }
    const session = await this.engine.session();
    try {
      return (await remembered.find(session)).reduce((sum, { rows }) => sum + rows, left);
    } finally {
      await session.close();
    }
  }

  /** Rejects files of loads of sources that carry the key. */
  private async findRejects(session: OfflineSession, key: KeyToErase): Promise<FoundRecords["rejects"][number][]> {
    const found: { file: string; rows: number }[] = [];
    for (const { file } of await this.files.list(REJECTS)) {
      const condition = await this.rejectsCondition(session, key, file);
      const [{ n }] = await session.rows(`SELECT count(*) AS n FROM ${this.rejects(file)} WHERE ${condition}`, {
        n: COUNT,
      });
      if (n !== 0n) found.push({ file, rows: Number(n) });
    }
    return found;
  }

  private async rejectsCondition(session: OfflineSession, key: KeyToErase, file: string): Promise<string> {
    const there = await columnsOf(session, this.rejects(file));
    // A rejects file is named after the run of its load; where that is not known, any source may have been loaded.
    const run = Number(/load-(\d+)\.csv$/.exec(file)?.[1] ?? Number.NaN);
    const source = (await this.registry.runs({ kind: "load" })).find(({ id }) => id === run)?.target;
    const carries = ({ matches }: KeyCarrier): boolean => source === undefined || matches(source);
    return this.anyOf(key, carries, there, (column, type) => `TRY_CAST(${column} AS ${type})`);
  }

  /** What is true for rows of a stream that carry the key. */
  private condition(key: KeyToErase, stream: string, columns: readonly string[]): string {
    return this.anyOf(
      key,
      ({ matches }) => matches(stream),
      columns,
      (column) => column,
    );
  }

  private async conditionIn(session: OfflineSession, key: KeyToErase, file: OfflineFile): Promise<string> {
    return this.condition(key, file.stream, await columnsOf(session, sqlParquet([this.pathOf(file)])));
  }

  private anyOf(
    { fields, keys, carriers }: KeyToErase,
    of: (carrier: KeyCarrier) => boolean,
    there: readonly string[],
    read: (column: string, type: string) => string,
  ): string {
    const conditions = carriers
      .filter(of)
      .filter(({ columns }) => Object.values(columns).every((column) => there.includes(column)))
      .map(({ columns }) => {
        const same = Object.entries(keys).map(
          ([name, value]) =>
            `${read(sqlIdentifier(columns[name]), sqlType[fields[name].kind])} = ${sqlValue(fields[name], value)}`,
        );
        return `(${same.join(" AND ")})`;
      });
    return conditions.length === 0 ? "false" : conditions.join(" OR ");
  }

  /**
   * Erases what is known of the records by their ids: in indexes now, in the files of withdrawals with the others.
   * Before the files of the records themselves, so that after a crash the ids are found again.
   */
  private async forgetIds(
    session: OfflineSession,
    key: KeyToErase,
    { files }: FoundRecords,
  ): Promise<{ file: OfflineFile; rows: number; where: string }[]> {
    const changes = new Map<string, { file: OfflineFile; rows: number; where: string }>();
    const remembered = new RememberedFiles(this.registry, (file) => this.pathOf(file));
    const { archived } = await this.registry.offlineState();
    for (const [i, source] of key.identified.entries()) {
      const stream = withdrawalStream(source);
      const holding = files.filter(({ file }) => file.stream === source.name);
      if (source.id === undefined || stream === null || holding.length === 0) continue;
      const selects: string[] = [];
      for (const { file } of holding) {
        const columns = await columnsOf(session, sqlParquet([this.pathOf(file)]));
        // What this definition names by its id is in files of its time.
        if (!source.id.every((name) => columns.includes(name))) continue;
        const defaults = defaultsOf(source);
        const fields = Object.entries(source.fields).map(([name, type]) => {
          const column = sqlIdentifier(name);
          // What does not fit was not written by this definition.
          const value = columns.includes(name) ? `TRY_CAST(${column} AS ${sqlType[type.kind]})` : "NULL";
          const present = Object.hasOwn(defaults, name)
            ? `coalesce(${value}, ${sqlValue(type, defaults[name])})`
            : value;
          return `CAST(${present} AS ${sqlType[type.kind]}) AS ${column}`;
        });
        selects.push(
          `SELECT ${fields.join(", ")}, coalesce(${POSITION}, ${file.position}) AS ${TARGET}
           FROM ${sqlParquet([this.pathOf(file)])} WHERE ${this.condition(key, file.stream, columns)}`,
        );
      }
      if (selects.length === 0) continue;
      const table = sqlIdentifier(`asof_erased ${i}`);
      await session.run(`CREATE OR REPLACE TEMP TABLE ${table} AS ${selects.join(" UNION ALL ")}`);
      const present = Object.entries(source.fields).map(([name, type]) => [name, { ...type, nullable: true }] as const);
      const rows = await session.rows(`SELECT * FROM ${table}`, { ...Object.fromEntries(present), [TARGET]: COUNT });
      await this.identities.forgetRecords(
        source,
        rows.map(({ [TARGET]: position, ...row }) => ({ row, position: Number(position) })),
      );
      remembered.add(source, await rememberedNoMore(session, this.identities, source, rows, table));
      const same = [...source.id, TARGET].map((name) => `e.${sqlIdentifier(name)} = w.${sqlIdentifier(name)}`);
      const where = `EXISTS (SELECT 1 FROM ${table} e WHERE ${same.join(" AND ")})`;
      for (const file of await this.registry.files(stream.name)) {
        const columns = await columnsOf(session, sqlParquet([this.pathOf(file)]));
        if (!source.id.every((name) => columns.includes(name))) continue;
        const [{ n }] = await session.rows(
          `SELECT count(*) AS n FROM ${sqlParquet([this.pathOf(file)])} w WHERE ${where}`,
          { n: COUNT },
        );
        if (n === 0n) continue;
        // A file may be found by more than one definition, the rows of which are the same.
        if ((changes.get(file.path)?.rows ?? 0) < Number(n)) changes.set(file.path, { file, rows: Number(n), where });
      }
    }
    for (const [source, values] of identifying(key)) {
      await this.identities.forgetIds(source, values, archived);
      const where = holdsValues(source, values);
      if (where !== null) remembered.add(source, where);
    }
    return [...changes.values(), ...(await remembered.find(session))];
  }

  /** Writes a file anew, aside, without the rows of a condition; what else it holds stays as it is, in its order. */
  private async without(
    session: OfflineSession,
    file: OfflineFile,
    where: string,
    aside: string,
    name: string,
  ): Promise<OfflineFile> {
    const path = this.files.path(aside);
    await session.run(
      `COPY (SELECT * FROM ${sqlParquet([this.pathOf(file)])} w WHERE (${where}) IS NOT TRUE)
       TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const [{ n, e0, e1, a0, a1 }] = await session.rows(
      `SELECT count(*) AS n, min(${EVENT}) AS e0, max(${EVENT}) AS e1, min(${AVAILABLE}) AS a0, max(${AVAILABLE}) AS a1
       FROM ${sqlParquet([path])}`,
      statistics,
    );
    const folder = file.path.slice(0, file.path.lastIndexOf("/"));
    return {
      ...file,
      path: `${folder}/${name}.parquet`,
      rows: Number(n),
      minEvent: e0 as number,
      maxEvent: e1 as number,
      minAvailable: a0 as number,
      maxAvailable: a1 as number,
    };
  }

  private pathOf({ path }: OfflineFile): string {
    return this.files.path(`${HISTORY}/${path}`);
  }

  /** Files of one stream, also where its fields have changed: what a file lacks is null. */
  private relation(files: readonly OfflineFile[]): string {
    const paths = files.map((file) => sqlPath(this.pathOf(file))).join(", ");
    return `read_parquet([${paths}], hive_partitioning = false, union_by_name = true, filename = true)`;
  }

  private rejects(file: string): string {
    return `read_csv([${sqlPath(this.files.path(file))}], header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false)`;
  }
}

const COUNT = { kind: "int64", nullable: false } as const;
const TIME = { kind: "timestamp", nullable: false } as const;
const statistics = { n: COUNT, e0: TIME, e1: TIME, a0: TIME, a1: TIME };

/** Where ids of records may hold the key: each source with one, and the key in its columns. */
function identifying({ identified, carriers, keys }: KeyToErase): (readonly [SourceDefinition, Row])[] {
  return identified.flatMap((source) =>
    carriers
      .filter(({ kind, matches }) => kind === "source" && matches(source.name))
      .map(
        ({ columns }) =>
          [source, Object.fromEntries(Object.entries(columns).map(([name, column]) => [column, keys[name]]))] as const,
      ),
  );
}

function byStream(files: readonly OfflineFile[]): Map<string, OfflineFile[]> {
  return Map.groupBy(files, ({ stream }) => stream);
}

async function columnsOf(session: OfflineSession, relation: string): Promise<string[]> {
  return (await session.describe(`SELECT * FROM ${relation}`)).map(({ name }) => name);
}
