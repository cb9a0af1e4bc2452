import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { KeyCarrier } from "../../core/definition/key-carriers.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { REJECTS } from "../../core/plan/folders.ts";
import type { EntityKeys } from "../../core/result/forget.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { ErasableIdentities } from "./erase-identities.ts";
import { findInLog } from "./find-in-log.ts";
import { byStream, columnsOf, identifying, KeyFiles, type KeyToErase } from "./key-files.ts";
import { holdsValues, RememberedFiles } from "./remembered-files.ts";

/** Where records of a key are, in history and in the log behind it. */
export interface FoundRecords {
  readonly files: readonly { readonly file: OfflineFile; readonly rows: number }[];
  readonly rejects: readonly { readonly file: string; readonly rows: number }[];
  /** By stream, with those that are in the log only. */
  readonly records: Readonly<Record<string, number>>;
  /** What else there is: ids that hold the key, and what the log has of withdrawals, of retractions, of requests. */
  readonly traces: number;
}

/** Finds what there is of a key: in history, in the log behind it, and in what is known of ids. */
export class KeyFinder {
  private readonly engine: OfflineEngine;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly log: EventLog;
  private readonly schemas: StreamSchemas;
  private readonly identities: Pick<ErasableIdentities, "ids" | "records">;
  private readonly keyFiles: KeyFiles;

  constructor(parts: {
    engine: OfflineEngine;
    registry: RegistryStore;
    files: FileStore;
    log: EventLog;
    schemas: StreamSchemas;
    identities: Pick<ErasableIdentities, "ids" | "records">;
  }) {
    this.engine = parts.engine;
    this.registry = parts.registry;
    this.files = parts.files;
    this.log = parts.log;
    this.schemas = parts.schemas;
    this.identities = parts.identities;
    this.keyFiles = new KeyFiles(parts.registry, parts.files);
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
    const remembered = new RememberedFiles(this.registry, (file) => this.keyFiles.pathOf(file));
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

  /** Columns of text that hold one of these strings, anywhere in history. */
  async mentions(texts: readonly string[]): Promise<{ stream: string; column: string; rows: number }[]> {
    const mentions: { stream: string; column: string; rows: number }[] = [];
    const session = await this.engine.session();
    try {
      for (const [stream, files] of byStream(await this.registry.files())) {
        const relation = this.keyFiles.relation(files);
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
          const relation = this.keyFiles.relation(files);
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
      const relation = this.keyFiles.relation(files);
      const columns = await columnsOf(session, relation);
      const counts = await session.rows(
        `SELECT filename AS file, count(*) AS n FROM ${relation} WHERE ${this.keyFiles.condition(key, stream, columns)} GROUP BY filename`,
        { file: { kind: "string", nullable: false }, n: COUNT },
      );
      const byPath = new Map(files.map((file) => [this.keyFiles.pathOf(file), file]));
      for (const { file, n } of counts) found.push({ file: byPath.get(file as string)!, rows: Number(n) });
    }
    return found;
  }

  /** Rejects files of loads of sources that carry the key. */
  private async findRejects(session: OfflineSession, key: KeyToErase): Promise<FoundRecords["rejects"][number][]> {
    const found: { file: string; rows: number }[] = [];
    for (const { file } of await this.files.list(REJECTS)) {
      const condition = await this.keyFiles.rejectsCondition(session, key, file);
      const relation = this.keyFiles.rejects(file);
      const [{ n }] = await session.rows(`SELECT count(*) AS n FROM ${relation} WHERE ${condition}`, { n: COUNT });
      if (n !== 0n) found.push({ file, rows: Number(n) });
    }
    return found;
  }
}

const COUNT = { kind: "int64", nullable: false } as const;
