import path from "node:path";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { readFileLog } from "../../src/adapters/file-log/read-file-log.ts";
import { openFolder } from "../../src/adapters/folder/folder-store.ts";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import { StreamSchemas } from "../../src/core/codec/stream-schemas.ts";
import { sourceStream } from "../../src/core/definition/stream.ts";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import { type Configuration, doctor, open, type Store } from "../../src/index.ts";
import { OfflineStore } from "../../src/stages/offline/offline-store.ts";
import { SOURCES, users, visitAt } from "./definitions.ts";
import type { Sent } from "./writers.ts";

/** Records of a bulk load. */
export type Loaded = Pick<Sent, "source" | "at" | "first" | "last" | "acknowledged">;

export interface Checked {
  /** Records in the store. */
  records: number;
  /** Acknowledged, and not there. */
  lost: number;
  /** There more than once. */
  doubled: number;
  /** Requests and loads of which only a part is there. */
  torn: number;
  /** Sent, and of days that the store does not keep any longer. */
  dropped: number;
  /** Values compared between online and history, and those that were not the same. */
  compared: number;
  different: number;
  /** What `asof doctor` found: files nobody refers to, parts that do not fit together, damage. */
  readonly findings: string[];
  readonly problems: string[];
}

/** Opens the store again, and holds it against what was sent and acknowledged. */
export async function checkStore(
  configured: Configuration & { readonly home: string },
  batches: readonly Loaded[],
  isOnlyWritten: boolean,
): Promise<Checked> {
  const checked: Checked = {
    records: 0,
    lost: 0,
    doubled: 0,
    torn: 0,
    dropped: 0,
    compared: 0,
    different: 0,
    findings: [],
    problems: [],
  };
  const configuration = { ...configured, audit: false } as const;
  const store = await open(configuration, { whenLocked: "refuse" });
  try {
    await store.settled();
    const { empty } = await store.plan();
    // Nothing was loaded or computed: what is online must be right as it was left.
    if (empty && isOnlyWritten) await compareWithHistory(store, checked);
    if (!empty) await store.apply();
    await store.materialize();
    const counts = await countRecords(store, configured.home, batches, checked);
    const online = await compareWithHistory(store, checked);
    compareCounts(online, counts, checked);
    for (const { version, promoted } of await store.models("returns"))
      if (promoted) {
        const [{ version: served }] = await store.predict("returns", [{ user: users[0] }]);
        if (served !== version) checked.problems.push(`version ${served} serves, ${version} was promoted`);
      }
  } finally {
    await store.close();
  }
  const { findings } = await doctor(configuration);
  checked.findings.push(...findings.map(({ part, what }) => `${part}: ${what}`));
  return checked;
}

/** How often each record of a source is in history: in Parquet and in the log. Resolves to records by user and source. */
async function countRecords(
  store: Store,
  home: string,
  batches: readonly Loaded[],
  checked: Checked,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const log = await readFileLog(path.join(home, "log"));
  const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(home, "temporary") });
  try {
    const schemas = new StreamSchemas();
    schemas.restore(await registry.note("schemas"));
    const offline = new OfflineStore({ registry, files: await openFolder(home), log, schemas });
    for (const [name, source] of Object.entries(SOURCES)) {
      const session = await engine.session();
      await offline.attach(session, "history", sourceStream(source.definition), { cut: log.end, held: true });
      const seen = new Map<number, number>();
      for await (const { rows, columns } of session.columns("SELECT n FROM history", {
        n: { kind: "int32", nullable: false },
      }))
        for (let i = 0; i < rows; i++) {
          const n = (columns["n"].values as Float64Array)[i];
          seen.set(n, (seen.get(n) ?? 0) + 1);
        }
      await session.close();
      compareRecords(
        seen,
        batches.filter((batch) => batch.source === name),
        // Looked at afterwards: what is dropped meanwhile may be there or not.
        (await horizonsOf(store)).get(name) ?? -Infinity,
        checked,
      );
      for (const [n, times] of seen) {
        const key = `${name} ${users[n % 5]}`;
        counts.set(key, (counts.get(key) ?? 0) + times);
      }
    }
  } finally {
    await Promise.all([engine.close(), registry.close()]);
  }
  return counts;
}

/** From which event on each source is whole. */
async function horizonsOf(store: Store): Promise<Map<string, number | null>> {
  const { offline } = await store.status();
  return new Map(offline.sources.map(({ name, retention }) => [name, retention?.horizon ?? null]));
}

/** @param horizon what happened before it is no longer kept */
function compareRecords(
  seen: ReadonlyMap<number, number>,
  batches: readonly Loaded[],
  horizon: number,
  checked: Checked,
): void {
  let accounted = 0;
  for (const { source, at, first, last, acknowledged } of batches) {
    let [there, kept] = [0, 0];
    for (let n = first; n <= last; n++) {
      const times = seen.get(n) ?? 0;
      if (times > 1) checked.doubled++;
      if (times > 0) accounted++;
      if (source === "visits" && visitAt(n, at) < horizon) {
        checked.dropped++;
        continue;
      }
      kept++;
      if (times > 0) there++;
      if (times === 0 && acknowledged) checked.lost++;
    }
    if (!acknowledged && there > 0 && there < kept) {
      checked.torn++;
      checked.problems.push(`${source} ${first}–${last}: ${there} records are there`);
    }
  }
  checked.records += seen.size;
  if (accounted !== seen.size) checked.problems.push(`${seen.size - accounted} records are there that nobody sent`);
}

/** Compares what is served with what history gives for the same moment, value by value. */
async function compareWithHistory(store: Store, checked: Checked): Promise<FeatureAnswer[]> {
  const requests = users.map((user) => ({ user }));
  const online = await store.features("profile", requests);
  const offline = await store.features("profile", requests, { at: online[0].t });
  const compare = (what: string, served: unknown, recomputed: unknown): void => {
    checked.compared++;
    if (Object.is(served, recomputed)) return;
    checked.different++;
    checked.problems.push(`${what}: online ${String(served)}, offline ${String(recomputed)}`);
  };
  for (const [i, answer] of online.entries()) {
    const other = offline[i];
    for (const [name, value] of Object.entries(answer.values))
      compare(`${users[i]} ${name}`, value, (other.values as Record<string, unknown>)[name]);
    for (const [view, status] of Object.entries(answer.statuses))
      compare(`${users[i]} ${view}`, status, other.statuses[view]);
    for (const [view, at] of Object.entries(answer.eventTimes))
      compare(`${users[i]} ${view}`, at, other.eventTimes[view]);
  }
  return online;
}

/** What is in history counts online: each record once. */
function compareCounts(online: readonly FeatureAnswer[], counts: ReadonlyMap<string, number>, checked: Checked): void {
  for (const [i, { values }] of online.entries())
    for (const [source, name] of [
      ["clicks", "activity__clicks_lifetime"],
      ["orders", "buying__orders_lifetime"],
    ]) {
      const expected = counts.get(`${source} ${users[i]}`) ?? 0;
      checked.compared++;
      const found = (values as Record<string, unknown>)[name];
      if (found === expected) continue;
      checked.different++;
      checked.problems.push(`${users[i]}: ${String(found)} ${source} online, ${expected} in history`);
    }
}
