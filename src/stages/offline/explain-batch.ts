import { type BatchRow, compareVersions, isAlive } from "../../core/codec/batch-rows.ts";
import { objectOf } from "../../core/codec/shape.ts";
import { parseStored } from "../../core/codec/stored-json.ts";
import type { FeatureValue } from "../../core/aggregation/aggregation.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { BatchUse } from "../../core/plan/service-plan.ts";
import { sqlValue } from "../../core/plan/sql.ts";
import type { BatchExplanation, VersionExplanation } from "../../core/result/explanation.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns } from "../../core/schema/system-columns.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import type { ExplainRequest } from "./explain-aggregate.ts";
import type { OfflineStore } from "./offline-store.ts";

/** What history has to tell of a batch view's feature. */
export type BatchAccount = Pick<BatchExplanation, "sql" | "ttl" | "read" | "expires" | "others" | "more" | "value">;

/** Versions that are listed beside the one that was read. */
const OTHERS = 10;

const foundBy = (details: string): { readonly position?: number; readonly backfill?: boolean } =>
  parseStored(details === "" ? "{}" : details, "what a computation found", objectOf({})) as ReturnType<typeof foundBy>;

/** Reads every version of a key's row, and says which counts and why the others do not. */
export async function explainBatch(
  engine: OfflineEngine,
  store: OfflineStore,
  registry: RegistryStore,
  { view, stream, keys: keyTypes, features }: BatchUse,
  { feature, keys, t, hindsight, cut, loads }: ExplainRequest,
): Promise<BatchAccount> {
  const rows: BatchRow[] = [];
  const key = Object.entries(keyTypes).map(([name, type]) => [name, type, keys[name]] as const);
  const session = await engine.session();
  try {
    await store.attach(session, "asof_explained", stream, { cut, loadsUntil: loads });
    const conditions = key.map(([name, type, value]) => `${sqlIdentifier(name)} = ${sqlValue(type, value)}`);
    const read: Fields = {
      [feature]: { ...features[feature], nullable: true },
      ...systemColumns,
      [POSITION]: { kind: "int64", nullable: false },
    };
    if (key.every(([, , value]) => value !== null))
      for (const row of await session.rows(
        `SELECT ${[sqlIdentifier(feature), EVENT, AVAILABLE, POSITION].join(", ")} FROM asof_explained
         WHERE ${conditions.join(" AND ")}`,
        read,
      ))
        rows.push({
          event: row[EVENT] as number,
          available: row[AVAILABLE] as number,
          entry: Number(row[POSITION]),
          features: row,
        });
  } finally {
    await session.close();
  }
  rows.sort((a, b) => compareVersions(b, a));
  const isThere = ({ event, available }: BatchRow): boolean =>
    hindsight === undefined ? available <= t : event <= t && available <= hindsight;
  const counts = rows.find(isThere) ?? null;
  const alive = counts !== null && isAlive(counts.event, t, view.ttl);
  const runs = new Map((await registry.runs({ kind: "compute", target: view.name })).map((run) => [run.id, run]));
  const files = await registry.files(stream.name);
  const runOf = ({ entry }: BatchRow): VersionExplanation["run"] => {
    const file = files.find(({ position, end }) => position === entry && end === position + 1);
    const named = /\/compute-(\d+)-\d+\.parquet$/.exec(file?.path ?? "");
    const run =
      [...runs.values()].find(({ details }) => foundBy(details).position === entry) ??
      (named === null ? undefined : runs.get(Number(named[1])));
    if (run === undefined) return null;
    const { backfill } = foundBy(run.details);
    return { id: run.id, startedAt: run.startedAt, backfill: backfill === true };
  };
  const stateOf = (row: BatchRow): VersionExplanation["state"] => {
    if (row === counts) return alive ? "read" : "expired";
    if (isThere(row)) return "superseded";
    return row.event > t ? "of a later time" : "not yet available";
  };
  const explained = (row: BatchRow): VersionExplanation => ({
    event: row.event,
    available: row.available,
    entry: row.entry,
    value: row.features[feature],
    state: stateOf(row),
    run: runOf(row),
  });
  // Nearest to the moment first: those that might have been read instead.
  const others = rows
    .filter((row) => row !== counts)
    .sort((a, b) => Math.abs(a.event - t) - Math.abs(b.event - t) || compareVersions(b, a));
  const value: FeatureValue = alive ? counts.features[feature] : null;
  return {
    sql: view.sql,
    ttl: view.ttl,
    read: counts === null ? null : explained(counts),
    expires: counts === null || view.ttl === null ? null : counts.event + view.ttl,
    others: others.slice(0, OTHERS).map(explained),
    more: Math.max(0, others.length - OTHERS),
    value,
  };
}
