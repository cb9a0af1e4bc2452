import { defaultsOf } from "../../core/definition/defaults.ts";
import { TARGET, withdrawalStream } from "../../core/definition/stream.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { HISTORY, STAGING } from "../../core/plan/folders.ts";
import { sqlParquet, sqlType, sqlValue } from "../../core/plan/sql.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { BulkWriter } from "./bulk-writer.ts";
import type { ErasableIdentities } from "./erase-identities.ts";
import type { FoundRecords } from "./find-key.ts";
import { columnsOf, identifying, KeyFiles, type KeyToErase } from "./key-files.ts";
import { holdsValues, RememberedFiles, rememberedNoMore } from "./remembered-files.ts";

/** Writes the files of history that hold records of a key anew without them, and erases what is known of their ids. */
export class Eraser {
  private readonly engine: OfflineEngine;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly bulk: BulkWriter;
  private readonly identities: ErasableIdentities;
  private readonly keyFiles: KeyFiles;

  constructor(parts: {
    engine: OfflineEngine;
    registry: RegistryStore;
    files: FileStore;
    bulk: BulkWriter;
    identities: ErasableIdentities;
  }) {
    this.engine = parts.engine;
    this.registry = parts.registry;
    this.files = parts.files;
    this.bulk = parts.bulk;
    this.identities = parts.identities;
    this.keyFiles = new KeyFiles(parts.registry, parts.files);
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
            where: await this.keyFiles.conditionIn(session, key, file),
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
          `COPY (SELECT * FROM ${this.keyFiles.rejects(file)} WHERE (${await this.keyFiles.rejectsCondition(session, key, file)}) IS NOT TRUE)
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
    const remembered = new RememberedFiles(this.registry, (file) => this.keyFiles.pathOf(file));
    const { archived } = await this.registry.offlineState();
    for (const [i, source] of key.identified.entries()) {
      const stream = withdrawalStream(source);
      const holding = files.filter(({ file }) => file.stream === source.name);
      if (source.id === undefined || stream === null || holding.length === 0) continue;
      const selects: string[] = [];
      for (const { file } of holding) {
        const columns = await columnsOf(session, sqlParquet([this.keyFiles.pathOf(file)]));
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
           FROM ${sqlParquet([this.keyFiles.pathOf(file)])} WHERE ${this.keyFiles.condition(key, file.stream, columns)}`,
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
        const columns = await columnsOf(session, sqlParquet([this.keyFiles.pathOf(file)]));
        if (!source.id.every((name) => columns.includes(name))) continue;
        const [{ n }] = await session.rows(
          `SELECT count(*) AS n FROM ${sqlParquet([this.keyFiles.pathOf(file)])} w WHERE ${where}`,
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
      `COPY (SELECT * FROM ${sqlParquet([this.keyFiles.pathOf(file)])} w WHERE (${where}) IS NOT TRUE)
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
}

const COUNT = { kind: "int64", nullable: false } as const;
const TIME = { kind: "timestamp", nullable: false } as const;
const statistics = { n: COUNT, e0: TIME, e1: TIME, a0: TIME, a1: TIME };
