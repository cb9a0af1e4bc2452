import { HISTORY } from "../../core/plan/folders.ts";
import { sqlList, sqlParquetWith } from "../../core/plan/sql.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { BulkWriter } from "./bulk-writer.ts";

export interface CompactOutcome {
  readonly merged: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

/** So many small files of one stream, kind and day are merged into one, where nothing else is said. */
const MANY = 8;
/** In bytes. A file as large as this stays as it is: what merging costs must not grow with the day. */
const LARGE = 64 * 2 ** 20;

/** Merges the small files that many small loads and archives leave behind. Rows, and what is visible, stay the same. */
export class Compactor {
  private readonly engine: OfflineEngine;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly bulk: BulkWriter;
  private readonly readers: () => Promise<void>;
  /** Merged files, and whether nobody of this process can still be reading them. */
  private replaced: { readonly path: string; free: boolean }[] = [];

  private readonly from: number;

  constructor(parts: {
    engine: OfflineEngine;
    registry: RegistryStore;
    files: FileStore;
    bulk: BulkWriter;
    /** Resolves once all who read history now are done. */
    readers: () => Promise<void>;
    /** So many files are merged. */
    from: number | null;
  }) {
    this.engine = parts.engine;
    this.registry = parts.registry;
    this.files = parts.files;
    this.bulk = parts.bulk;
    this.readers = parts.readers;
    this.from = parts.from ?? MANY;
  }

  /** What there is to merge: small files of one stream, kind and day. */
  async candidates(): Promise<OfflineFile[][]> {
    const groups = Map.groupBy(
      (await this.registry.files()).filter(({ bytes }) => bytes < LARGE),
      ({ path, kind }) => `${kind} ${path.slice(0, path.lastIndexOf("/"))}`,
    );
    return [...groups.values()].filter((group) => group.length >= this.from);
  }

  /** Merges the candidates; `id` names the new files. */
  async compact(id: string, candidates: readonly (readonly OfflineFile[])[]): Promise<CompactOutcome> {
    await this.clear();
    const outcome = { merged: 0, files: 0, rows: 0, bytes: 0 };
    const session = await this.engine.session();
    try {
      for (const [i, group] of candidates.entries()) {
        const added = await this.merge(session, `${id}-${i}`, group);
        await this.bulk.exclusively(() =>
          this.registry.changeFiles({ add: added, remove: group.map(({ path }) => path) }),
        );
        this.replace(group);
        outcome.merged += group.length;
        outcome.files += added.length;
        for (const { rows, bytes } of added) {
          outcome.rows += rows;
          outcome.bytes += bytes;
        }
      }
    } finally {
      await session.close();
    }
    return outcome;
  }

  /**
   * Removes merged files that nobody of this process reads any more. A reader lists files first and opens them as it
   * goes; another process has until the next merge, or until the store closes, to do so.
   */
  async clear(): Promise<void> {
    const gone = this.replaced.filter(({ free }) => free);
    this.replaced = this.replaced.filter((one) => !gone.includes(one));
    for (const { path } of gone) await this.files.remove(`${HISTORY}/${path}`);
  }

  private replace(group: readonly OfflineFile[]): void {
    const replaced = group.map(({ path }) => ({ path, free: false }));
    this.replaced.push(...replaced);
    void this.free(replaced);
  }

  private async free(replaced: { free: boolean }[]): Promise<void> {
    await this.readers();
    for (const one of replaced) one.free = true;
  }

  private async merge(session: OfflineSession, id: string, group: readonly OfflineFile[]): Promise<OfflineFile[]> {
    const [{ stream, kind }] = group;
    const paths = (files: readonly OfflineFile[]): string[] =>
      files.map(({ path }) => this.files.path(`${HISTORY}/${path}`));
    // Some loads of a source say what of them was withdrawn before they came, others need not.
    const described = await session.describe(`SELECT * FROM ${sqlParquetWith(paths(group), {})}`);
    const fields = described.map(({ name }) => name).filter((name) => ![EVENT, AVAILABLE, POSITION].includes(name));
    // Nor are all from after the fields of their source have changed: what one lacks is null.
    const all = `SELECT * FROM ${sqlParquetWith(paths(group), {})} LIMIT 0`;
    const relation = (files: readonly OfflineFile[]): string =>
      `(SELECT * FROM ${sqlParquetWith(paths(files), {})} UNION ALL BY NAME (${all}))`;
    // From here on the rows of a load carry its position themselves.
    const selects = [...Map.groupBy(group, ({ position }) => position)].map(
      ([position, files]) =>
        `SELECT ${sqlList(fields)}, ${EVENT}, ${AVAILABLE}, coalesce(${POSITION}, ${position}) AS ${POSITION} FROM ${relation(files)}`,
    );
    const placed = await this.bulk.place(session, { stream, id, fields, sql: selects.join(" UNION ALL ") });
    const position = Math.min(...group.map((file) => file.position));
    const end = Math.max(...group.map((file) => file.end));
    return placed.map((file) => ({ ...file, stream, kind, position, end }));
  }
}
