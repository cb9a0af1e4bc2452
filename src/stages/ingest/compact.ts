import { HISTORY } from "../../core/plan/folders.ts";
import { sqlList, sqlParquetWith } from "../../core/plan/sql.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { BulkWriter } from "./bulk-writer.ts";
import type { RetiredFiles } from "./retired-files.ts";

export interface CompactOutcome {
  readonly merged: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

/** So many small files of one stream, kind and day are merged into one, where nothing else is said. */
const MANY = 8;
/**
 * A file as large as this stays as it is: what merging costs must not grow with the day. Nor must the memory that it takes to
 * bring rows into order: a merge takes at most twice as much.
 */
const LARGE = { bytes: 64 * 2 ** 20, rows: 2_000_000 };

/** Merges the small files that many small loads and archives leave behind. Rows, and what is visible, stay the same. */
export class Compactor {
  private readonly engine: OfflineEngine;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly bulk: BulkWriter;
  private readonly retired: RetiredFiles;
  private readonly from: number;

  constructor(parts: {
    engine: OfflineEngine;
    registry: RegistryStore;
    files: FileStore;
    bulk: BulkWriter;
    retired: RetiredFiles;
    /** So many files are merged. */
    from: number | null;
  }) {
    this.engine = parts.engine;
    this.registry = parts.registry;
    this.files = parts.files;
    this.bulk = parts.bulk;
    this.retired = parts.retired;
    this.from = parts.from ?? MANY;
  }

  /** What there is to merge: small files of one stream, kind and day, as many as are merged at once. */
  async candidates(): Promise<OfflineFile[][]> {
    const groups = Map.groupBy(
      (await this.registry.files()).filter(({ bytes, rows }) => bytes < LARGE.bytes && rows < LARGE.rows),
      ({ path, kind }) => `${kind} ${path.slice(0, path.lastIndexOf("/"))}`,
    );
    return [...groups.values()].filter((group) => group.length >= this.from).flatMap(mergeable);
  }

  /** Merges the candidates; `id` names the new files. */
  async compact(id: string, candidates: readonly (readonly OfflineFile[])[]): Promise<CompactOutcome> {
    const outcome = { merged: 0, files: 0, rows: 0, bytes: 0 };
    const session = await this.engine.session();
    try {
      for (const [i, group] of candidates.entries()) {
        const added = await this.merge(session, `${id}-${i}`, group);
        await this.bulk.exclusively(() =>
          this.registry.changeFiles({ add: added, remove: group.map(({ path }) => path) }),
        );
        this.retired.add(group.map(({ path }) => path));
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

/** The files in portions, each for one merge. */
function mergeable(group: readonly OfflineFile[]): OfflineFile[][] {
  const portions: OfflineFile[][] = [];
  let held = { bytes: Infinity, rows: Infinity };
  for (const file of group) {
    held = { bytes: held.bytes + file.bytes, rows: held.rows + file.rows };
    if (held.bytes <= 2 * LARGE.bytes && held.rows <= 2 * LARGE.rows) portions.at(-1)!.push(file);
    else {
      portions.push([file]);
      held = file;
    }
  }
  return portions.filter((portion) => portion.length > 1);
}
