import { randomBytes } from "node:crypto";
import path from "node:path";
import { simulatedClock } from "./adapters/clock/simulated-clock.ts";
import { systemClock } from "./adapters/clock/system-clock.ts";
import { threadTime } from "./adapters/clock/thread-time.ts";
import { openDuckDb } from "./adapters/duckdb/open-duckdb.ts";
import { damagedLog } from "./adapters/file-log/damaged-log.ts";
import { openFileLog } from "./adapters/file-log/open-file-log.ts";
import { readFileLog } from "./adapters/file-log/read-file-log.ts";
import { openBeacon } from "./adapters/folder/file-beacon.ts";
import { fileState } from "./adapters/folder/file-state.ts";
import { makeOwned, openFolder } from "./adapters/folder/folder-store.ts";
import { openLmdb } from "./adapters/lmdb/open-lmdb.ts";
import { copyPostgresTable } from "./adapters/postgres/copy-table.ts";
import { openRedis } from "./adapters/redis/open-redis.ts";
import { slowedOnlineStore } from "./adapters/slowed/slowed-online-store.ts";
import { openSqliteRegistry } from "./adapters/sqlite/open-sqlite-registry.ts";
import { createCommandTrainer } from "./adapters/command/command-trainer.ts";
import { onnxFormat, onnxRuntime } from "./adapters/onnx/onnx-runtime.ts";
import { ydfRuntime } from "./adapters/ydf/ydf-runtime.ts";
import { sideThreads } from "./adapters/threads/side-thread.ts";
import { startTableThread } from "./adapters/threads/table-thread.ts";
import { createYdfTrainer } from "./adapters/ydf/ydf-trainer.ts";
import { bytesOf, type Configuration } from "./configuration.ts";
import { type Catalog, catalogOf } from "./core/definition/catalog.ts";
import { AsofError } from "./core/errors.ts";
import type { AddedLatency } from "./core/result/added-latency.ts";
import type { Keys } from "./core/result/access.ts";
import { parseDuration } from "./core/time/duration.ts";
import { parseTimestamp } from "./core/time/timestamp.ts";
import type { Beacon } from "./ports/beacon.ts";
import type { Clock } from "./ports/clock.ts";
import type { EventLog, LogReader } from "./ports/event-log.ts";
import type { OfflineEngine } from "./ports/offline-engine.ts";
import type { OnlineStore } from "./ports/online-store.ts";
import type { RegistryStore } from "./ports/registry-store.ts";
import type { WriterLink } from "./ports/writer-link.ts";
import type { StorePlace } from "./stages/ingest/archive-messages.ts";
import { createStore, KeyRing, type LinkedStore, timeOfDay } from "./store.ts";
import type { AuditSettings, StoreParts } from "./store/store-parts.ts";

/** The registry's note of the home's name in an online store elsewhere. */
const OWNER = "online-owner";

const FOLD_WORKER = workerModule("fold-worker");
const ARCHIVE_WORKER = workerModule("archive-worker");

/** For a clock that is not the configuration's. */
export { threadTime };

export interface OpenOptions {
  /**
   * What to do where another process writes to the store: open it for reading, or refuse. A store that is open for
   * reading answers, plans, builds training sets and trains; what has to be written is ASOF_HOME_LOCKED.
   */
  readonly whenLocked?: "read" | "refuse";
  /**
   * Is told where the log is damaged, and the store is then opened for reading: it serves what is online, as of the
   * moment that had come to; what would have to be written, or read from the log, is ASOF_CORRUPT and names the damage.
   * Default: opening is refused.
   */
  readonly onDamage?: (damage: AsofError) => void;
  /**
   * Opens the store for reading also where nobody writes to it, and leaves no trace in it: no runs are recorded, and what
   * does not fit into memory goes into this folder.
   */
  readonly readOnly?: { readonly temporaryFolder: string };
  /** The process that writes, where this one, opened for reading only, is to predict beside it. */
  readonly link?: WriterLink;
  /** The clock, where it is not the configuration's. */
  readonly clock?: Clock;
  /** The versions of what request-time functions run on. Default: those of this process. */
  readonly versions?: Readonly<Record<string, string>>;
  /** What the online store takes longer, to show what waits for it. */
  readonly addedLatency?: AddedLatency;
  /** Records in the log from which on they are moved into Parquet. Default: 250,000, and 20,000 at closing. */
  readonly archiveFrom?: number;
  /** Records that may be accepted and not yet folded into the online store before who brings more waits. Default: 500,000. */
  readonly aheadOfFold?: number;
  /** Files of one stream, kind and day from which on they are merged. */
  readonly compactFrom?: number;
  /**
   * Records that are folded into the online store before a thread is started that goes on with it, and records in the log
   * for which one is that moves them into Parquet where nobody waits. Default: 10,000, and 100,000; there are no such
   * threads where the configuration allows but one.
   */
  readonly threadsFrom?: number;
}

