import type { SourceDefinition } from "../../core/definition/data.ts";
import type { KeyCarrier } from "../../core/definition/key-carriers.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { HISTORY } from "../../core/plan/folders.ts";
import { sqlParquet, sqlPath, sqlType, sqlValue } from "../../core/plan/sql.ts";
import type { EntityKeys } from "../../core/result/forget.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";

/** A key of an entity, and what carries it. */
export interface KeyToErase {
  readonly fields: Fields;
  readonly keys: EntityKeys;
  readonly carriers: readonly KeyCarrier[];
  /** Every definition that a source with an `id` has or ever had. */
  readonly identified: readonly SourceDefinition[];
}

/** Says in SQL which rows of files carry a key: of history, and of what loads have set aside. */
export class KeyFiles {
  private readonly registry: RegistryStore;
  private readonly files: FileStore;

  constructor(registry: RegistryStore, files: FileStore) {
    this.registry = registry;
    this.files = files;
  }

  pathOf({ path }: OfflineFile): string {
    return this.files.path(`${HISTORY}/${path}`);
  }

  /** Files of one stream, also where its fields have changed: what a file lacks is null. */
  relation(files: readonly OfflineFile[]): string {
    const paths = files.map((file) => sqlPath(this.pathOf(file))).join(", ");
    return `read_parquet([${paths}], hive_partitioning = false, union_by_name = true, filename = true)`;
  }

  /** A file of what a load has set aside. */
  rejects(file: string): string {
    return `read_csv([${sqlPath(this.files.path(file))}], header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false)`;
  }

  /** What is true for rows of such a file that carry the key. */
  async rejectsCondition(session: OfflineSession, key: KeyToErase, file: string): Promise<string> {
    const there = await columnsOf(session, this.rejects(file));
    // A rejects file is named after the run of its load; where that is not known, any source may have been loaded.
    const run = Number(/load-(\d+)\.csv$/.exec(file)?.[1] ?? Number.NaN);
    const source = (await this.registry.runs({ kind: "load" })).find(({ id }) => id === run)?.target;
    const carries = ({ matches }: KeyCarrier): boolean => source === undefined || matches(source);
    return anyOf(key, carries, there, (column, type) => `TRY_CAST(${column} AS ${type})`);
  }

  /** What is true for rows of a stream that carry the key. */
  condition(key: KeyToErase, stream: string, columns: readonly string[]): string {
    return anyOf(
      key,
      ({ matches }) => matches(stream),
      columns,
      (column) => column,
    );
  }

  async conditionIn(session: OfflineSession, key: KeyToErase, file: OfflineFile): Promise<string> {
    return this.condition(key, file.stream, await columnsOf(session, sqlParquet([this.pathOf(file)])));
  }
}

/** Where ids of records may hold the key: each source with one, and the key in its columns. */
export function identifying({ identified, carriers, keys }: KeyToErase): (readonly [SourceDefinition, Row])[] {
  return identified.flatMap((source) =>
    carriers
      .filter(({ kind, matches }) => kind === "source" && matches(source.name))
      .map(
        ({ columns }) =>
          [source, Object.fromEntries(Object.entries(columns).map(([name, column]) => [column, keys[name]]))] as const,
      ),
  );
}

export function byStream(files: readonly OfflineFile[]): Map<string, OfflineFile[]> {
  return Map.groupBy(files, ({ stream }) => stream);
}

export async function columnsOf(session: OfflineSession, relation: string): Promise<string[]> {
  return (await session.describe(`SELECT * FROM ${relation}`)).map(({ name }) => name);
}

/** Any of these carriers' columns hold the key, where all of them are there. */
function anyOf(
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
