import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { AsofError } from "../../core/errors.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import { duckDbError } from "./duckdb-error.ts";
import { DuckDbSession } from "./duckdb-session.ts";
import { ParquetWriter } from "./parquet-writer.ts";

export interface DuckDbOptions {
  /** What DuckDB may hold in memory before it spills to disk, such as "1GB" (the default). */
  readonly memoryLimit?: string;
  /** Threads it computes with; by default one a core. */
  readonly threads?: number;
  /** Where it spills to: into a folder of its own in this one, made when needed and removed by `close`. */
  readonly temporaryFolder: string;
}

const SETTINGS = [
  // Naive timestamps are UTC; only casts from and to zoned ones look at this.
  "SET GLOBAL TimeZone = 'UTC'",
  // A query is described and then run: its files' footers are read once.
  "SET GLOBAL parquet_metadata_cache = true",
];

/**
 * DuckDB in memory as the offline engine. It loads no extension from elsewhere and keeps nothing of its own.
 * @throws AsofError ASOF_CONFIG where a setting is not DuckDB's.
 */
export async function openDuckDb({
  memoryLimit = "1GB",
  threads,
  temporaryFolder,
}: DuckDbOptions): Promise<OfflineEngine> {
  const folder = join(resolve(temporaryFolder), `duckdb-${process.pid}-${randomUUID()}`);
  const writerFolder = `${folder}-writer`;
  await makeFolder(temporaryFolder);
  await removeLeft(temporaryFolder);
  const instance = await open(memoryLimit, threads, folder);
  const writer = new ParquetWriter({ memoryLimit, temporaryFolder: writerFolder });
  const sessions = new Set<OfflineSession>();
  let closing: Promise<void> | null = null;

  const close = async (): Promise<void> => {
    await Promise.all([...sessions].map((session) => session.close()));
    await writer.close();
    instance.closeSync();
    for (const left of [folder, writerFolder]) await rm(left, { recursive: true, force: true });
  };

  return {
    async session({ signal } = {}) {
      if (closing !== null) throw new AsofError("ASOF_CLOSED", "the offline engine is closed");
      const connection = await connect(instance);
      const session: OfflineSession = new DuckDbSession(connection, writer, signal, () => sessions.delete(session));
      sessions.add(session);
      return session;
    },
    close: () => (closing ??= close()),
  };
}

/** DuckDB makes its folder when it spills, but none above it. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AsofError("ASOF_HOME", `cannot make the temporary folder: ${reason}`, { path: folder }, cause);
  }
}

/** What processes that were killed have left of theirs. */
async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^duckdb-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && isGone(Number(pid))) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isGone(pid: number): boolean {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/** Streams are buffered further ahead than the megabyte DuckDB would: half the time of a fast query is spent on waiting. */
async function connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect();
  await connection.run("SET streaming_buffer_size = '16MB'");
  return connection;
}

async function open(memoryLimit: string, threads: number | undefined, folder: string): Promise<DuckDBInstance> {
  try {
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: memoryLimit,
      temp_directory: folder,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      ...(threads === undefined ? {} : { threads: String(threads) }),
    });
    const connection = await instance.connect();
    for (const setting of SETTINGS) await connection.run(setting);
    connection.closeSync();
    return instance;
  } catch (cause) {
    const { message } = duckDbError(cause);
    throw new AsofError(
      "ASOF_CONFIG",
      `DuckDB cannot be opened: ${message}`,
      { memoryLimit, threads: threads ?? null },
      cause,
    );
  }
}
