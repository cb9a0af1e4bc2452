import { idFields } from "../../core/codec/retractions.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { REMEMBERED, rememberedStream, withdrawalStream } from "../../core/definition/stream.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { sqlParquet, sqlValue } from "../../core/plan/sql.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { ErasableIdentities } from "./erase-identities.ts";

/** Gathers what is to be found in the files of what is remembered of ids, as conditions on their rows, `w`. */
export class RememberedFiles {
  private readonly registry: RegistryStore;
  private readonly pathOf: (file: OfflineFile) => string;
  private readonly conditions = new Map<string, { readonly id: readonly string[]; readonly where: string }[]>();

  constructor(registry: RegistryStore, pathOf: (file: OfflineFile) => string) {
    this.registry = registry;
    this.pathOf = pathOf;
  }

  add(source: SourceDefinition, where: string): void {
    const withdrawals = withdrawalStream(source);
    if (withdrawals === null) return;
    const { name } = rememberedStream(withdrawals);
    this.conditions.set(name, [...(this.conditions.get(name) ?? []), { id: source.id!, where }]);
  }

  /** The files that have such rows, with how many, and what is true for these. */
  async find(session: OfflineSession): Promise<{ file: OfflineFile; rows: number; where: string }[]> {
    const found: { file: OfflineFile; rows: number; where: string }[] = [];
    for (const [stream, conditions] of this.conditions)
      for (const file of await this.registry.files(stream)) {
        const from = sqlParquet([this.pathOf(file)]);
        const columns = (await session.describe(`SELECT * FROM ${from}`)).map(({ name }) => name);
        // What a definition names by its id is in files of its time.
        const fitting = conditions.filter(({ id }) => id.every((name) => columns.includes(name)));
        if (fitting.length === 0) continue;
        const where = fitting.map((one) => `(${one.where})`).join(" OR ");
        const [{ n }] = await session.rows(`SELECT count(*) AS n FROM ${from} w WHERE ${where}`, {
          n: { kind: "int64", nullable: false },
        });
        if (n !== 0n) found.push({ file, rows: Number(n), where });
      }
    return found;
  }
}

/** What is true for rows whose ids hold these values; null where ids of the source do not hold all of them. */
export function holdsValues({ id = [], fields }: SourceDefinition, values: Row): string | null {
  const names = Object.keys(values);
  if (!names.every((name) => id.includes(name))) return null;
  return names.map((name) => `w.${sqlIdentifier(name)} = ${sqlValue(fields[name], values[name])}`).join(" AND ");
}

/**
 * What is true for rows of what is remembered of ids that the index does not know any more: it is asked after it has
 * forgotten records. These are in the table `erased`, and given as `rows`.
 */
export async function rememberedNoMore(
  session: OfflineSession,
  identities: ErasableIdentities,
  source: SourceDefinition,
  rows: readonly Row[],
  erased: string,
): Promise<string> {
  const id = source.id!;
  const fields: Fields = {
    ...idFields(source.fields, id),
    [REMEMBERED.digest]: { kind: "string", nullable: true },
  };
  const known = (await identities.known(source, rows)).flatMap(({ row, identity: { past, waiting } }) =>
    [...past, ...(waiting === null ? [] : [null])].map((digest): Row => ({ ...row, [REMEMBERED.digest]: digest })),
  );
  // Named after what is erased: tables of several definitions are there at once.
  const table = sqlIdentifier(`asof_known ${erased}`);
  await session.run(`DROP TABLE IF EXISTS ${table}`);
  await session.table(`asof_known ${erased}`, fields, [columnsOfRows(fields, known)]);
  const same = (as: string): string[] => id.map((name) => `${as}.${sqlIdentifier(name)} = w.${sqlIdentifier(name)}`);
  const isKnown = [...same("k"), `k.${REMEMBERED.digest} IS NOT DISTINCT FROM w.${REMEMBERED.digest}`];
  return `EXISTS (SELECT 1 FROM ${erased} e WHERE ${same("e").join(" AND ")})
          AND NOT EXISTS (SELECT 1 FROM ${table} k WHERE ${isKnown.join(" AND ")})`;
}
