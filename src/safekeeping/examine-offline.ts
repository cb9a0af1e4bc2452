import { readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { digestOf } from "../adapters/folder/digested-copy.ts";
import { checksumOf } from "../adapters/folder/checksum.ts";
import { AsofError } from "../core/errors.ts";
import { checkInterrupted } from "../core/interruption.ts";
import { sqlString } from "../core/expression/sql-text.ts";
import { HISTORY, MODELS } from "../core/plan/folders.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import type { OfflineEngine, OfflineSession } from "../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../ports/registry-store.ts";
import { codeOf, filesBelow } from "./backup.ts";
import { FIX, type Findings, RESTORE } from "./findings.ts";

export interface OfflineExamination extends WorkOptions {
  readonly home: string;
  readonly registry: RegistryStore;
  readonly engine: OfflineEngine;
  /** Files of loads in the log that the registry does not list yet. */
  readonly loaded: ReadonlySet<string>;
  readonly isWritten: boolean;
}

/** Every listed file of history against the disk: there, as long, with the checksum and the rows that it was listed with. */
export async function examineOffline(
  { home, registry, engine, loaded, isWritten, signal, onProgress }: OfflineExamination,
  findings: Findings,
): Promise<{ files: number; rows: number; bytes: number }> {
  const files = await registry.files();
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const session = await engine.session(signal === undefined ? {} : { signal });
  let [done, rows] = [0, 0];
  try {
    for (const file of files) {
      checkInterrupted(signal);
      const why = await faultOf(home, file, session);
      // A writer may have merged it since the list was read.
      if (why !== null && !(isWritten && !(await isListed(registry, file))))
        findings.add({
          part: "offline",
          code: "ASOF_CORRUPT",
          what: `${file.path}: ${why}`,
          file: path.join(home, HISTORY, file.path),
          remedy: RESTORE,
        });
      done += file.bytes;
      rows += file.rows;
      onProgress?.({ phase: "offline store", done, total, unit: "bytes" });
    }
  } finally {
    await session.close();
  }
  // While another process writes, what is not listed may be on its way into the list, or out of it.
  if (!isWritten) {
    const known = new Set([...files.map((file) => file.path), ...loaded]);
    for (const file of await filesBelow(path.join(home, HISTORY), ""))
      if (!known.has(file)) orphan(path.join(home, HISTORY, file), "no load or archive refers to it", findings);
  }
  return { files: files.length, rows, bytes: total };
}

/** What is wrong with a file; null where nothing is. */
async function faultOf(home: string, file: OfflineFile, session: OfflineSession): Promise<string | null> {
  const where = path.join(home, HISTORY, file.path);
  try {
    const { size } = await stat(where);
    if (size !== file.bytes) return `it has ${size} bytes instead of ${file.bytes}`;
    if (file.checksum !== undefined && (await checksumOf(where)) !== file.checksum)
      return "its bytes are not those that were written: the checksum does not match";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "it is missing";
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  try {
    const rows = await rowsOf(where, file.checksum === undefined, session);
    return rows === file.rows ? null : `it has ${rows} rows instead of ${file.rows}`;
  } catch (error) {
    if (!(error instanceof AsofError) || error.code === "ASOF_INTERRUPTED") throw error;
    return `it is no Parquet that can be read: ${error.message}`;
  }
}

/** By the file's own account, or, `whole`, having read every value of it. */
async function rowsOf(file: string, whole: boolean, session: OfflineSession): Promise<number> {
  const fields = { n: { kind: "int64", nullable: false } } as const;
  const name = sqlString(file);
  const [{ n }] = await session.rows(
    whole
      ? `SELECT count(f) AS n FROM read_parquet(${name}, hive_partitioning = false) f WHERE hash(f) IS NOT NULL`
      : `SELECT num_rows AS n FROM parquet_file_metadata(${name})`,
    fields,
  );
  return Number(n);
}

async function isListed(registry: RegistryStore, { path: file, stream }: OfflineFile): Promise<boolean> {
  return (await registry.files(stream)).some((one) => one.path === file);
}

/** Every version of a model against its file. */
export async function examineModels(
  { home, registry, isWritten }: Pick<OfflineExamination, "home" | "registry" | "isWritten">,
  findings: Findings,
): Promise<{ versions: number; bytes: number }> {
  const models = await registry.models();
  const bySha = Map.groupBy(models, ({ sha256 }) => sha256);
  for (const [sha256, versions] of bySha) {
    const [{ model, bytes }] = versions;
    const file = path.join(home, MODELS, sha256);
    const digested = await digestOf(file).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    });
    if (digested?.sha256 === sha256 && digested.bytes === bytes) continue;
    const names = versions.map(({ version }) => version).join(", ");
    findings.add({
      part: "models",
      code: "ASOF_CORRUPT",
      what: `model ${model} version ${names}: ${digested === null ? "its file is missing" : "its file is not what was trained: the SHA-256 does not match"}`,
      file,
      remedy: `Run \`asof train ${model}\` and \`asof promote\`, or restore a backup.`,
    });
  }
  if (!isWritten)
    for (const file of await filesBelow(path.join(home, MODELS), ""))
      if (!bySha.has(file)) orphan(path.join(home, MODELS, file), "no version of a model refers to it", findings);
  return { versions: models.length, bytes: models.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function orphan(file: string, why: string, findings: Findings): void {
  findings.add(
    { part: "leftovers", code: "ASOF_CORRUPT", what: `${path.basename(file)}: ${why}`, file, remedy: FIX },
    () => rm(file, { force: true }),
  );
}

/** Folders in which nothing may be while nobody writes. */
export async function examineLeftovers(home: string, folders: readonly string[], findings: Findings): Promise<void> {
  for (const folder of folders) {
    const left = await filesBelow(path.join(home, folder), folder);
    if (left.length === 0) continue;
    findings.add(
      {
        part: "leftovers",
        code: "ASOF_CORRUPT",
        what: `${folder} holds ${left.length} files that a crash has left, such as ${left[0]}`,
        file: path.join(home, folder),
        remedy: FIX,
      },
      () => rm(path.join(home, folder), { recursive: true, force: true }),
    );
  }
}

/** @throws ASOF_HOME */
export async function mustBeStore(home: string): Promise<void> {
  try {
    await readFile(path.join(home, "registry.sqlite"), { flag: "r" });
  } catch (error) {
    throw new AsofError("ASOF_HOME", `there is no store in ${home}`, { path: home }, error);
  }
}