/** The API keys of a store, of which nothing else is opened: whatever else uses it, and whether or not it is served. */
export async function openKeys(
  configuration: Configuration,
): Promise<{ readonly keys: Keys; readonly close: () => Promise<void> }> {
  const home = path.resolve(configuration.home ?? ".asof");
  await makeOwned(home);
  const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  const catalog = catalogIn(configuration);
  return { keys: new KeyRing({ registry, catalog, randomBytes, now: timeOfDay }), close: () => registry.close() };
}

/** An engine of the kind that stores have, without a store: for files of rows and for queries over them. */
export function openEngine(temporaryFolder: string): Promise<OfflineEngine> {
  return openDuckDb({ memoryLimit: "512MB", temporaryFolder, threads: 1 });
}

/**
 * Opens the store of a configuration in this process: DuckDB over Parquet as the offline store, LMDB or Redis as the
 * online store, a log of files, SQLite as the registry, YDF for models.
 * @throws ASOF_CONFIG, ASOF_DEFINITION, ASOF_HOME, ASOF_HOME_LOCKED, ASOF_FORMAT, ASOF_CORRUPT; where the
 * online store is in Redis, ASOF_ONLINE_UNAVAILABLE, ASOF_ONLINE_TAKEN
 */
export async function open(configuration: Configuration, options: OpenOptions = {}): Promise<LinkedStore> {
  const { memory, threads } = configuration;
  const home = path.resolve(configuration.home ?? ".asof");
  const catalog = catalogIn(configuration);
  const files = await openFolder(home);
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.push(part);
    return part;
  };
  try {
    const { log, writing, refresh } = await openLog(path.join(home, "log"), options, keep);
    const isWriter = !(writing instanceof AsofError);
    const registry = keep(await openSqliteRegistry(path.join(home, "registry.sqlite")));
    const beacon = keep(openBeacon(path.join(home, "beacon")));
    const { online, index } = slowedBy(
      options.addedLatency,
      await openOnline(configuration, home, registry, isWriter, keep),
    );
    const memoryLimit = memory ?? "1GB";
    const temporaryFolder = options.readOnly?.temporaryFolder ?? path.join(home, "temporary");
    const engine = keep(
      await openDuckDb({
        memoryLimit,
        temporaryFolder,
        ...(threads === undefined ? {} : { threads }),
      }),
    );
    return await createStore({
      home,
      catalog,
      clock: options.clock ?? clockOf(configuration, log, beacon),
      registry,
      engine,
      startThread: threads === 1 ? null : startTableThread,
      foldThread: foldThreadOf(configuration, home, options),
      archiveThread: archiveThreadOf(configuration, { home, temporaryFolder, memoryLimit }, options),
      online,
      index,
      files,
      log,
      writing,
      beacon,
      link: options.link ?? null,
      refresh,
      randomBytes,
      trainers: [
        createYdfTrainer("gradientBoostedTrees"),
        createYdfTrainer("randomForest"),
        createCommandTrainer({ engine, folder: temporaryFolder, format: onnxFormat }),
      ],
      runtimes: [ydfRuntime, onnxRuntime],
      versions: options.versions ?? { V8: process.versions.v8, ...icuVersions() },
      archiveFrom: options.archiveFrom ?? null,
      aheadOfFold: options.aheadOfFold ?? null,
      queueBytes: configuration.queue === undefined ? undefined : bytesOf(configuration.queue),
      compactFrom: options.compactFrom ?? null,
      audit: auditOf(configuration),
      servedRetention: configuration.served === undefined ? null : parseDuration(configuration.served.retention),
      fileState,
      copyTable: copyPostgresTable,
      recordsRuns: options.readOnly === undefined,
    });
  } catch (error) {
    for (const part of opened.reverse()) await part.close().catch(() => {});
    throw error;
  }
}

function workerModule(name: string): URL {
  return new URL(`./${name}.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
}

function catalogIn({ definitions }: Configuration): Catalog {
  const modules = (Array.isArray(definitions) ? definitions : [definitions]) as readonly Readonly<
    Record<string, unknown>
  >[];
  return catalogOf(modules.flatMap((module) => Object.values(module)));
}

/** A build of Node may have neither. */
function icuVersions(): Record<string, string> {
  const { icu, tz } = process.versions as { readonly icu?: string; readonly tz?: string };
  return { ...(icu === undefined ? {} : { ICU: icu }), ...(tz === undefined ? {} : { tzdata: tz }) };
}

/**
 * The online store, and the index of identities: one LMDB for both, unless the online store is elsewhere. Then the
 * home has a name, so that two of them do not take one another's place there.
 */
async function openOnline(
  { online = "lmdb" }: Configuration,
  home: string,
  registry: RegistryStore,
  isWriter: boolean,
  keep: (store: OnlineStore) => OnlineStore,
): Promise<Stores> {
  const openAtHome = async (): Promise<OnlineStore> =>
    keep(await openLmdb(onlineFolder(home), { readOnly: !isWriter, onlyWriter: isWriter }));
  if (online === "lmdb") {
    const both = await openAtHome();
    return { online: both, index: both };
  }
  let owner = await registry.note(OWNER);
  if (owner === null) {
    if (!isWriter) throw new AsofError("ASOF_HOME", `${home} has no online store yet`, { path: home });
    owner = randomBytes(8).toString("hex");
    await registry.setNote(OWNER, owner);
  }
  const store = keep(await openRedis(online.redis, { owner, readOnly: !isWriter }));
  // Only who writes decides about ids.
  return { online: store, index: isWriter ? await openAtHome() : store };
}

/** It opens the online store where that is at home, and nothing is to slow it down. */
function foldThreadOf(
  { threads, online = "lmdb" }: Configuration,
  home: string,
  { threadsFrom: from, addedLatency }: OpenOptions,
): StoreParts["foldThread"] {
  if (threads === 1 && from === undefined) return null;
  const folder = online === "lmdb" && addedLatency === undefined ? onlineFolder(home) : undefined;
  return { start: sideThreads("asof fold", FOLD_WORKER), from, folder };
}

function archiveThreadOf(
  { threads }: Configuration,
  store: StorePlace,
  { threadsFrom: from }: OpenOptions,
): StoreParts["archiveThread"] {
  if (threads === 1 && from === undefined) return null;
  return { start: sideThreads("asof archive", ARCHIVE_WORKER), store, from };
}

function onlineFolder(home: string): string {
  return path.join(home, "online");
}

/** Where one store is both, it stays one: a store beside it would be taken for what an earlier place left behind. */
function slowedBy(added: AddedLatency | undefined, { online, index }: Stores): Stores {
  if (added === undefined) return { online, index };
  const slowed = slowedOnlineStore(online, added);
  return { online: slowed, index: index === online ? slowed : index };
}

type Stores = Pick<StoreParts, "online" | "index">;

interface OpenedLog {
  readonly log: LogReader;
  readonly writing: EventLog | AsofError;
  readonly refresh: () => Promise<unknown>;
}

async function openLog(
  folder: string,
  { whenLocked, onDamage, readOnly }: OpenOptions,
  keep: (log: EventLog) => EventLog,
): Promise<OpenedLog> {
  const read = async (why: AsofError): Promise<OpenedLog> => {
    try {
      const log = await readFileLog(folder);
      return { log, writing: why, refresh: () => log.refresh() };
    } catch (error) {
      if (onDamage === undefined || !isDamage(error)) throw error;
      onDamage(error);
      return { log: await damagedLog(folder, error), writing: error, refresh: () => Promise.resolve() };
    }
  };
  if (readOnly !== undefined) return read(new AsofError("ASOF_HOME_LOCKED", "the store is open for reading only"));
  try {
    const log = keep(await openFileLog(folder));
    return { log, writing: log, refresh: () => Promise.resolve() };
  } catch (error) {
    if (onDamage !== undefined && isDamage(error)) return read(error);
    if (!(error instanceof AsofError) || error.code !== "ASOF_HOME_LOCKED" || whenLocked === "refuse") throw error;
    return read(error);
  }
}

function isDamage(error: unknown): error is AsofError {
  return error instanceof AsofError && error.code === "ASOF_CORRUPT";
}

function auditOf({ audit = {} }: Configuration): AuditSettings {
  const { sample = 0.01, every = "1m" } = audit === false ? {} : audit;
  return { on: audit !== false && sample > 0, sample, every: parseDuration(every) };
}

/** A simulated clock goes on where log and beacon say it has been. */
function clockOf({ clock = "system" }: Configuration, log: LogReader, beacon: Beacon): Clock {
  if (clock === "system") return systemClock();
  return simulatedClock(Math.max(parseTimestamp(clock.simulated), log.lastStamp, beacon.look()?.t ?? -Infinity));
}
